// A consumer's contract test with pact-js: a real call to the mock provider, then the pact file is written.
//
//     node consumer.mjs FOLDER PATH

import assert from "node:assert/strict";
import { MatchersV3, PactV4 } from "@pact-foundation/pact";

const [folder, path] = process.argv.slice(2);
const pact = new PactV4({ consumer: "Reader", provider: "Shelf", dir: folder, logLevel: "error" });

await pact
  .addInteraction()
  .given("a book is on the shelf", { title: "Emma" })
  .uponReceiving(`a request for ${path}`)
  .withRequest("GET", `/${path}`, (request) => request.headers({ Accept: "application/json" }))
  .willRespondWith(200, (response) => response.jsonBody({ title: MatchersV3.string("Emma") }))
  .executeTest(async (server) => {
    const answer = await fetch(`${server.url}/${path}`, { headers: { Accept: "application/json" } });
    assert.deepEqual(await answer.json(), { title: "Emma" });
  });
