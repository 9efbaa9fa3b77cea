// Tables of what the API tells.

import { el } from "./dom.js";

/**
 * A table. Each column is {title, cell(row), isNumber?, isHead?}; `cell` returns text or elements.
 * What there is no row of is said by `empty`.
 */
export function table({ caption, columns, rows, empty = "There is nothing yet.", attributesOf }) {
  if (rows.length === 0) return el("p", { class: "empty" }, empty);
  const kind = (column) => (column.isNumber ? "number" : null);
  return el(
    "div",
    // Who has no mouse scrolls it by its keys.
    { class: "table-frame", tabindex: "0", role: "region", "aria-label": caption },
    el(
      "table",
      {},
      el("caption", { class: "visually-hidden" }, caption),
      el(
        "thead",
        {},
        el(
          "tr",
          {},
          columns.map((column) => el("th", { scope: "col", class: kind(column) }, column.title)),
        ),
      ),
      el(
        "tbody",
        {},
        rows.map((row) =>
          el(
            "tr",
            attributesOf?.(row) ?? {},
            columns.map((column) =>
              column.isHead
                ? el("th", { scope: "row", class: kind(column) }, column.cell(row))
                : el("td", { class: kind(column) }, column.cell(row)),
            ),
          ),
        ),
      ),
    ),
  );
}
