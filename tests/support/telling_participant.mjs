// The bakery of telling_participant.py in Node, with a file of its own in the place of a database:
//   node telling_participant.mjs PORT FILE [HABIT]
import {readFileSync, renameSync, writeFileSync} from "node:fs";
import http from "node:http";

const [port, file, ...words] = process.argv.slice(2);
const habit = words.join(" ");
const [WORK_MS, PAUSE_MS, LONGEST_PAUSE_MS, TIMEOUT_MS] = [50, 100, 1000, 400];

let kept = {flour: {}, cakes: {}};
try {
  kept = JSON.parse(readFileSync(file, "utf8"));
} catch (error) {
  if (error.code !== "ENOENT") throw error;
}

function keep() {
  writeFileSync(`${file}.new`, JSON.stringify(kept));
  renameSync(`${file}.new`, file);
}

function work(key) {
  const cake = kept.cakes[key];
  if (cake.state !== "at work") return;
  cake.state = kept.flour[cake.cake] ? "baked" : "refused";
  keep();
  tell(key, 0);
}

function tell(key, tries) {
  const cake = kept.cakes[key];
  if (!["baked", "refused"].includes(cake.state)) return;
  const told = cake.state === "baked" ? {key, outcome: "done", shelf: "s-1"} : {key, outcome: "refused"};
  const headers = {...cake.headers, "Content-Type": "application/json"};
  let over = false;
  const end = (taken) => {
    if (over) return;
    over = true;
    if (!taken) {
      setTimeout(tell, Math.min(PAUSE_MS * 2 ** tries, LONGEST_PAUSE_MS), key, tries + 1);
      return;
    }
    cake.told = true;
    keep();
  };
  const request = http.request(cake.url, {method: "POST", headers, timeout: TIMEOUT_MS, agent: false}, (reply) => {
    reply.resume();
    end(reply.statusCode < 300 || habit === "takes any answer for yes");
  });
  request.on("timeout", () => request.destroy(new Error("too slow")));
  request.on("error", () => end(false));
  request.end(JSON.stringify(told));
}

function order(key, {cake, callback_url: url}, headers) {
  const known = kept.cakes[key];
  if (known === undefined) {
    kept.cakes[key] = {cake, url, headers, state: "at work"};
    keep();
    setTimeout(work, WORK_MS, key);
    return [202, {}];
  }
  if (known.state === "gone") return [409, {}];
  if (known.cake !== cake) return [422, {error: "misused"}];
  return {"at work": [202, {}], refused: [422, {error: "no_flour"}], baked: [200, {}]}[known.state];
}

function cancel(key) {
  kept.cakes[key] = {...kept.cakes[key], state: "gone"};
  keep();
  return [200, {}];
}

function answer(method, path, body, headers) {
  const last = decodeURIComponent(path.split("/").pop());
  if (method === "POST") {
    if (body.params?.cake !== undefined) kept.flour[body.params.cake] = body.params.there;
    keep();
    return [200, {}];
  }
  if (method === "PUT") return order(last, body, headers);
  if (method === "DELETE") return cancel(last);
  if (path.startsWith("/shelf/")) {
    const baked = Object.values(kept.cakes).filter((one) => one.cake === last && one.state === "baked");
    return [200, {cakes: baked.length}];
  }
  if (path === "/health") return [200, {}];
  const known = kept.cakes[last];
  return known === undefined ? [404, {}] : [200, {state: known.state}];
}

http
  .createServer((request, reply) => {
    const parts = [];
    request.on("data", (part) => parts.push(part));
    request.on("end", () => {
      const echoed = {"Saga-Id": request.headers["saga-id"] ?? "", "Saga-Step": request.headers["saga-step"] ?? ""};
      const body = JSON.parse(Buffer.concat(parts).toString() || "{}");
      const [status, told] = answer(request.method, request.url, body, echoed);
      reply.writeHead(status, {...echoed, "Content-Type": "application/json"}).end(JSON.stringify(told));
    });
  })
  .listen(Number(port), "127.0.0.1");

// What was left is gone on with.
for (const [key, cake] of Object.entries(kept.cakes)) {
  if (cake.state === "at work") setTimeout(work, WORK_MS, key);
  else if (!cake.told && habit !== "forgets what is to be told over a restart") tell(key, 0);
}
