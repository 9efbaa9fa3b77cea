// Tickets as they are now, told by the service; where it does not tell, they are asked for again.

import { asQuery } from "./api.js";
import { root } from "./deployment.js";

const PAUSE = 15_000;
// How many times it is asked before the stream is tried again.
const ASKED = 4;
// As many as one stream tells of.
const MOST = 50;

/**
 * Listen to tickets for as long as the page is looked at. `tell(state)` is called with what has
 * changed, `gone(id)` for those that are deleted, and `again()` where the tickets have to be asked
 * for because nobody tells. Returns a function that ends it.
 */
export function listen(ids, { tell, gone, again }) {
  const watched = ids.slice(0, MOST);
  let stream = null;
  let timer = null;

  const rest = () => {
    stream?.close();
    clearTimeout(timer);
    stream = timer = null;
  };
  const begin = () => {
    rest();
    if (document.visibilityState === "hidden" || watched.length === 0) return;
    stream = new EventSource(`${root}/api/tickets/events${asQuery({ ids: watched })}`);
    stream.addEventListener("ticket", (event) => tell(JSON.parse(event.data)));
    stream.addEventListener("gone", (event) => gone(JSON.parse(event.data).id));
    stream.addEventListener("error", () => {
      // The browser comes back to a stream that has broken off, with the id of what it heard last.
      if (stream?.readyState === EventSource.CLOSED) askAgain(ASKED);
    });
  };
  const askAgain = (times) => {
    rest();
    timer = setTimeout(async () => {
      await again();
      if (timer === null) return;
      if (times > 1) askAgain(times - 1);
      else begin();
    }, PAUSE);
  };
  const look = () => (document.visibilityState === "hidden" ? rest() : begin());

  document.addEventListener("visibilitychange", look);
  addEventListener("pagehide", rest);
  addEventListener("pageshow", look);
  begin();
  return () => {
    rest();
    document.removeEventListener("visibilitychange", look);
    removeEventListener("pagehide", rest);
    removeEventListener("pageshow", look);
  };
}
