// The order desk: find an order, look at it, and do what can be done.

import { one } from "./core/dom.js";
import { begin } from "./desk/desk.js";
import { orderShown } from "./orders/detail.js";
import { orderFinder } from "./orders/finder.js";

await begin({
  place: one("#desk"),
  label: "The order",
  opens: "order",
  searches: { q: "", status: "", from: "", to: "" },
  hint: "Choose an order to see its money and its history.",
  finder: orderFinder,
  shown: orderShown,
});
