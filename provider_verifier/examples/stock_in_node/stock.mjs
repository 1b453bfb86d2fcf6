// A stock in Node, as a team has it that has never heard of Sagapact: its port stands in its own configuration, its calls under
// /api/v1 need a token that lasts a minute, its handler for Pact's states wants to know the consumer and takes back
// what it set up, and no call shows what is left. `DATA=folder node stock.mjs [applies_twice]`, in the folder of config.json;
// STATES_LOG names a file that tells each state change.
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";

const { port } = JSON.parse(readFileSync("config.json", "utf8"));
const file = `${process.env.DATA}/left.json`;
const twice = process.argv.includes("applies_twice");
const left = {};
const rows = {};
const tokens = new Map();
const LASTS_MS = 60_000;

const keep = () => writeFileSync(file, JSON.stringify(left));

function take(key, body) {
  const row = rows[key];
  if (row?.state === "back") return [409, { error: "back" }];
  if (row && (row.body.item !== body.item || row.body.amount !== body.amount)) return [422, { error: "misused" }];
  if (row?.state === "refused") return [422, { error: "sold_out" }];
  if (row) return [200, { state: "taken", ticket: row.ticket }];
  if ((left[body.item] ?? 0) < body.amount) {
    rows[key] = { state: "refused", body };
    return [422, { error: "sold_out" }];
  }
  left[body.item] -= body.amount * (twice ? 2 : 1);
  keep();
  rows[key] = { state: "taken", body, ticket: `t-${Object.keys(rows).length}` };
  return [201, { state: "taken", ticket: rows[key].ticket }];
}

function back(key) {
  const row = rows[key];
  if (row?.state === "taken") {
    left[row.body.item] += row.body.amount;
    keep();
  }
  rows[key] = { ...row, state: "back", body: row?.body ?? {} };
  return [200, {}];
}

function states({ consumer, state, params, action }) {
  if (process.env.STATES_LOG) appendFileSync(process.env.STATES_LOG, `${action} ${state} for ${consumer}\n`);
  if (consumer !== "shop" || state !== "stock") return [404, { error: "no such state" }];
  if (action === "teardown") delete left[params.item];
  else left[params.item] = params.left;
  keep();
  return [200, {}];
}

function api(method, path, headers, body) {
  const token = headers.authorization ?? "";
  if (!(tokens.get(token) > Date.now())) return [401, { error: `not with ${token}` }];
  if (method === "POST" && path === "/take") return take(headers.key, body);
  if (method === "POST" && path === "/back") return back(headers.key);
  if (method === "GET" && path === "/status") return rows[headers.key] ? [200, { state: rows[headers.key].state }] : [404, {}];
  return [404, {}];
}

function answer(request, body) {
  if (request.url === "/login") {
    const token = `live-${Math.random().toString(36).slice(2)}-${tokens.size}`;
    tokens.set(`Token ${token}`, Date.now() + LASTS_MS);
    return [200, { token }];
  }
  if (request.url === "/_pact/states") return states(body);
  if (request.url === "/api/v1/health") return [200, {}];
  if (request.url.startsWith("/api/v1/")) return api(request.method, request.url.slice(7), request.headers, body);
  return [404, {}];
}

createServer((request, response) => {
  let text = "";
  request.on("data", (piece) => (text += piece));
  request.on("end", () => {
    const [status, body] = answer(request, text ? JSON.parse(text) : {});
    console.log(request.method, request.url, request.headers.authorization ?? "");
    const same = ["saga-id", "saga-step"].filter((name) => request.headers[name]).map((name) => [name, request.headers[name]]);
    response.writeHead(status, { "Content-Type": "application/json", ...Object.fromEntries(same) });
    response.end(JSON.stringify(body));
  });
}).listen(port, "127.0.0.1");
