// What a desk is about, found as one types.

import { ask, nextOf } from "../core/api.js";
import { announce, el, fill, settled } from "../core/dom.js";
import { count, number } from "../core/format.js";
import { notice } from "../core/frame.js";
import { explain } from "../core/refusals.js";

const A_PAGE = 25;

/**
 * A search and what it finds. `inputs` are {name: control}, which `fields` holds labelled; `path`
 * is asked with what `queryOf(values)` makes of them; `row(one)` is the link of one that is found,
 * with its key as `data-key`. `onSearch` is told what is searched for as it changes.
 */
export function finder({ label, word, inputs, fields, path, queryOf, row, nothing, onSearch, onOpen }) {
  const found = el("div", { class: "found" });
  const total = el("p", { class: "small muted" });
  const more = el("button", { type: "button", hidden: true }, `More ${word}s`);
  const list = el("ul", { class: "found-list" });
  const form = el("form", { class: "finder", role: "search", "aria-label": label }, fields);
  let running = new AbortController();
  let next = null;
  let opened = "";

  const values = () =>
    Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, input.value.trim()]));

  function search() {
    running.abort();
    running = new AbortController();
    list.setAttribute("aria-busy", "true");
    const said = values();
    // To count what words are found in is to look for them a second time.
    const query = { ...queryOf(said), limit: A_PAGE, count: !said.q };
    return show({ path, query }, { isNew: true });
  }

  async function show(asked, { isNew }) {
    const { signal } = running;
    try {
      const answer = await ask("GET", asked.path, { query: asked.query, signal });
      next = nextOf(answer.headers);
      if (isNew) begin(answer);
      list.append(...answer.data.map((one) => el("li", {}, row(one))));
      mark(opened);
    } catch (problem) {
      if (problem.name === "AbortError") return;
      fill(found, notice(problem, { says: explain(problem), retry: search }));
    } finally {
      if (!signal.aborted) list.removeAttribute("aria-busy");
    }
    more.hidden = next === null;
  }

  function begin(answer) {
    const isNone = answer.data.length === 0;
    const said = howMany(answer);
    fill(list);
    fill(total, said);
    announce(isNone ? `No ${word} is found` : `${said} found`);
    fill(found, isNone ? el("div", { class: "empty" }, nothing(values())) : [total, list, more]);
  }

  function howMany({ data, headers }) {
    const [all, atLeast] = ["X-Total-Count", "X-Total-Count-At-Least"].map((one) => headers.get(one));
    if (atLeast !== null) return `More than ${number(Number(atLeast))} ${word}s`;
    if (all !== null) return count(Number(all), word);
    return count(data.length, word) + (next === null ? "" : ", and more");
  }

  function mark(key) {
    opened = key;
    for (const link of list.querySelectorAll("a")) {
      if (link.dataset.key === key) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  }

  const soon = settled(() => {
    onSearch(values());
    search();
  });
  form.addEventListener("input", () => {
    // What is typed on makes an answer that is on its way one to another question.
    running.abort();
    soon();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const link = event.target.closest("a");
    // In another tab it is opened by its address.
    if (link === null || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    onOpen(link.dataset.key);
  });
  more.addEventListener("click", async () => {
    more.disabled = true;
    await show(next, { isNew: false });
    more.disabled = false;
  });
  fill(found, skeleton());
  return {
    element: el("div", { class: "stack" }, form, found),
    /** Search for what an address says. */
    show(said) {
      for (const [name, input] of Object.entries(inputs)) input.value = said[name];
      return search();
    },
    search,
    mark,
  };
}

/** Where one types what is looked for. */
export const wordsInput = () =>
  el("input", { name: "q", type: "search", autocomplete: "off", spellcheck: "false" });

/** One of these states, or any. */
export const stateInput = (states) =>
  el(
    "select",
    { name: "status" },
    el("option", { value: "" }, "Any state"),
    states.map((state) => el("option", { value: state }, state)),
  );

function skeleton() {
  const rows = Array.from({ length: 6 }, () => el("li", { class: "skeleton found-skeleton" }, " "));
  return el("ul", { class: "found-list", "aria-hidden": "true" }, rows);
}
