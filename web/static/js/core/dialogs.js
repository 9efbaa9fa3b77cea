// Questions before something is done that others will notice.

import { newKey } from "./keys.js";
import { el, fill } from "./dom.js";
import { notice } from "./frame.js";

/**
 * Ask whether to do something; `says` tells in words and numbers what will happen. `run` is given a
 * key for the request and the form's values; however often the button is pressed, or has to be
 * pressed again after an answer was lost, the key is the same, so that it is done once. What was
 * refused was not done, and the next try is another one. `explain`
 * has words of the page's own for what is refused: {what, next}.
 *
 * Returns what `run` returned; null: it was called off.
 */
export function confirm({
  title,
  says,
  inputs = [],
  action,
  isDangerous = false,
  explain = (refusal) => ({ what: refusal.message }),
  run,
}) {
  return new Promise((resolve) => {
    let key = newKey();
    const problem = el("div");
    const no = el("button", { type: "button", onclick: () => dialog.close() }, "Go back");
    const yes = el("button", { type: "submit", class: `primary${isDangerous ? " danger" : ""}` }, action);
    const form = el(
      "form",
      { method: "dialog" },
      el("h2", { id: "dialog-title" }, title),
      ...[says].flat().map((line) => (typeof line === "string" ? el("p", {}, line) : line)),
      inputs,
      problem,
      el("div", { class: "actions" }, no, yes),
    );
    const dialog = el("dialog", { "aria-labelledby": "dialog-title" }, form);
    let done = null;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (yes.disabled) return;
      yes.disabled = true;
      yes.setAttribute("aria-busy", "true");
      fill(problem);
      try {
        done = (await run({ key, values: Object.fromEntries(new FormData(form)) })) ?? true;
        dialog.close();
      } catch (refusal) {
        if (isOver(refusal)) key = newKey();
        fill(problem, notice(refusal, { says: explain(refusal) }));
      } finally {
        yes.disabled = false;
        yes.removeAttribute("aria-busy");
      }
    });
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(done);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

// Of these an earlier request under the same key is known, which may have been done.
const KEPT = ["request_in_progress", "idempotency_key_reused"];

/** Whether a request is known to have done nothing: its refusal is stored under its key. */
const isOver = ({ status, code }) => status >= 400 && status < 500 && !KEPT.includes(code);
