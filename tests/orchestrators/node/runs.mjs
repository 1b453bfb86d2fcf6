// A run: what has happened in it so far, and what happens next. All that it knows comes from its events, in their order.
//
// Parallel parts really run side by side. A run that is read anew from the journal goes on where it had stopped: a call that was
// begun and has no answer in the journal is made again.

import { called, filled, fits, meaning, outputs } from "./declared.mjs";

const RANK = { compensatable: 0, pivot: 1, retriable: 2 };
const DONE = ["done", "done_again", "null"];
const PAUSE_MS = Number(process.env.PAUSE_MS ?? 20);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class Run {
  constructor(id, events, note, services) {
    Object.assign(this, { id, events, note, services, waiting: new Map(), told: new Map(), parts: new Map() });
    for (const event of events) this.#follow(event);
  }

  get steps() {
    return this.flow.steps;
  }

  /** Goes on until the end of the run. */
  async go() {
    if (!this.#ended) {
      await this.#forward();
      const back = this.steps.some((step) => !step.optional && ["refused", "open"].includes(this.#part(step)));
      if (back) this.#add({ event: "turned back" });
      await this.#back(back);
      const open = this.steps.map((step) => [step, this.#finding(step, back)]).filter(([, finding]) => finding);
      for (const [step, finding] of open) this.#add({ event: "owes news", part: step.step, finding });
      this.#add({ event: open.length ? "gave up" : back ? "rolled back" : "completed" });
    }
    await Promise.all([...this.parts.entries()].map(([name, part]) => this.#tell(name, part)));
  }

  /** Takes what a participant tells; false when there is no such part. */
  hear(name, body) {
    if (!this.parts.has(name)) return false;
    if (!this.told.has(name)) this.#add({ event: "told", part: name, body });
    return true;
  }

  async #forward() {
    const going = new Map();
    for (;;) {
      for (const step of this.steps) {
        const state = this.#part(step);
        if (!going.has(step) && (state === "begun" || (state === "idle" && this.#mayBegin(step)))) {
          going.set(step, this.#runPart(step).finally(() => going.delete(step)));
        }
      }
      if (!going.size) return;
      await Promise.race(going.values());
    }
  }

  #mayBegin(step) {
    const failed = this.steps.some((one) => {
      const state = this.#part(one);
      return !one.optional && (["refused", "open"].includes(state) || (one.class === "pivot" && state === "used up"));
    });
    const before = this.steps.filter((one) => step.after?.includes(one.step) || RANK[one.class] < RANK[step.class]);
    return !failed && before.every((one) => this.#part(one) === "applied" || (one.optional && this.#part(one) !== "idle"));
  }

  async #runPart(step) {
    this.#add({ event: "begun", part: step.step });
    const outcome = await this.#outcome(step);
    const goesOnlyForward = step.class !== "compensatable";
    const state = outcome.state === "open" && goesOnlyForward ? "used up" : outcome.state;
    this.#add({ event: "settled", part: step.step, state, outputs: outcome.outputs ?? {}, unclear: outcome.unclear });
  }

  async #outcome(step) {
    let unclear = this.parts.get(step.step).again; // a try before the process ended may have had an effect
    for (let tries = 1; !this.told.has(step.step); tries += 1) {
      const { word, body } = await this.#call(step, "forward");
      if (DONE.includes(word)) return { state: "applied", outputs: outputs(step, body) };
      if (["refused", "suspended", "misused"].includes(word)) return { state: "refused", unclear: unclear || word === "misused" };
      if (word === "in_progress") break;
      unclear = true;
      if (tries >= (step.tries ?? 3)) return step.class === "pivot" ? this.#asked(step) : { state: "open" };
      await sleep(pause(step.backoff, tries));
    }
    if (await this.#hears(step)) return this.#toldOutcome(step) ?? { state: "open" };
    return this.#asked(step);
  }

  /** Waits for a callback until its time is over. */
  async #hears(step) {
    if (this.told.has(step.step)) return true;
    const came = new Promise((resolve) => this.waiting.set(step.step, () => resolve(true)));
    return Promise.race([came, sleep(step.callback_timeout_ms ?? 60_000).then(() => false)]);
  }

  #toldOutcome(step) {
    const common = step.callback.request.body ?? {};
    const body = this.told.get(step.step);
    for (const [outcome, fields] of Object.entries(step.callback.outcomes)) {
      if (fields && fits(filled({ ...common, ...fields }, this.#values(step)), body)) {
        return outcome === "done" ? { state: "applied", outputs: outputs(step, body) } : { state: "refused" };
      }
    }
    return null;
  }

  /** Asks what became of a step; that it is absent decides nothing, since a call may still be on its way. */
  async #asked(step) {
    for (let tries = 1; step.status && tries <= (step.tries ?? 3); tries += 1) {
      const { word } = await this.#call(step, "status");
      if (word === "applied" && !step.forward.outputs) return { state: "applied" };
      if (["refused", "compensated"].includes(word)) return { state: "refused" };
      if (word !== "unclear") break;
      await sleep(pause(step.backoff, tries));
    }
    return { state: "open" };
  }

  async #back(back) {
    const todo = new Set(this.steps.filter((step) => step.compensate && (back || step.optional) && this.#mayHaveEffect(step, back)));
    const going = new Map();
    while (todo.size) {
      const stopped = this.flow.policies?.failing_compensation === "stop" && this.steps.some((one) => this.#part(one) === "kept");
      for (const step of todo) {
        const isLast = ![...todo].some((one) => this.#ancestors(one).has(step.step));
        if (isLast && !going.has(step) && !stopped) {
          going.set(step, this.#undo(step).then(() => [going, todo].forEach((all) => all.delete(step))));
        }
      }
      if (!going.size) return;
      await Promise.race(going.values());
    }
  }

  #mayHaveEffect(step, back) {
    const { state, unclear } = this.parts.get(step.step);
    return ["open", "going back"].includes(state) || (state === "applied" && back) || (state === "refused" && unclear);
  }

  async #undo(step) {
    this.#add({ event: "going back", part: step.step });
    const most = step.compensate.tries ?? step.tries ?? 3;
    for (let tries = 1; tries <= most; tries += 1) {
      const { word } = await this.#call(step, "compensate");
      if (DONE.includes(word)) return this.#add({ event: "gone", part: step.step });
      if (word === "impossible") break;
      if (tries < most) await sleep(pause(step.compensate.backoff ?? step.backoff, tries));
    }
    return this.#add({ event: "kept", part: step.step });
  }

  #finding(step, back) {
    const state = this.#part(step);
    if (state === "kept") return "compensation_failed";
    if (state === "used up" && !step.optional) return "step_exhausted";
    return step.compensate && back && this.#mayHaveEffect(step, back) ? "compensation_skipped" : "";
  }

  /** Tells the owner what it has to know, until it is taken. */
  async #tell(name, part) {
    const owner = this.flow.policies?.owner_notification;
    for (let tries = 1; owner && part.owed; tries += 1) {
      const values = { ...this.#values({ step: name }), event: part.owed };
      const reply = await called(this.services[owner.participant], owner.request, values, this.#headers(name), 2000);
      if (meaning(owner.replies, reply, values) === "done") this.#add({ event: "news taken", part: name });
      else await sleep(Math.min(5000, 50 * 2 ** tries));
    }
  }

  async #call(step, role) {
    const values = this.#values(step);
    const reply = await called(
      this.services[step.participant], step[role].request, values, this.#headers(step.step), step.timeout_ms ?? 5000,
    );
    return { word: meaning(step[role].replies, reply, values), body: reply?.body };
  }

  #values(step) {
    const key = `${step.step}.${this.id}`;
    const known = Object.fromEntries([...this.parts].map(([name, part]) => [name, part.outputs]));
    const hook = `${process.env.PUBLIC_URL}/told/${step.step}/${this.id}`;
    return { payload: this.input, outputs: known, saga_id: this.id, step: step.step, key, callback_url: hook };
  }

  #headers(name) {
    return { "X-Run": this.id, "X-Part": name };
  }

  #ancestors(step) {
    const direct = this.steps.filter((one) => step.after?.includes(one.step));
    return new Set(direct.flatMap((one) => [one.step, ...this.#ancestors(one)]));
  }

  #part(step) {
    return this.parts.get(step.step).state;
  }

  get #ended() {
    return this.events.some(({ event }) => ["completed", "rolled back", "gave up"].includes(event)); // a late telling may follow
  }

  #add(event) {
    this.note({ run: this.id, ...event });
    this.events.push(event);
    this.#follow(event);
    if (event.event === "told") this.waiting.get(event.part)?.();
  }

  /** Changes what is known of the run by one event. */
  #follow({ event, part: name, ...more }) {
    const part = this.parts.get(name);
    if (event === "started") {
      Object.assign(this, { flow: more.flow, input: more.input });
      for (const step of more.flow.steps) this.parts.set(step.step, { state: "idle", outputs: {}, unclear: false, again: false });
    } else if (event === "told") this.told.set(name, more.body);
    else if (event === "begun") Object.assign(part, { again: part.state === "begun", state: "begun" });
    else if (event === "settled") Object.assign(part, { state: more.state, outputs: more.outputs, unclear: Boolean(more.unclear) });
    else if (event === "owes news") part.owed = more.finding;
    else if (event === "news taken") part.owed = "";
    else if (part) part.state = event;
  }
}

function pause(backoff, tries) {
  const { first_ms: first, factor = 2, longest_ms: longest = Infinity } = backoff ?? { first_ms: PAUSE_MS };
  return Math.min(longest, first * factor ** (tries - 1));
}
