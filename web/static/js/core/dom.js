// Elements, made of words and never of markup: what the API tells can't become part of the page.

/**
 * An element with attributes and children. `on…` are listeners, `class` and `data-…` are attributes
 * like all others; what is null or false is left out.
 */
export function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== null && value !== undefined && value !== false) {
      element.setAttribute(key, String(value));
    }
  }
  append(element, children);
  return element;
}

/** Put children at the end of an element; texts stay texts. */
export function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined && child !== false) element.append(child);
  }
}

/** Have an element contain just these. */
export function fill(element, ...children) {
  element.replaceChildren();
  append(element, children);
  return element;
}

/** The one element that a selector names; a page without it is broken, and says so. */
export function one(selector, within = document) {
  const found = within.querySelector(selector);
  if (found === null) throw new Error(`the page has no ${selector}`);
  return found;
}

/** An SVG element; lengths and colours are attributes or classes, for styles may not be inline. */
export function svg(name, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  append(element, children);
  return element;
}

/** Tell who can't see it; politely, so that nobody is interrupted. */
export function announce(text) {
  fill(one("#announcements"), text);
}

/** A function that runs once nobody has called it for so many milliseconds. */
export function settled(run, milliseconds = 250) {
  let timer;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => run(...given), milliseconds);
  };
}
