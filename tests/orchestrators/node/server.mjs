// Runs flows: `node server.mjs PORT JOURNAL`. A flow is a saga definition as JSON; the addresses are in SERVICES (JSON).
//
// PUT /flows/NAME            the definition                    204
// PUT /runs/ID {flow, input} starts it, or did so before       202; 409 with another input
// GET /runs/ID               {run, events: [{event, part?}]}   its state is the last event that is about no part
// PUT|POST /told/STEP/ID     what a participant tells          204, also when it comes again
// GET /alive                 204

import http from "node:http";

import { read } from "./declared.mjs";
import { opened } from "./journal.mjs";
import { Run } from "./runs.mjs";

const [port, file] = process.argv.slice(2);
const services = JSON.parse(process.env.SERVICES ?? "{}");
const journal = opened(file);
const flows = new Map();
const runs = new Map();

for (const { run: id, ...event } of journal.events) {
  if (event.event === "flow") flows.set(event.name, event.flow);
  else runs.set(id, [...(runs.get(id) ?? []), event]);
}
for (const [id, events] of runs) runs.set(id, new Run(id, events, journal.add, services));
for (const run of runs.values()) run.go();

const ROUTES = [
  [/^GET \/alive$/, () => [204]],
  [/^PUT \/flows\/(.+)$/, defined],
  [/^PUT \/runs\/(.+)$/, started],
  [/^GET \/runs\/(.+)$/, shown],
  [/^(?:PUT|POST) \/told\/([^/]+)\/(.+)$/, (body, step, id) => (runs.get(id)?.hear(step, body) ? [204] : [404, { why: "no such part" }])],
];

function defined(flow, name) {
  if (JSON.stringify(flow) !== JSON.stringify(flows.get(name))) {
    journal.add({ event: "flow", name, flow });
    flows.set(name, flow);
  }
  return [204];
}

function started(body, id) {
  const known = runs.get(id);
  if (known) return JSON.stringify(known.input) === JSON.stringify(body.input) ? [202, { run: id }] : [409, { why: "other input" }];
  const flow = flows.get(body?.flow);
  if (!flow) return [404, { why: "no such flow" }];
  const event = { event: "started", flow, input: body.input };
  journal.add({ run: id, ...event });
  const run = new Run(id, [event], journal.add, services);
  runs.set(id, run);
  run.go();
  return [202, { run: id }];
}

function shown(_, id) {
  const run = runs.get(id);
  if (!run) return [404, { why: "no such run" }];
  const of = (event) => run.events.filter((one) => Boolean(one.part) === event);
  const ways = of(false).map(({ event }) => ({ event }));
  const parts = [...run.parts].map(([name, part]) => ({ name, state: part.state, outputs: part.outputs }));
  return [200, { run: id, events: ways, parts }];
}

const server = http.createServer((request, response) => {
  const chunks = [];
  request.on("data", (part) => chunks.push(part));
  request.on("end", () => {
    const line = `${request.method} ${decodeURIComponent(request.url)}`;
    const [status, body] = answered(line, read(Buffer.concat(chunks)));
    response.writeHead(status, { "content-type": "application/json" }).end(body && JSON.stringify(body));
  });
});
server.keepAliveTimeout = 60_000; // the disk may hold the loop up longer than the usual five seconds
server.listen(Number(port), "127.0.0.1");

function answered(line, body) {
  for (const [pattern, answer] of ROUTES) {
    const found = pattern.exec(line);
    if (found) return answer(body, ...found.slice(1));
  }
  return [404, { why: "no such address" }];
}
