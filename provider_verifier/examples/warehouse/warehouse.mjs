// The participant `warehouse` of the starting saga `sale`, with nothing but Node: see warehouse.py for the same in Python.
import { createServer } from "node:http";

const stock = new Map(); // sku -> pieces
const reservations = new Map(); // step key -> { state, body }; a service that may crash keeps both in a database

const sameBody = (one, other) => JSON.stringify(one) === JSON.stringify(other);
const keep = (key, state, body) => reservations.set(key, { state, body });

function reserve(key, body) {
  const known = reservations.get(key);
  if (known?.state === "reserved")
    return sameBody(known.body, body) ? [200, { state: "reserved" }] : [422, { error: "key_reused" }];
  if (known?.state === "released") return [410, { error: "released" }];
  const pieces = stock.get(body.sku) ?? 0;
  if (known?.state === "refused" || pieces < body.pieces) {
    keep(key, "refused", body);
    return [409, { error: "out_of_stock" }];
  }
  stock.set(body.sku, pieces - body.pieces);
  keep(key, "reserved", body);
  return [201, { state: "reserved" }];
}

function release(key) {
  const known = reservations.get(key);
  if (known?.state === "reserved") stock.set(known.body.sku, stock.get(known.body.sku) + known.body.pieces);
  keep(key, "released", known?.body); // also where nothing was done: a forward call that comes later must do nothing
  return [200, { state: "released" }];
}

function status(key) {
  const known = reservations.get(key);
  return known ? [200, { state: known.state }] : [404, {}];
}

function stateChange({ state, params, action }) {
  if (state === "pieces are in stock" && action !== "teardown") stock.set(params.sku, params.pieces);
  return [200, {}];
}

function reply(call, body) {
  const key = call.headers["idempotency-key"] ?? "";
  switch (`${call.method} ${call.url}`) {
    case "GET /health": return [200, {}];
    case "POST /_states": return stateChange(body); // for the verifier only, never in production
    case "POST /reservations": return reserve(key, body);
    case "POST /reservations/release": return release(key);
    case "GET /reservations/status": return status(key);
    default: return [404, {}];
  }
}

createServer(async (call, answer) => {
  let text = "";
  for await (const part of call) text += part;
  const [code, body] = reply(call, text ? JSON.parse(text) : {});
  for (const name of ["saga-id", "saga-step"]) if (call.headers[name]) answer.setHeader(name, call.headers[name]);
  answer.writeHead(code, { "Content-Type": "application/json" }).end(JSON.stringify(body));
}).listen(Number(process.env.PORT), "127.0.0.1");
