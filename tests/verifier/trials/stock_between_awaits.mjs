// The small participant in Node: one thread, but who awaits something between looking and writing is overtaken there.
// `node stock_between_awaits.mjs PORT [right]`: the right one lets calls of one key wait for each other.
import { createServer } from "node:http";

const [port, how] = process.argv.slice(2);
const left = {};
const rows = {};
const queues = {};
const somebodyElse = () => new Promise((resolve) => setTimeout(resolve, 2)); // a database, another service

async function take(key, { item, amount }) {
  const row = rows[key];
  await somebodyElse();
  if (row?.state === "back") return [409, { error: "back" }];
  if (row && (row.item !== item || row.amount !== amount)) return [422, { error: "misused" }];
  if (row?.state === "refused") return [422, { error: "sold_out" }];
  if (row) return [200, { state: "taken", ticket: row.ticket }];
  const enough = (left[item] ?? 0) >= amount;
  if (enough) left[item] -= amount;
  rows[key] = { state: enough ? "taken" : "refused", item, amount, ticket: `t-${Math.random()}` };
  return enough ? [201, { state: "taken", ticket: rows[key].ticket }] : [422, { error: "sold_out" }];
}

async function back(key) {
  const row = rows[key];
  await somebodyElse();
  if (row?.state === "taken") left[row.item] += row.amount;
  rows[key] = { ...row, state: "back" };
  return [200, {}];
}

function inTurn(key, call) {
  if (how !== "right") return call();
  queues[key] = (queues[key] ?? Promise.resolve()).then(call);
  return queues[key];
}

async function answer({ method, url, headers }, body) {
  if (url === "/_states") {
    left[body.params.item] = body.params.left;
    return [200, {}];
  }
  if (method === "POST" && url === "/take") return inTurn(headers.key, () => take(headers.key, body));
  if (method === "POST" && url === "/back") return inTurn(headers.key, () => back(headers.key));
  if (url === "/status") return rows[headers.key] ? [200, { state: rows[headers.key].state }] : [404, {}];
  return [200, url.startsWith("/items/") ? { left: left[url.slice(7)] ?? 0 } : {}];
}

createServer((request, response) => {
  let text = "";
  request.on("data", (piece) => (text += piece));
  request.on("end", async () => {
    const [status, body] = await answer(request, text ? JSON.parse(text) : {});
    const same = ["saga-id", "saga-step"].map((name) => [name, request.headers[name] ?? ""]);
    response.writeHead(status, { "Content-Type": "application/json", ...Object.fromEntries(same) });
    response.end(JSON.stringify(body));
  });
}).listen(Number(port), "127.0.0.1");
