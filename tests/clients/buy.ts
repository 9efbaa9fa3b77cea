// A front end of a few lines: it wants more tickets than there are, reads how many are left, buys
// those, and says what it saw.
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

type Shortage = components["schemas"]["InsufficientStock"];

declare const process: { readonly argv: readonly string[] };

const baseUrl = process.argv[2] ?? "";
// In development, who asks from the same machine may do everything.
const boxOffice = createClient<paths>({ baseUrl });
const account = { username: "tilda", password: "a long walk in the rain" };

function answered<T>(answer: { data?: T; error?: unknown }): T {
  if (answer.data === undefined) {
    throw new Error(JSON.stringify(answer.error));
  }
  return answer.data;
}

const ticket = answered(
  await boxOffice.POST("/api/tickets/", {
    body: {
      event_name: "Concert",
      event_date: "2099-12-25T20:00:00Z",
      venue: "Main Arena",
      price: 49.99,
      total_quantity: 2,
      category: "VIP",
    },
  }),
);
const user = answered(
  await boxOffice.POST("/api/users/", {
    body: { ...account, email: "tilda@example.com", full_name: "Tilda Tester" },
  }),
);
const tokens = answered(
  await boxOffice.POST("/api/auth/token", {
    body: account,
    headers: { "Content-Type": "application/x-www-form-urlencoded" },
  }),
);
const shop = createClient<paths>({
  baseUrl,
  headers: { Authorization: `Bearer ${tokens.access_token}` },
});

const order = (quantity: number) =>
  shop.POST("/api/orders/", {
    body: { user_id: user.id, items: [{ ticket_id: ticket.id, quantity }] },
  });

function leftOf(shortage: Shortage): number {
  return shortage.lines[0]?.available ?? 0;
}

const refused = await order(3);
if (refused.error?.code !== "insufficient_stock") {
  throw new Error(`not what the document says: ${JSON.stringify(refused)}`);
}
const left = leftOf(refused.error);
const held = answered(await order(left));
const payment = answered(
  await shop.POST("/api/transactions/", {
    body: { order_id: held.id, payment_method: "card" },
  }),
);
answered(
  await boxOffice.PATCH("/api/transactions/{transaction_id}/status", {
    params: { path: { transaction_id: payment.id } },
    body: { status: "success" },
  }),
);
const bought = answered(
  await shop.GET("/api/orders/{order_id}", { params: { path: { order_id: held.id } } }),
);
console.log(JSON.stringify({ left, status: bought.status, total: bought.total_amount }));
