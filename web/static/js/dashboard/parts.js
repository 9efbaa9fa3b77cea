// The parts of the page: a heading, what is shown, its table, and its files.

import { download } from "../core/api.js";
import { saveCsv } from "../core/csv.js";
import { el, fill, one } from "../core/dom.js";
import { notice } from "../core/frame.js";
import { table } from "../core/table.js";

/** A figure as the API told it (`data-value`), written for the reader. */
export const figure = (name, value, text) =>
  el("span", { "data-figure": name, "data-value": value }, text);

/**
 * A part of the page that shows what a source tells.
 *
 * `draw(data)` returns what the body shows. `rowsOf(data)` are the rows of its table, and of its
 * file named `file()`; their columns are {title, name, raw(row), text(row), isHead?, isText?,
 * heading?}; that there are none is said by `empty`. Of the parts that share a source only one
 * `tells` in full what went wrong. `exports` are buttons that need the answer.
 */
export class Part {
  #isOpen = false;
  #file = el("button", { type: "button", class: "quiet", onclick: () => this.#save() }, "CSV");
  #toggle;

  constructor({ name, source, tells = true, exports = [], ...own }) {
    Object.assign(this, { source, tells, exports, ...own });
    this.section = one(`#${name}`);
    this.#toggle = el(
      "button",
      {
        type: "button",
        class: "quiet",
        "aria-expanded": "false",
        "aria-controls": `${name}-table`,
        onclick: () => this.#open(!this.#isOpen),
      },
      "Table",
    );
    this.title = one("h2", this.section).textContent;
    for (const button of [this.#toggle, this.#file]) {
      button.setAttribute("aria-label", `${button.textContent}: ${this.title}`);
    }
    fill(this.slot("tools"), exports, this.#toggle, this.#file);
    source.listen(() => this.show());
  }

  slot(name) {
    return one(`[data-slot="${name}"]`, this.section);
  }

  show() {
    const { state, data, problem } = this.source.now;
    this.section.setAttribute("aria-busy", String(state === "loading"));
    const rows = state === "ready" ? this.rowsOf(data) : [];
    this.#toggle.disabled = this.#file.disabled = rows.length === 0;
    for (const button of this.exports) one("button", button).disabled = state !== "ready";
    // What was shown stays, dimmed, until there is something else.
    if (state === "loading" && data !== null) return;
    if (state === "loading") this.#body(skeleton());
    else if (state === "failed") this.#body(this.#told(problem));
    else if (rows.length === 0) this.#body(el("p", { class: "empty" }, this.empty));
    else this.#body(this.draw(data));
    this.#fillTable(rows);
  }

  #body(...shown) {
    fill(this.slot("body"), ...shown);
  }

  #told(problem) {
    const retry = () => this.source.again();
    if (this.tells) return this.noticeOf?.(problem) ?? notice(problem, { retry });
    if (problem.status === REFUSED) return el("p", { class: "empty" }, SAID_ABOVE);
    const button = el("button", { type: "button", class: "quiet", onclick: retry }, "Try again");
    return el("div", { class: "empty" }, "This could not be loaded. ", button);
  }

  #open(isOpen) {
    this.#isOpen = isOpen;
    this.#toggle.setAttribute("aria-expanded", String(isOpen));
    this.slot("table").hidden = !isOpen;
    this.#fillTable(this.source.now.state === "ready" ? this.rowsOf(this.source.now.data) : []);
  }

  // Only where somebody looks at it: a series may have thousands of rows.
  #fillTable(rows) {
    if (!this.#isOpen) return;
    const shown = rows.length > 0 && table({ caption: this.title, columns: this.#cells(), rows });
    fill(this.slot("table"), shown);
  }

  #cells() {
    return this.columns().map(({ title, name, raw, text, isHead }) => ({
      title,
      isHead,
      isNumber: !isHead && name !== "text",
      cell: (row) => figure(name, raw(row), text(row)),
    }));
  }

  #save() {
    const columns = this.columns();
    const rows = this.rowsOf(this.source.now.data);
    saveCsv(this.file(), [
      columns.map((column) => column.heading ?? column.title),
      ...rows.map((row) => columns.map((column) => column.raw(row))),
    ]);
  }
}

/** A button that saves a file of the API's; `query()` says which lines. */
export function exportButton(text, path, query) {
  const problem = el("span");
  const button = el("button", { type: "button", class: "quiet" }, text);
  button.addEventListener("click", async () => {
    button.disabled = true;
    fill(problem);
    try {
      await download(path, query());
    } catch (refusal) {
      fill(problem, el("span", { class: "error", role: "alert" }, refusal.message));
    } finally {
      button.disabled = false;
    }
  });
  return el("span", { class: "row" }, problem, button);
}

// The same choice is refused the same way, however often it is tried.
const REFUSED = 422;
const SAID_ABOVE = "This can't be shown for what is chosen; the chart above says why.";

const skeleton = () => el("div", { class: "skeleton fills", "aria-hidden": "true" });
