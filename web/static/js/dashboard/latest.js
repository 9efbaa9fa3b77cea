// The latest orders, which keep themselves up to date while somebody looks at them.

import { ask } from "../core/api.js";
import { root } from "../core/deployment.js";
import { el, fill, one } from "../core/dom.js";
import { count, dateTime, money, time } from "../core/format.js";
import { notice } from "../core/frame.js";
import { figure } from "./parts.js";

const EVERY = 5000;
const AT_MOST = 60_000;
/** An answer that takes longer is given up, so that the list can't stand still for ever. */
const PATIENCE = 20_000;
const BADGES = { pending: "warn", confirmed: "good", completed: "good", cancelled: "" };

/** Asks again and again; one request at a time, none while the page is hidden. */
export class LatestOrders {
  #section = one("#latest");
  #timer = null;
  #asking = null;
  #tag = null;
  #orders = null;
  #failures = 0;
  #isOn = false;
  #asked = 0;
  #zone;

  /** `zone()` is the time zone that moments are written in. */
  constructor(zone) {
    this.#zone = zone;
    document.addEventListener("visibilitychange", () => {
      this.#plan(Math.max(0, this.#asked + EVERY - Date.now()));
    });
  }

  start() {
    this.stop();
    this.#isOn = true;
    this.#plan(0);
  }

  /** For as long as nobody may see it; what was seen is forgotten. */
  stop() {
    this.#isOn = false;
    this.#asking?.abort();
    this.#asking = null;
    this.#tag = this.#orders = null;
    this.#failures = 0;
    clearTimeout(this.#timer);
    fill(this.#slot("body"), el("div", { class: "skeleton fills", "aria-hidden": "true" }));
  }

  /** Write the same anew, as in another time zone. */
  show() {
    if (this.#orders !== null) this.#draw(this.#orders, new Set());
  }

  #plan(wait) {
    clearTimeout(this.#timer);
    if (!this.#isOn || document.hidden) return;
    if (wait === 0) this.#ask();
    else this.#timer = setTimeout(() => this.#ask(), wait);
  }

  async #ask() {
    if (this.#asking !== null) return;
    const asking = new AbortController();
    const { signal } = asking;
    this.#asking = asking;
    this.#asked = Date.now();
    try {
      await this.#hear(AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]));
      this.#failures = 0;
      this.#planBehind(asking, EVERY);
    } catch (problem) {
      if (signal.aborted) return;
      this.#failures += 1;
      this.#fail(problem);
      const told = (problem.retryAfter ?? 0) * 1000;
      this.#planBehind(asking, Math.max(told, Math.min(AT_MOST, EVERY * 2 ** this.#failures)));
    }
  }

  /** Plan what follows one request, unless that was given up and another list has begun. */
  #planBehind(asking, wait) {
    if (this.#asking !== asking) return;
    this.#asking = null;
    this.#plan(wait);
  }

  async #hear(signal) {
    const headers = this.#tag === null ? {} : { "If-None-Match": this.#tag };
    const query = { sort: "-id", limit: 10 };
    const answer = await ask("GET", "/api/orders/", { query, headers, signal });
    if (signal.aborted) return;
    fill(this.#slot("tools"));
    this.#section.setAttribute("aria-busy", "false");
    if (answer.status === 304) return;
    const known = new Set((this.#orders ?? answer.data).map(({ id }) => id));
    this.#tag = answer.headers.get("ETag");
    this.#orders = answer.data;
    const added = answer.data.map(({ id }) => id).filter((id) => !known.has(id));
    this.#draw(answer.data, new Set(added));
  }

  #draw(orders, added) {
    const focused = document.activeElement?.getAttribute("href");
    const rows = orders.map((order) => this.#row(order, added.has(order.id)));
    const empty = el("p", { class: "empty" }, "There are no orders yet.");
    fill(this.#slot("body"), rows.length ? el("ol", { class: "orders" }, rows) : empty);
    const links = [...this.#slot("body").querySelectorAll("a")];
    links.find((link) => focused && link.getAttribute("href") === focused)?.focus();
  }

  #row(order, isNew) {
    const tickets = order.items.reduce((sum, { quantity }) => sum + quantity, 0);
    const href = `${root}/dashboard/orders?order=${encodeURIComponent(order.order_reference)}`;
    return el(
      "li",
      { "data-row": order.order_reference, class: isNew ? "is-new" : null },
      el("a", { href, class: "mono" }, order.order_reference),
      el(
        "strong",
        { class: "numbers" },
        figure("total_amount", order.total_amount, money(order.total_amount, order.currency)),
      ),
      el(
        "span",
        { class: "muted small" },
        figure("created_at", order.created_at, dateTime(order.created_at, this.#zone())),
        " · ",
        figure("tickets", tickets, count(tickets, "ticket")),
      ),
      el(
        "span",
        { class: `badge ${BADGES[order.status]}` },
        figure("status", order.status, order.status),
      ),
    );
  }

  #fail(problem) {
    const retry = () => this.#plan(0);
    if (this.#orders === null) {
      fill(this.#slot("body"), notice(problem, { retry }));
      return;
    }
    const since = `Not up to date since ${time(Date.now(), this.#zone())}; it is tried again.`;
    if (this.#failures === 1) fill(this.#slot("tools"), el("span", { class: "badge warn" }, since));
  }

  #slot(name) {
    return one(`[data-slot="${name}"]`, this.#section);
  }
}
