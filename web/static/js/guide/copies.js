// A button on what a reader types or keeps.

import { announce, el } from "../core/dom.js";

export function offerCopies() {
  // A browser lets pages write to the clipboard only where nobody in between could have changed them.
  if (!navigator.clipboard) return;
  for (const block of document.querySelectorAll("[data-copy]")) block.append(copyButton(block));
}

function copyButton(block) {
  const code = block.querySelector("code");
  const button = el("button", { type: "button", class: "copy", onclick: copy }, "Copy");
  async function copy() {
    try {
      await navigator.clipboard.writeText(code.textContent.trimEnd());
      say("Copied");
    } catch {
      // The browser asked, or was told, not to: the text can still be selected.
      getSelection().selectAllChildren(code);
      say("Selected");
    }
  }
  function say(word) {
    button.textContent = word;
    announce(`${word}.`);
    button.addEventListener("blur", () => (button.textContent = "Copy"), { once: true });
  }
  return button;
}
