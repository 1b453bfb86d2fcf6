// A provider's verification with pact-js, with pacts of the broker.
//
//     node verify.mjs OPTIONS
//
// OPTIONS are pact-js' own, as JSON. The exit status is 0 when the run passed, 1 when it did not; the last line of the output
// tells, as JSON, which states were asked for.

import { Verifier } from "@pact-foundation/pact";

const states = [];
const options = {
  ...JSON.parse(process.argv[2]),
  logLevel: "error",
  stateHandlers: {
    "a book is on the shelf": async (parameters) => {
      states.push(parameters);
    },
  },
};

let passed = true;
try {
  await new Verifier(options).verifyProvider();
} catch (error) {
  passed = false;
  console.log(String(error));
}
console.log(JSON.stringify({ states }));
process.exitCode = passed ? 0 : 1;
