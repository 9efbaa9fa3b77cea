// The buyer's orders, the latest first.

import { root } from "../core/deployment.js";
import { el, fill } from "../core/dom.js";
import { countdown, dateTime, money } from "../core/format.js";
import { table } from "../core/table.js";
import { standingOf } from "../purchase/purchase.js";
import { now, purchase } from "./buyer.js";
import { go } from "./places.js";

const STANDING = {
  pay: ["warn", "To be paid"],
  take: ["warn", "To be taken"],
  paid: ["good", "Paid"],
  expired: ["", "Ran out"],
  cancelled: ["", "Cancelled"],
};

export async function showOrders(content) {
  fill(content, el("div", { class: "stack" }, el("h1", {}, "My orders"), el("div", { class: "card skeleton waiting" })));
  const orders = await purchase().orders();
  const columns = [
    { title: "Order", isHead: true, cell: link },
    { title: "Placed", cell: (order) => dateTime(order.created_at) },
    { title: "Tickets", cell: tickets },
    { title: "State", cell: state },
    { title: "Total", isNumber: true, cell: (order) => money(order.total_amount, order.currency) },
    { title: "", cell: next },
  ];
  const empty = "You have no orders yet.";
  fill(content, el("div", { class: "stack" }, el("h1", {}, "My orders"), el("div", { class: "card" }, table({ caption: "My orders", columns, rows: orders, empty }))));
}

function link(order) {
  const follow = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go({ order: order.id });
  };
  return el("a", { href: `${root}/shop?order=${order.id}`, onclick: follow }, order.order_reference);
}

const tickets = (order) => order.items.map((line) => el("div", {}, `${line.quantity} × ${line.event_name}, ${line.category}`));

function state(order) {
  const standing = standingOf(order, now());
  const [kind, words] = STANDING[standing];
  const until = standing === "pay" && el("div", { class: "small muted" }, `${countdown((new Date(order.expires_at) - now()) / 1000)} left`);
  return [el("span", { class: `badge ${kind}` }, words), until];
}

function next(order) {
  const standing = standingOf(order, now());
  if (order.role !== "owner" || !["pay", "take", "paid"].includes(standing)) return null;
  const label = standing === "paid" ? "Receipt" : "Go on";
  return el("button", { type: "button", "aria-label": `${label}: ${order.order_reference}`, onclick: () => go({ order: order.id }) }, label);
}
