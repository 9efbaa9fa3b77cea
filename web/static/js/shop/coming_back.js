// Coming back from a provider's page. That somebody comes back says nothing about the money.

import { el, fill } from "../core/dom.js";
import { purchase } from "./buyer.js";
import { go } from "./places.js";

const SECONDS = 6;

export async function comeBack(content, place) {
  fill(
    content,
    el("h1", {}, "One moment"),
    el("p", { class: "notice", role: "status" }, "Asking the provider what became of the payment …"),
  );
  const payment = await purchase().returned(place.transaction);
  if (!payment) return notTheirs(content, place);
  await purchase().settled(payment, SECONDS);
  // Not the way back to here, which has been gone.
  if (content.isConnected) go({ order: payment.order_id }, { isNew: false });
}

function notTheirs(content, place) {
  const onclick = () => go({ view: "orders" }, { isNew: false });
  fill(
    content,
    el("h1", {}, "Another account’s payment"),
    el("p", { class: "notice warn" }, `Payment ${place.transaction} is not one of this account. Log in as who has paid: their order shows what became of it.`),
    el("button", { type: "button", onclick }, "See my orders"),
  );
}
