// The cart beside what is on sale.

import { el, fill } from "../core/dom.js";
import { count } from "../core/format.js";
import { basket } from "./basket.js";
import { lines, total } from "./parts.js";
import { go } from "./places.js";

export function basketCard(whenLeft) {
  const card = el("aside", { class: "card basket stack", "aria-label": "Cart" });
  const show = () => {
    const items = basket.lines();
    card.classList.toggle("has-lines", items.length > 0);
    fill(card, el("h2", {}, items.length ? `Cart: ${count(basket.units(), "ticket")}` : "Cart"), contents(items));
  };
  whenLeft(basket.whenChanged(show));
  show();
  return card;
}

function contents(items) {
  if (items.length === 0) {
    return el("p", { class: "muted small" }, "Nothing yet. Choose how many, and add them: nothing is reserved before you check out.");
  }
  const onclick = () => go({ view: "cart" });
  return [
    lines(items),
    total("Total", basket.total()),
    el("button", { type: "button", class: "primary wide", onclick }, "Check out"),
  ];
}
