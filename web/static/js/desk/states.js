// How states are shown.

import { el } from "../core/dom.js";

const KINDS = {
  pending: "warn",
  confirmed: "good",
  completed: "good",
  cancelled: "bad",
  available: "good",
  reserved: "warn",
  sold: "",
  success: "good",
  succeeded: "good",
  failed: "bad",
  refunded: "",
  open: "warn",
  won: "good",
  lost: "bad",
};

export const badge = (state, words = state) =>
  el("span", { class: `badge ${KINDS[state] ?? ""}`.trim() }, words);
