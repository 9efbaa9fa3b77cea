// What is looked at stands in the address, so that it can be sent to somebody, and comes back with
// a reload or the button that goes back.

/** What the address says: {name: value}, with what it leaves out from `defaults`. */
export function said(defaults) {
  const query = new URLSearchParams(location.search);
  return Object.fromEntries(
    Object.entries(defaults).map(([name, fallback]) => [name, query.get(name) ?? fallback]),
  );
}

/** Have the address say this; what is as it is by default is left out. */
export function say(values, defaults, { isNew = true } = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value && value !== defaults[name]) query.set(name, value);
  }
  const address = location.pathname + (query.size ? `?${query}` : "");
  if (address === location.pathname + location.search) return;
  history[isNew ? "pushState" : "replaceState"](null, "", address);
}

/** Called when somebody goes back or forth. */
export const whenMoved = (listener) => addEventListener("popstate", listener);
