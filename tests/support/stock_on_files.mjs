// The stock of the small saga in Node, which keeps a file for each key and each item: several processes may share the folder.
// `node stock_on_files.mjs PORT FOLDER [copy]`; with `copy` it answers from what this process remembers, where it remembers it.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";

const [port, folder, wrong] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
const remembered = new Map();

const place = (kind, name) => `${folder}/${kind}-${encodeURIComponent(name)}.json`;
function read(kind, name) {
  if (wrong === "copy" && remembered.has(kind + name)) return remembered.get(kind + name);
  try {
    return JSON.parse(readFileSync(place(kind, name), "utf8"));
  } catch {
    return undefined;
  }
}
function write(kind, name, value) {
  remembered.set(kind + name, value);
  writeFileSync(`${place(kind, name)}.new`, JSON.stringify(value));
  renameSync(`${place(kind, name)}.new`, place(kind, name));
}

function take(key, body) {
  const row = read("hold", key);
  if (row?.state === "back") return [409, { error: "back" }];
  if (row && (row.body.item !== body.item || row.body.amount !== body.amount)) return [422, { error: "misused" }];
  if (row?.state === "refused") return [422, { error: "sold_out" }];
  if (row) return [200, { state: "taken", ticket: `t-${key}` }];
  const left = read("item", body.item) ?? 0;
  if (left < body.amount) {
    write("hold", key, { state: "refused", body });
    return [422, { error: "sold_out" }];
  }
  write("item", body.item, left - body.amount);
  write("hold", key, { state: "taken", body });
  return [201, { state: "taken", ticket: `t-${key}` }];
}

function back(key) {
  const row = read("hold", key);
  if (row?.state === "taken") write("item", row.body.item, read("item", row.body.item) + row.body.amount);
  write("hold", key, { ...row, state: "back" });
  return [200, {}];
}

function answer({ method, url, headers }, body) {
  if (url === "/_states") write("item", body.params.item, body.params.left);
  if (url === "/_states" || url === "/health") return [200, {}];
  if (url === "/take") return take(headers.key, body);
  if (url === "/back") return back(headers.key);
  if (url.startsWith("/items/")) return [200, { left: read("item", decodeURIComponent(url.slice(7))) ?? 0 }];
  const row = url === "/status" ? read("hold", headers.key) : undefined;
  return row ? [200, { state: row.state }] : [404, {}];
}

createServer(async (request, reply) => {
  let text = "";
  for await (const part of request) text += part;
  const [status, body] = answer(request, text ? JSON.parse(text) : {});
  for (const name of ["saga-id", "saga-step"]) if (request.headers[name]) reply.setHeader(name, request.headers[name]);
  reply.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
}).listen(Number(port), "127.0.0.1");
