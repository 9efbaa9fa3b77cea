// The order desk: find an order, look at it, and do what can be done.

import { say, said, whenMoved } from "./core/address.js";
import { asQuery } from "./core/api.js";
import { announce, el, fill, one } from "./core/dom.js";
import { open } from "./core/frame.js";
import { detail } from "./orders/detail.js";
import { finder } from "./orders/finder.js";

const DEFAULTS = { q: "", status: "", from: "", to: "", order: "" };
let desk = null;

whenMoved(() => desk?.follow());
await open({ audience: "staff", start });

function start() {
  desk?.leave();
  desk = makeDesk(one("#desk"));
  desk.follow();
}

function makeDesk(place) {
  let at = said(DEFAULTS);
  const opened = el("section", { class: "opened stack", "aria-label": "The order" });
  const orders = finder({
    onSearch: (values) => go(values, { isNew: false }),
    onOpen: (order) => go({ order }),
    addressOf: (order) => location.pathname + asQuery({ ...at, order }),
  });
  const shown = detail(opened, {
    onChanged: () => orders.search(),
    onGone: leaveIt,
    onClose: () => go({ order: "" }),
  });
  fill(place, orders.element, opened);

  /** Have the address say something else, and what is shown follow. */
  function go(values, options) {
    const before = at;
    at = { ...at, ...values };
    say(at, DEFAULTS, options);
    if (at.order !== before.order) showOrder({ isChosen: true });
  }

  async function showOrder({ isChosen = false } = {}) {
    const { order } = at;
    orders.mark(order);
    place.dataset.opened = order ? "yes" : "no";
    if (order) return shown.show(order, { focus: isChosen ? "heading" : null });
    shown.stop();
    delete opened.dataset.reference;
    fill(opened, el("p", { class: "empty" }, "Choose an order to see its money and its history."));
    return undefined;
  }

  function leaveIt(done) {
    go({ order: "" }, { isNew: false });
    fill(opened, el("div", { class: "notice good" }, el("p", {}, done)));
    announce(done);
    return orders.search();
  }

  return {
    /** Show what the address says. */
    follow() {
      at = said(DEFAULTS);
      showOrder();
      return orders.show(at);
    },
    leave: () => shown.stop(),
  };
}
