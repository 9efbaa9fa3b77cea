// The shop: what is on sale, the cart, the payment and the receipt. How a purchase goes stands in
// purchase/, which is shared with examples/storefront/; here it is shown.

import { el, fill, one } from "./core/dom.js";
import { open } from "./core/frame.js";
import { basket, takeAlong } from "./shop/basket.js";
import { buyer, mayBuy, purchase } from "./shop/buyer.js";
import { showCart } from "./shop/cart.js";
import { comeBack } from "./shop/coming_back.js";
import { showEntry } from "./shop/entry.js";
import { showOrder } from "./shop/order.js";
import { showOrders } from "./shop/orders.js";
import { go, here, whenGone } from "./shop/places.js";
import { refusal } from "./shop/refusal.js";
import { showTickets } from "./shop/tickets.js";

const VIEWS = { tickets: showTickets, cart: showCart, orders: showOrders, enter: showEntry };
const told = el("div", { class: "stack told" });
const view = el("div");
// Ends what the view has begun, such as listening. A later view does not wait for an earlier one.
let leave = () => {};

async function show() {
  leave();
  leave = () => {};
  const place = here();
  markPlace(place);
  // Each has its own element, so that what an earlier one is still about to show shows nowhere.
  const shown = el("div", { class: "view" });
  fill(view, shown);
  const ends = [];
  leave = () => ends.splice(0).forEach((end) => end());
  try {
    await viewOf(place)(shown, place, { whenLeft: (end) => ends.push(end), again: show });
  } catch (problem) {
    fill(shown, el("h1", {}, "Shop"), refusal(problem, { again: show }));
  }
}

function viewOf(place) {
  const needsLogIn = place.order || place.transaction || place.view === "orders";
  if (needsLogIn && !mayBuy()) return showEntry;
  return place.transaction ? comeBack : place.order ? showOrder : VIEWS[place.view];
}

/** Who logs in goes on: with what was chosen, and with what a reload has interrupted. */
async function start() {
  showEntrance();
  fill(told);
  try {
    const { refused, order } = mayBuy() ? await goOn() : { refused: [], order: null };
    await basket.load();
    if (order) go({ order: order.id }, { isNew: false });
    else if (mayBuy() && here().view === "enter") go({ view: "cart" }, { isNew: false });
    else await show();
    fill(told, ...refused.map((problem) => refusal(problem, { again: start })));
  } catch (problem) {
    await show();
    fill(told, refusal(problem, { again: start }));
  }
}

async function goOn() {
  const refused = await takeAlong();
  try {
    return { refused, order: await purchase().resume() };
  } catch (problem) {
    return { refused: [...refused, problem], order: null };
  }
}

function showEntrance() {
  if (buyer() !== null) return;
  const enter = () => go({ view: "enter" });
  one("#account").append(el("button", { type: "button", onclick: enter }, "Log in or register"));
}

function markPlace(place) {
  const here = place.order || place.transaction ? "orders" : place.view;
  for (const link of document.querySelectorAll("[data-view]")) {
    if (link.dataset.view === here) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

function followLinks() {
  one(".nav").addEventListener("click", (event) => {
    const wanted = event.target.closest("[data-view]")?.dataset.view;
    // With a key pressed it is a new tab that is wanted.
    if (!wanted || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go({ view: wanted });
  });
}

basket.whenChanged(() => {
  const units = basket.units();
  one("#cart-count").hidden = units === 0;
  fill(one("#cart-count"), String(units));
});
followLinks();
whenGone(() => {
  fill(told);
  show();
});
// Who comes back by the button of the browser finds the page as it was, and not what became of it.
addEventListener("pageshow", (event) => event.persisted && show());
fill(one("#content"), told, view);
open({ audience: "all", start });
