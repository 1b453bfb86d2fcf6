// What a saga definition says of a call: how it is written, and what an answer means.

import http from "node:http";

const NAME = /\{([a-z_][^\s{}]*)\}/;

/** Puts values into the templates of a JSON value. */
export function filled(value, values, inPath = false) {
  if (Array.isArray(value)) return value.map((one) => filled(one, values));
  if (value !== null && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, filled(one, values)]));
  }
  if (typeof value !== "string") return value;
  const whole = new RegExp(`^${NAME.source}$`).exec(value);
  if (whole) return lookedUp(whole[1], values);
  return value.replace(new RegExp(NAME.source, "g"), (_, name) => {
    const text = String(lookedUp(name, values));
    return inPath ? encodeURIComponent(text).replaceAll("%3A", ":") : text;
  });
}

/** Sends a declared request; null when nobody answered in time. */
export function called(base, request, values, correlation, timeoutMs) {
  const query = new URLSearchParams(filled(request.query ?? {}, values)).toString();
  const url = new URL(base + filled(request.path, values, true) + (query && `?${query}`));
  const headers = { ...filled(request.headers ?? {}, values), ...correlation };
  const content = request.body === undefined ? undefined : JSON.stringify(filled(request.body, values));
  if (content !== undefined) headers["content-type"] ??= "application/json";
  return new Promise((resolve) => {
    const sent = http.request(url, { method: request.method, headers, signal: AbortSignal.timeout(timeoutMs) }, (answer) => {
      const parts = [];
      answer.on("data", (part) => parts.push(part));
      answer.on("error", () => resolve(null));
      answer.on("end", () => resolve({ status: answer.statusCode, body: read(Buffer.concat(parts)) }));
    });
    sent.on("error", () => resolve(null));
    sent.end(content);
  });
}

/** Gives the name of the declared reply that came, the one that asks for most; `unclear` when none fits. */
export function meaning(replies, reply, values) {
  let best = { asks: -1, name: "unclear" };
  for (const [name, several] of Object.entries(replies)) {
    for (const one of [several].flat()) {
      const asks = JSON.stringify(one.body ?? "").length;
      if (reply?.status === one.status && asks > best.asks && fits(filled(one.body, values), reply.body)) best = { asks, name };
    }
  }
  return best.name;
}

/** Is what was declared there? `{$like: example}` stands for any value. */
export function fits(declared, came) {
  if (declared === undefined) return true;
  if (declared === null || typeof declared !== "object") return declared === came;
  if ("$like" in declared) return came !== undefined;
  return came !== null && typeof came === "object" && Object.entries(declared).every(([name, one]) => fits(one, came[name]));
}

/** Takes the declared outputs out of an answer, as far as they are there. */
export function outputs(step, body) {
  const places = Object.entries(step.forward.outputs ?? {}).map(([name, place]) => [name, body?.[place.slice(1)]]);
  return Object.fromEntries(places.filter(([, value]) => value !== undefined));
}

export function read(content) {
  try {
    return JSON.parse(content);
  } catch {
    return undefined;
  }
}

function lookedUp(dotted, values) {
  return dotted.split(".").reduce((value, part) => value[part], values);
}
