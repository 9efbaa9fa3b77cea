"""Readers during a load: whatever they see must add up, at every moment."""

from collections.abc import Callable
from typing import Any

from tests.support.faults.client import Client
from tests.support.faults.shopper import cents

# What is open with a payment provider is no error; the books name it until somebody has seen to it.
_OPEN = {"no_refund_failed", "payments_as_asked"}


class Onlooker:
    def __init__(self, client: Client, tickets: list[int]) -> None:
        self._client = client
        self._tickets = tickets

    def look(self) -> None:
        views: dict[Callable[[], None], int] = {
            self._at_a_ticket: 6,
            self._at_the_stock: 1,
            self._at_the_sales: 1,
            self._at_the_revenue: 1,
            self._at_the_orders: 2,
            self._at_the_books: 1,
        }
        (view,) = self._client.choices.choices(list(views), list(views.values()))
        view()

    def _at_a_ticket(self) -> None:
        ticket = self._client.read(f"/api/tickets/{self._client.choices.choice(self._tickets)}")
        if ticket:
            self._require(_parts(ticket) == ticket["total_quantity"], ticket)

    def _at_the_stock(self) -> None:
        if report := self._client.read("/api/analytics/tickets"):
            counted = sum(report[f"{name}_quantity"] for name in ("available", "reserved", "sold"))
            # What is withheld is not told here.
            self._require(counted <= report["total_quantity"], report)

    def _at_the_sales(self) -> None:
        if report := self._client.read("/api/analytics/sales"):
            total = report["totals"]
            for rows in ("by_event", "by_category", "by_venue", "series"):
                same = all(
                    cents(total[figure]) == sum(cents(row[figure]) for row in report[rows])
                    for figure in ("tickets_sold", "revenue")
                )
                self._require(same, (total, report[rows]))

    def _at_the_revenue(self) -> None:
        if report := self._client.read("/api/analytics/revenue"):
            gross, refunded = cents(report["gross_revenue"]), cents(report["refunded"])
            self._require(cents(report["net_revenue"]) == gross - refunded >= 0, report)
            parts = sum(cents(row["net"]) for row in report["by_payment_method"])
            self._require(parts == gross - refunded, report)

    def _at_the_orders(self) -> None:
        for order in self._client.read("/api/orders/?sort=-created_at&limit=20") or []:
            lines = sum(cents(item["line_total"]) for item in order["items"])
            held = cents(order["amount_paid"]) - cents(order["amount_refunded"])
            self._require(cents(order["total_amount"]) == lines and 0 <= held <= lines, order)
            # Neither paid without a ticket nor the money kept of a cancelled order.
            self._require(not (order["status"] == "cancelled" and held), order)

    def _at_the_books(self) -> None:
        if report := self._client.read("/api/analytics/reconciliation"):
            wrong = [one for one in report["differences"] if one["rule"] not in _OPEN]
            self._require(not wrong, wrong)

    def _require(self, condition: bool, seen: Any) -> None:  # noqa: FBT001 - reads as a sentence
        if not condition:
            self._client.complain(f"does not add up: {seen}")


def _parts(ticket: Any) -> int:
    names = ("available", "reserved", "sold", "withheld")
    return sum(int(ticket[f"{name}_quantity"]) for name in names)
