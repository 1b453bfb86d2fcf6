// The owner's own client of the starting saga `sale`, in Node: reads one call from standard input, makes it, prints its outcome.
import { stdin } from "node:process";

const CALLS = {
  "reserve_goods/forward": ["POST", "/reservations", ({ payload }) => payload],
  "reserve_goods/compensate": ["POST", "/reservations/release"],
  "reserve_goods/status": ["GET", "/reservations/status"],
  "tell_customer/forward": ["POST", "/messages", ({ payload }) => ({ order_id: payload.order_id, text: "Your goods are waiting for you." })],
  "tell_customer/status": ["GET", "/messages/status"],
};
const STATES = { reserved: "applied", sent: "applied", refused: "refused", released: "compensated" };

function outcome(role, code, body) {
  if ([408, 425, 429].includes(code) || code >= 500) return "retryable";
  if (role === "status") return code === 404 ? "absent" : (code === 200 && STATES[body?.state]) || "unknown";
  if (role === "compensate") return code === 200 && body?.state === "released" ? "done" : "unknown";
  const done = ["reserved", "sent"].includes(body?.state);
  if ((code === 201 || code === 200) && done) return "done";
  if (code === 409 && body?.error === "out_of_stock") return "refused";
  if (code === 410 && body?.error === "released") return "suspended";
  return code === 422 ? "misused" : "unknown";
}

async function once(given) {
  const [method, path, bodyOf] = CALLS[`${given.step}/${given.role}`];
  const headers = { "Idempotency-Key": given.key, "Saga-Id": given.saga_id, "Saga-Step": given.step };
  const request = { method, headers, signal: AbortSignal.timeout(given.timeout_s * 1000) };
  if (bodyOf) {
    headers["Content-Type"] = "application/json";
    request.body = JSON.stringify(bodyOf(given));
  }
  try {
    const reply = await fetch(given.url + path, request);
    const text = await reply.text();
    return outcome(given.role, reply.status, parsed(text));
  } catch {
    return "retryable"; // no answer in time, or a lost connection: whoever asks again asks with the same key
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

let text = "";
for await (const part of stdin) text += part;
const given = JSON.parse(text);
let found = "retryable";
for (let tried = 0; tried < given.tries && found === "retryable"; tried += 1) found = await once(given);
console.log(found);
