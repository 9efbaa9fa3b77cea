// Amounts, exactly: they are added in the smallest units of their currency, where 0.1 + 0.2 is 0.3.

const DIGITS = new Map();
function digitsOf(currency) {
  if (!DIGITS.has(currency)) {
    const format = new Intl.NumberFormat("en", { style: "currency", currency });
    DIGITS.set(currency, format.resolvedOptions().maximumFractionDigits);
  }
  return DIGITS.get(currency);
}

const inUnits = (amount, currency) => Math.round(amount * 10 ** digitsOf(currency));
const asAmount = (units, currency) => units / 10 ** digitsOf(currency);

export const minus = (more, less, currency) =>
  asAmount(inUnits(more, currency) - inUnits(less, currency), currency);

/** The smallest amount that there is, for inputs: 0.01. */
export const smallest = (currency) => asAmount(1, currency);
