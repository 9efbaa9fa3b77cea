// What is on sale, by event, with what is left of it now.

import { nextOf } from "../core/api.js";
import { announce, el, fill, settled } from "../core/dom.js";
import { field } from "../core/frame.js";
import { count, date, money, time } from "../core/format.js";
import { listen } from "../core/live.js";
import { byEvent, leftOf } from "../purchase/purchase.js";
import { basketCard } from "./basket_card.js";
import { basket } from "./basket.js";
import { ask } from "./buyer.js";
import { busy, quantities, stock } from "./parts.js";
import { note } from "./places.js";
import { learn, refusal } from "./refusal.js";

const PAGE = 60;

export async function showTickets(content, place, { whenLeft }) {
  const found = el("div", { class: "stack", "aria-live": "off" }, waiting(), waiting(), waiting());
  const more = el("div", { class: "row" });
  const list = new List(found, more, whenLeft);
  fill(
    content,
    el(
      "div",
      { class: "shop-columns" },
      el("section", { class: "stack" }, el("h1", {}, "What’s on"), filters(place, list), found, more),
      basketCard(whenLeft),
    ),
  );
  await list.look(place);
}

function filters(place, list) {
  const q = el("input", { type: "search", name: "q", value: place.q, placeholder: "Event, place or kind" });
  const kind = el("input", { name: "category", value: place.category, placeholder: "Such as VIP" });
  const free = el("input", { type: "checkbox", name: "free", value: "1", checked: place.free === "1" });
  const form = el(
    "form",
    { class: "filters", role: "search" },
    field("Search", {}, { control: q }),
    field("Category", {}, { control: kind }),
    el("label", { class: "row check" }, free, "Only what can be had"),
  );
  const look = () => {
    const wanted = Object.fromEntries(new FormData(form));
    note(wanted);
    list.look(wanted);
  };
  form.addEventListener("input", settled(look));
  form.addEventListener("submit", (event) => event.preventDefault());
  return form;
}

/** The tickets that are shown, and their rows. */
class List {
  constructor(found, more, whenLeft) {
    Object.assign(this, { found, more, tickets: new Map(), rows: new Map(), asked: null });
    this.stop = () => {};
    whenLeft(() => {
      this.asked?.abort();
      this.stop();
    });
  }

  async look(wanted) {
    const query = {
      q: wanted.q?.trim(),
      category: wanted.category?.trim(),
      available: wanted.free ? "true" : "",
      date_from: new Date().toISOString(),
      sort: "event_date",
      limit: PAGE,
    };
    this.first = { path: "/api/tickets/search/by-event", query };
    await this.load(this.first, { isNew: true });
  }

  async load(next, { isNew }) {
    this.asked?.abort();
    this.asked = new AbortController();
    try {
      const { data, headers } = await ask("GET", next.path, { query: next.query, signal: this.asked.signal });
      if (isNew) this.tickets.clear();
      for (const ticket of data) this.tickets.set(ticket.id, ticket);
      this.show(nextOf(headers));
    } catch (problem) {
      if (problem.name === "AbortError") return;
      fill(this.found, refusal(problem, { again: () => this.load(next, { isNew }) }));
    }
  }

  show(next) {
    const tickets = [...this.tickets.values()];
    this.rows.clear();
    fill(this.found, tickets.length ? byEvent(tickets).map((event) => this.event(event)) : nothing());
    announce(count(tickets.length, "ticket"));
    const onclick = () => this.load(next, { isNew: false });
    fill(this.more, next && el("button", { type: "button", onclick }, "Show more"));
    this.listen();
  }

  listen() {
    this.stop();
    this.stop = listen([...this.tickets.keys()], {
      tell: (state) => this.tell(state),
      gone: (id) => this.tell({ id, status: "cancelled", available_quantity: 0 }),
      again: () => this.askAgain(),
    });
  }

  /** Where nobody tells; what fails now is asked for again anyway. */
  async askAgain() {
    try {
      const { data } = await ask("GET", this.first.path, { query: this.first.query });
      for (const ticket of data) this.tell(ticket);
    } catch (problem) {
      announce(problem.message);
    }
  }

  tell(state) {
    const ticket = this.tickets.get(state.id);
    if (!ticket) return;
    Object.assign(ticket, state);
    basket.hear(ticket);
    this.rows.get(state.id)?.();
  }

  event({ name, date: at, venue, description, tickets }) {
    return el(
      "article",
      { class: "card event" },
      el(
        "header",
        {},
        el(
          "div",
          {},
          el("h2", {}, name),
          el("p", { class: "small muted" }, `${date(at)}, ${time(at).replace(/(:\d\d):\d\d/, "$1")} · ${venue}`),
        ),
      ),
      description && el("p", { class: "small" }, description),
      el("ul", { class: "kinds" }, tickets.map((ticket) => this.kind(ticket))),
    );
  }

  kind(ticket) {
    learn(ticket.id, ticket);
    const parts = { price: el("span", { class: "numbers price" }), left: el("span", { class: "left" }) };
    const problem = el("div", { class: "told" });
    const select = el("span");
    const name = `${ticket.event_name}, ${ticket.category}`;
    const button = el("button", { type: "button", "aria-label": `Add ${name}` }, "Add");
    const show = () => {
      const left = leftOf(ticket);
      fill(parts.price, money(ticket.price, ticket.currency));
      fill(parts.left, stock(ticket));
      const chosen = Number(select.querySelector("select")?.value ?? 1);
      const last = select.querySelectorAll("option").length;
      // A list that somebody has opened is left alone as long as it is true.
      if (last !== Math.max(1, Math.min(left, 10))) {
        fill(select, quantities(`How many of ${name}`, left, Math.min(chosen, Math.max(left, 1))));
      }
      select.querySelector("select").disabled = left === 0;
      if (!button.hasAttribute("aria-busy")) button.disabled = left === 0;
    };
    const add = async () => {
      const quantity = Number(select.querySelector("select").value);
      fill(problem);
      try {
        await basket.add(ticket, quantity);
        announce(`${quantity} of ${name} added to the cart`);
      } catch (refused) {
        fill(problem, refusal(refused, { again: add }));
      }
    };
    button.addEventListener("click", () => busy(button, add).then(show));
    this.rows.set(ticket.id, show);
    show();
    return el(
      "li",
      {},
      el("span", { class: "kind" }, ticket.category),
      parts.price,
      parts.left,
      el("span", { class: "add" }, select, button),
      problem,
    );
  }
}

const waiting = () => el("div", { class: "card event skeleton waiting", "aria-hidden": "true" });

const nothing = () =>
  el("p", { class: "card empty" }, "Nothing that is still to come fits. Look for less, or for something else.");
