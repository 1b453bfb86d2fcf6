// One file to which every event is appended and forced to the disk before anything else happens; read anew at the start.

import fs from "node:fs";

/** Opens a journal; gives the events that stand in it. What was cut off in the middle of a line is left out. */
export function opened(path) {
  const text = fs.existsSync(path) ? fs.readFileSync(path, "utf8") : "";
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  if (whole.length < text.length) fs.truncateSync(path, Buffer.byteLength(whole));
  const file = fs.openSync(path, "a");
  const events = whole.split("\n").filter(Boolean).map((line) => JSON.parse(line));
  return {
    events,
    add(event) {
      fs.writeSync(file, `${JSON.stringify(event)}\n`);
      fs.fsyncSync(file);
    },
  };
}
