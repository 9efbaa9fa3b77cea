// How this deployment serves, as its pages are told in their first line.

const said = document.documentElement.dataset;

/** The prefix that a proxy serves everything under; mostly empty. */
export const root = said.root ?? "";
/** Whether this machine needs no log-in, as in development. */
export const isOpen = said.authMode === "open";
/** In which the organiser's days begin, unless the reader chooses another. */
export const timezone = said.timezone ?? "UTC";
export const currency = said.currency ?? "USD";
