// The list of orders.

import { el } from "../core/dom.js";
import { count, date, money, number } from "../core/format.js";
import { field } from "../core/frame.js";
import { finder, stateInput, wordsInput } from "../desk/finder.js";
import { badge } from "../desk/states.js";

const STATES = ["pending", "confirmed", "completed", "cancelled"];

/** {onSearch, onOpen, addressOf} of the desk. */
export function orderFinder({ onSearch, onOpen, addressOf }) {
  const inputs = {
    q: wordsInput(),
    status: stateInput(STATES),
    from: el("input", { name: "from", type: "date" }),
    to: el("input", { name: "to", type: "date" }),
  };
  const hint = "Reference, name, username, whole email, or event";
  return finder({
    label: "Orders",
    word: "order",
    inputs,
    fields: [
      field("Find an order", {}, { control: inputs.q, hint }),
      el(
        "div",
        { class: "finder-more" },
        field("State", {}, { control: inputs.status }),
        field("From", {}, { control: inputs.from }),
        field("Until", {}, { control: inputs.to }),
      ),
    ],
    path: "/api/orders/search",
    queryOf: ({ q, status, from, to }) => ({ q, status, created_from: from, created_to: to }),
    row: (order) => row(order, addressOf(order.order_reference)),
    nothing,
    onSearch,
    onOpen,
  });
}

function row(order, href) {
  return el(
    "a",
    { href, "data-key": order.order_reference },
    el(
      "span",
      { class: "row spread" },
      el("span", { class: "mono strong" }, order.order_reference),
      badge(order.status),
    ),
    el(
      "span",
      { class: "row spread" },
      el(
        "span",
        {},
        order.buyer.full_name,
        el("span", { class: "small muted" }, ` ${order.buyer.username}`),
      ),
      el("span", { class: "numbers" }, money(order.total_amount, order.currency)),
    ),
    el(
      "span",
      { class: "row spread small muted" },
      el("span", {}, whatFor(order.items)),
      el("span", {}, date(order.created_at)),
    ),
  );
}

function whatFor(items) {
  if (items.length === 0) return "No tickets";
  const [{ quantity, event_name: name }] = items;
  const others = items.length - 1;
  return `${number(quantity)} × ${name}${others ? ` and ${count(others, "other line")}` : ""}`;
}

function nothing({ q, status, from, to }) {
  const narrowed = status || from || to;
  return [
    el("p", {}, q || narrowed ? "No order is like that." : "There are no orders yet."),
    q && el("p", { class: "small" }, "An email has to be whole; of a reference or a name a part will do."),
    narrowed && el("p", { class: "small" }, "State and dates leave some out."),
  ];
}
