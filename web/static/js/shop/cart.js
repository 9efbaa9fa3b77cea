// The cart, and the step from it to an order that holds its tickets.

import { announce, el, fill } from "../core/dom.js";
import { dateTime, money } from "../core/format.js";
import { listen } from "../core/live.js";
import { leftOf } from "../purchase/purchase.js";
import { basket } from "./basket.js";
import { mayBuy, purchase } from "./buyer.js";
import { entryForms } from "./entry.js";
import { doing, quantities, steps, stock, total } from "./parts.js";
import { expect } from "./prices.js";
import { go } from "./places.js";
import { learn, refusal } from "./refusal.js";

export async function showCart(content, _place, { whenLeft }) {
  const problem = el("div", { class: "told" });
  const list = el("div", { class: "stack" });
  const end = el("div", { class: "stack" });
  fill(content, el("div", { class: "stack narrow" }, steps("Reserve"), el("h1", {}, "Your cart"), list, problem, end));
  await basket.load();
  const show = () => {
    for (const line of basket.lines()) learn(line.ticket_id, line.ticket);
    fill(list, shownLines(problem));
  };
  show();
  const entry = mayBuy() ? null : entryForms({ heading: "Log in to reserve", level: 2 });
  const showEnd = () => {
    const isEmpty = basket.lines().length === 0;
    if (isEmpty) fill(end);
    else if (mayBuy()) fill(end, reserving(problem));
    else if (!entry.isConnected) fill(end, el("p", {}, "What you chose is kept while you log in."), entry);
  };
  showEnd();
  whenLeft(basket.whenChanged(() => {
    show();
    showEnd();
  }));
  whenLeft(
    listen(basket.lines().map((line) => line.ticket_id), {
      tell: (state) => basket.hear(state),
      gone: (id) => basket.hear({ id, status: "cancelled", available_quantity: 0 }),
      again: () => basket.load().catch((refused) => announce(refused.message)),
    }),
  );
}

function shownLines(problem) {
  const items = basket.lines();
  if (items.length === 0) {
    const onclick = () => go({ view: "tickets" });
    return [
      el("p", { class: "card empty" }, "There is nothing in your cart."),
      el("button", { type: "button", class: "primary", onclick }, "See what is on sale"),
    ];
  }
  return [
    el("ul", { class: "card cart" }, items.map((line) => shownLine(line, problem))),
    pricesTold(),
    total("Total", basket.total()),
  ];
}

function shownLine(line, problem) {
  const { ticket } = line;
  const name = `${ticket.event_name}, ${ticket.category}`;
  const left = leftOf(ticket);
  const change = async (quantity) => {
    fill(problem);
    try {
      await basket.change(line, quantity);
      announce(`The cart comes to ${money(basket.total())}`);
    } catch (refused) {
      fill(problem, refusal(refused, { again: () => change(quantity) }));
      await basket.load();
    }
  };
  const select = quantities(`How many of ${name}`, left, line.quantity);
  select.addEventListener("change", () => change(Number(select.value)));
  return el(
    "li",
    {},
    el(
      "div",
      { class: "what" },
      el("strong", {}, ticket.event_name),
      el("div", { class: "small muted" }, `${ticket.category} · ${dateTime(ticket.event_date)} · ${ticket.venue}`),
      el("div", { class: "small row" }, el("span", { class: "numbers" }, `${money(line.unit_price)} each`), stock(ticket)),
    ),
    el("div", { class: "row" }, select, doing("Remove", { class: "quiet", "aria-label": `Remove ${name}` }, () => change(0))),
    el("span", { class: "numbers sum" }, money(line.line_total)),
    left < line.quantity && tooFew(name, left, change),
  );
}

/** Told before anything is asked for: somebody else was quicker. */
function tooFew(name, left, change) {
  const says = left === 0 ? `“${name}” is sold out now.` : `Only ${left} of “${name}” can be had now.`;
  const does = left === 0 ? "Remove it" : `Take ${left} instead`;
  return el(
    "div",
    { class: "notice warn told" },
    el("p", {}, says),
    doing(does, {}, () => change(left)),
  );
}

function pricesTold() {
  const changed = basket.changedPrices();
  if (changed.length === 0) return null;
  return el(
    "div",
    { class: "notice warn", role: "status" },
    changed.map(({ line, seen }) =>
      el("p", {}, `“${line.ticket.event_name}, ${line.ticket.category}” costs ${money(line.unit_price)} now, and cost ${money(seen)} when you chose it.`),
    ),
    el("button", { type: "button", onclick: () => basket.agree() }, "Keep it at this price"),
  );
}

function reserving(problem) {
  const reserve = async () => {
    fill(problem);
    const shown = basket.total();
    try {
      const order = await purchase().reserve();
      expect(order, shown);
      await basket.load();
      go({ order: order.id });
    } catch (refused) {
      await basket.load();
      fill(problem, refusal(refused, { again: reserve, changed: () => basket.load() }));
    }
  };
  const isChanged = basket.changedPrices().length > 0;
  const button = doing(`Reserve for ${money(basket.total())}`, { class: "primary wide" }, reserve);
  button.disabled = isChanged;
  return [
    button,
    el(
      "p",
      { class: "small muted" },
      isChanged
        ? "A price has changed: keep the ticket at its new price, or remove it."
        : "The tickets are held for you while you pay; the next page says until when.",
    ),
  ];
}
