// Tables as files for spreadsheets.

import { save } from "./api.js";

/** Save rows of texts and numbers, of which the first names the columns. */
export function saveCsv(name, rows) {
  const text = rows.map((row) => row.map(cell).join(",")).join("\r\n");
  // The mark tells a spreadsheet that it is UTF-8.
  save(new Blob(["\ufeff", text, "\r\n"], { type: "text/csv;charset=utf-8" }), `${name}.csv`);
}

function cell(value) {
  if (typeof value === "number") return String(value);
  // A text that begins like a formula would be computed: core/spreadsheets.py says what does.
  const formula = /(^|[;\t\r\n])(?=\s*[=+\-@＝＋－＠])|^(?=[\t\r\n])/g;
  const text = String(value ?? "").replace(formula, "$1'");
  return `"${text.replaceAll('"', '""')}"`;
}
