// What is asked of the API, and what becomes of the answers.

import { all, get } from "../core/api.js";
import { daysBefore, daysOf, intervalOf } from "./view.js";

/** As many tickets are told by stock; beyond, a list of them helps nobody. */
export const MOST_TICKETS = 500;

/**
 * One question to the API. Listeners hear {state: "loading" | "ready" | "failed", data, problem}
 * whenever that changes; an answer to what is not asked any more is never told.
 */
export class Source {
  #asking = null;
  #asked = null;
  #listeners = [];
  #run;
  now = { state: "loading", data: null, problem: null };

  /** `run(parameters, signal)` asks; null instead of parameters: there is nothing to ask. */
  constructor(run) {
    this.#run = run;
  }

  listen(listener) {
    this.#listeners.push(listener);
  }

  /** Ask, unless just that was asked; what was asked before is given up. */
  ask(parameters, { isAnew = false } = {}) {
    const asked = JSON.stringify(parameters);
    if (asked === this.#asked && !isAnew && this.now.state !== "failed") return;
    this.#asked = asked;
    this.#load(parameters);
  }

  /** Ask the same again. */
  again() {
    this.ask(JSON.parse(this.#asked), { isAnew: true });
  }

  /** Forget all that was answered, as for somebody else. */
  forget() {
    this.#asking?.abort();
    this.#asked = null;
    this.#tell({ state: "loading", data: null, problem: null });
  }

  async #load(parameters) {
    this.#asking?.abort();
    const asking = new AbortController();
    this.#asking = asking;
    this.#tell({ state: "loading", data: this.now.data, problem: null });
    try {
      const data = parameters === null ? null : await this.#run(parameters, asking.signal);
      if (!asking.signal.aborted) this.#tell({ state: "ready", data, problem: null });
    } catch (problem) {
      if (asking.signal.aborted) return;
      this.#tell({ state: "failed", data: null, problem });
    }
  }

  #tell(now) {
    this.now = now;
    for (const listener of this.#listeners) listener(now);
  }
}

const report = (name) => (parameters, signal) =>
  get(`/api/analytics/${name}`, parameters, { signal });

async function reportsBefore(parameters, signal) {
  const [dashboard, users] = await Promise.all([
    report("dashboard")(parameters, signal),
    report("users")(parameters, signal),
  ]);
  return { dashboard, users };
}

async function ticketsToCome(parameters, signal) {
  // The API looks for a part of a name; here it is the whole one.
  const date_from = new Date().toISOString();
  const query = { ...parameters, date_from, sort: "event_date" };
  const found = await all("/api/tickets/", query, { limit: MOST_TICKETS + 1, signal });
  const isMeant = ({ event_name: name }) =>
    !parameters.event_name || spelt(name) === spelt(parameters.event_name);
  const tickets = found.slice(0, MOST_TICKETS).filter(isMeant);
  return { tickets, isCut: found.length > MOST_TICKETS };
}

const spelt = (name) => name.normalize("NFKC").trim().replace(/\s+/g, " ").toLowerCase();

export const sources = {
  dashboard: new Source(report("dashboard")),
  users: new Source(report("users")),
  before: new Source(reportsBefore),
  sales: new Source(report("sales")),
  revenue: new Source(report("revenue")),
  // What there is to choose from, where a filter leaves only what was chosen.
  choices: new Source(report("sales")),
  stock: new Source(ticketsToCome),
};

/** Have every source ask for what a view needs, all at once. */
export function askFor(view, options) {
  const days = daysOf(view);
  const filter = { event_name: view.event, category: view.category };
  const asked = { ...days, timezone: view.zone, ...filter };
  const inSeries = { ...asked, interval: intervalOf(view, days) };
  const before = daysBefore(days);
  // Of these no series is shown: with months there are never too many periods.
  const unshown = { interval: "month" };
  const questions = {
    dashboard: { ...asked, ...unshown },
    revenue: inSeries,
    sales: inSeries,
    users: { ...asked, ...unshown },
    before: before && { ...asked, ...before, ...unshown },
    stock: filter,
    choices: view.event || view.category ? { ...days, timezone: view.zone, ...unshown } : null,
  };
  for (const [name, question] of Object.entries(questions)) sources[name].ask(question, options);
}

export function forgetAll() {
  for (const source of Object.values(sources)) source.forget();
}
