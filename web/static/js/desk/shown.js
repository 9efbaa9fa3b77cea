// What is opened at a desk, as it is now.

import { announce, el, fill } from "../core/dom.js";
import { notice } from "../core/frame.js";
import { explain } from "../core/refusals.js";

/**
 * Shows one in `place`: `load(key, signal)` asks all that is known of it, `contents(known, again)`
 * makes elements of that. `again` is called after something was done, with what to say of it.
 */
export function shown(place, { load, contents, word, onChanged, onGone, onClose }) {
  let running = new AbortController();

  function stop() {
    running.abort();
    delete place.dataset.key;
    place.removeAttribute("aria-busy");
  }

  async function show(key, { said = null, focus = null } = {}) {
    running.abort();
    running = new AbortController();
    const { signal } = running;
    if (place.dataset.key !== key) fill(place, skeleton());
    place.dataset.key = key;
    place.setAttribute("aria-busy", "true");
    try {
      const known = await load(key, signal);
      const told = said && el("div", { class: "notice good" }, el("p", {}, said));
      fill(place, back(), told, contents(known, againFor(key), signal));
      focusOn(focus);
    } catch (problem) {
      if (problem.name === "AbortError") return;
      fill(place, back(), notice(problem, { says: explain(problem), retry: () => show(key) }));
    }
    place.removeAttribute("aria-busy");
  }

  /** Show it anew after something was done to it, where the person was. */
  const againFor = (key) => async ({ done = null, isGone = false } = {}) => {
    if (done !== null) announce(done);
    if (isGone && done !== null) return onGone(done);
    const focus = document.activeElement?.dataset?.does ?? "heading";
    onChanged();
    return show(key, { said: done, focus });
  };

  function focusOn(does) {
    if (does === null) return;
    const button = place.querySelector(`[data-does="${does}"]`);
    (button ?? place.querySelector("h2"))?.focus();
  }

  const back = () =>
    el("button", { type: "button", class: "quiet back", onclick: onClose }, `← All ${word}s`);

  return { show, stop };
}

/** A card with a heading. */
export const card = (title, ...children) =>
  el("section", { class: "card", "aria-label": title }, el("header", {}, el("h3", {}, title)), children);

/** Facts, a line each; what there is nothing of is left out. */
export const facts = (pairs) =>
  el(
    "dl",
    { class: "facts" },
    pairs
      .filter(([, value]) => value !== null && value !== undefined && value !== "")
      .map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))),
  );

function skeleton() {
  const bar = (kind) => el("div", { class: `skeleton ${kind}`, "aria-hidden": "true" }, " ");
  return [bar("line-bar"), bar("line-bar"), bar("card-bar"), bar("card-bar"), bar("card-bar")];
}
