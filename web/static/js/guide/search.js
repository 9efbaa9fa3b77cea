// A filter over the titles and headings of all documents, on the guide's first page.

import { said, say, whenMoved } from "../core/address.js";
import { announce, one, settled } from "../core/dom.js";
import { count } from "../core/format.js";

const defaults = { q: "" };
// More are no help: a reader adds a word.
const MOST = 30;

export function openSearch() {
  const search = document.querySelector("#search");
  if (search === null) return;
  const input = one("#wanted");
  const entries = [...search.querySelectorAll("[data-words]")].map((item) => ({
    item,
    words: item.textContent.toLowerCase(),
    title: item.dataset.words.toLowerCase(),
  }));
  const tell = settled((text) => announce(text), 500);
  const look = () => tell(show(entries, input.value));
  const follow = () => {
    input.value = said(defaults).q;
    show(entries, input.value);
  };
  search.hidden = false;
  input.addEventListener("input", () => {
    say({ q: input.value.trim() }, defaults, { isNew: false });
    look();
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") search.querySelector("li:not([hidden]) a")?.click();
  });
  whenMoved(follow);
  follow();
}

/** Show what has all words of a text; what was found, in words. */
function show(entries, text) {
  const wanted = text.toLowerCase().split(/\s+/).filter(Boolean);
  const found = wanted.length ? entries.filter((entry) => has(entry, wanted)) : [];
  const shown = new Set(found.slice(0, MOST));
  for (const entry of entries) entry.item.hidden = !shown.has(entry);
  one("#found").hidden = shown.size === 0;
  const told = wanted.length ? words(found.length) : "";
  one("#count").textContent = told;
  return told;
}

/** All words somewhere in what is shown, and one of them in its own title. */
const has = ({ words, title }, wanted) =>
  wanted.every((word) => words.includes(word)) && wanted.some((word) => title.includes(word));

const words = (found) =>
  found > MOST ? `The first ${MOST} of ${count(found, "place")}` : count(found, "place");
