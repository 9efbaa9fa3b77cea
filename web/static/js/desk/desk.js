// A desk: a search beside what was opened, and an address that says both.

import { said, say, whenMoved } from "../core/address.js";
import { asQuery } from "../core/api.js";
import { announce, el, fill } from "../core/dom.js";
import { open } from "../core/frame.js";

/**
 * Begin a desk in `place`. `opens` is what the address calls what is opened, `searches` what can be
 * searched for, with what that is by itself. `finder` and `shown` make the two sides.
 */
export async function begin({ place, label, opens, searches, hint, finder, shown }) {
  const defaults = { ...searches, [opens]: "" };
  let desk = null;
  whenMoved(() => desk?.follow());
  await open({
    audience: "staff",
    start() {
      desk?.leave();
      desk = make();
      desk.follow();
    },
  });

  function make() {
    let at = said(defaults);
    const opened = el("section", { class: "opened stack", "aria-label": label });
    const list = finder({
      onSearch: (values) => go(values, { isNew: false }),
      onOpen: (key) => go({ [opens]: key }),
      addressOf: (key) => location.pathname + asQuery({ ...at, [opens]: key }),
    });
    const one = shown(opened, {
      onChanged: () => list.search(),
      onGone: leaveIt,
      onClose: () => go({ [opens]: "" }),
    });
    fill(place, list.element, opened);

    /** Have the address say something else, and what is shown follow. */
    function go(values, options) {
      const before = at;
      at = { ...at, ...values };
      say(at, defaults, options);
      if (at[opens] !== before[opens]) showOpened({ isChosen: true });
    }

    function showOpened({ isChosen = false } = {}) {
      const key = at[opens];
      list.mark(key);
      place.dataset.opened = key ? "yes" : "no";
      if (key) return one.show(key, { focus: isChosen ? "heading" : null });
      one.stop();
      return fill(opened, el("p", { class: "empty" }, hint));
    }

    function leaveIt(done) {
      go({ [opens]: "" }, { isNew: false });
      fill(opened, el("div", { class: "notice good" }, el("p", {}, done)));
      announce(done);
      return list.search();
    }

    return {
      /** Show what the address says. */
      follow() {
        at = said(defaults);
        showOpened();
        return list.show(at);
      },
      leave: () => one.stop(),
      /** Open one that was just made. */
      openNew(key) {
        go({ [opens]: key });
        return list.search();
      },
    };
  }

  return { openNew: (key) => desk.openNew(key) };
}
