// Doing something to an order, once a person has confirmed it.

import { confirm } from "../core/dialogs.js";
import { el, fill } from "../core/dom.js";
import { explain } from "../core/refusals.js";

/**
 * Ask, do it, and have the order shown as it is then; `done` is said afterwards. Also where it is
 * not known whether it was done, or somebody else changed it, the order is looked at again.
 */
export async function doing(again, { run, done, leaves = false, ...asked }) {
  let isTried = false;
  const answer = await confirm({
    ...asked,
    explain,
    run: (given) => {
      isTried = true;
      return run(given);
    },
  });
  if (answer !== null) await again({ done, isGone: leaves });
  else if (isTried) await again({});
}

/** Words that follow what a form says: `tell(form)` gives lines. */
export function following(tell) {
  const lines = el("div", { class: "stack-small", "aria-live": "polite" });
  const follow = () => {
    const form = lines.closest("form");
    if (form !== null) fill(lines, tell(form).map((line) => el("p", {}, line)));
  };
  // Once it stands in its form.
  queueMicrotask(() => {
    lines.closest("form").addEventListener("input", follow);
    follow();
  });
  return lines;
}
