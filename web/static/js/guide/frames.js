// What scrolls in its own frame is reached by the keyboard, and what does not is passed over.

export function watchFrames() {
  const watcher = new ResizeObserver((seen) => seen.forEach(({ target }) => mark(target)));
  for (const frame of document.querySelectorAll("[data-frame]")) watcher.observe(frame);
}

function mark(frame) {
  const scrolls = frame.scrollWidth > frame.clientWidth || frame.scrollHeight > frame.clientHeight;
  // A frame that is being scrolled keeps the focus, however wide the window becomes.
  if (scrolls) frame.setAttribute("tabindex", "0");
  else if (frame !== document.activeElement) frame.removeAttribute("tabindex");
}
