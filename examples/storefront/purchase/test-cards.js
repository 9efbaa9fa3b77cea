// The provider for tests, where its payments are confirmed in the page (`test_confirm`). In its
// place a shop that takes money has its provider's library, such as stripe.confirmCardPayment().

/** Some of its cards; docs/payments.md lists them all. */
export const CARDS = [
  ["4242 4242 4242 4242", "succeeds"],
  ["4000 0000 0000 0002", "is declined"],
  ["4000 0000 0000 9995", "has not enough money"],
  ["4000 0000 0000 3220", "has the bank ask once more"],
];

/** Whether a payment method is that of the test provider. */
export const isTest = (method) => method === "test" || method === "test_confirm";

/**
 * Pay with a card, or go on with what the buyer has answered to the bank: `said` is {card} or
 * {authentication: "passed" | "failed"}. Resolves to {status, error}, or {refusal} in words.
 */
export async function confirm(service, payment, said) {
  const { client_secret: secret, publishable_key: key } = payment.next_action;
  const path = `/test-payments/v1/payments/${payment.provider_reference}/confirm`;
  const answer = await fetch(service + path, {
    method: "POST",
    headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
    body: JSON.stringify({ client_secret: secret, ...said }),
  });
  const told = await answer.json();
  return answer.ok ? told : { status: "refused", code: told.error.code, refusal: told.error.message };
}
