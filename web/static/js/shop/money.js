// Sums before there is an order, in the smallest unit of the currency: 0.1 + 0.2 is 0.3.

import { currency } from "../core/deployment.js";

const digits = new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions()
  .maximumFractionDigits;
const units = (amount) => Math.round(amount * 10 ** digits);
const amount = (sum) => sum / 10 ** digits;

export const fractions = {
  times: (price, quantity) => amount(units(price) * quantity),
  sum: (amounts) => amount(amounts.reduce((sum, one) => sum + units(one), 0)),
};
