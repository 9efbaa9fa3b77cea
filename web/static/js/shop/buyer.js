// Who buys, and the purchase as this page asks for it.

import { ask as askApi } from "../core/api.js";
import { person } from "../core/session.js";
import { Purchase } from "../purchase/purchase.js";

// By how much the service's clock is ahead of this one: a countdown is to be the service's.
let ahead = 0;

/** The id of who has logged in; null: nobody, or a machine in the open mode of development. */
export const buyer = () => person()?.user_id ?? null;

export const mayBuy = () => buyer() !== null;

export const purchase = () => new Purchase(ask, buyer());

/** The service's time, in milliseconds. */
export const now = () => Date.now() + ahead;

/** As the API is asked everywhere, and listens to the time in its answers. */
export async function ask(method, path, options) {
  const answer = await askApi(method, path, options);
  const told = Date.parse(answer.headers.get("Date") ?? "");
  // It has no fractions of a second: what is less than that is no difference.
  if (told && Math.abs(told - Date.now()) > 2_000) ahead = told - Date.now();
  else if (told) ahead = 0;
  return answer;
}
