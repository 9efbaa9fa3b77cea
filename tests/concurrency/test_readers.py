"""Whatever a reader sees while others write is true of one moment."""

from collections import Counter
from itertools import chain
from typing import Any

from Order.services.sales_queries import TOP
from tests.support.racing import THREADS, Answer, Call, race, tally
from tests.support.site import Site, order_body

WRITERS = THREADS // 2
ROUNDS = 4
Script = list[Call]


def test_readers_never_see_a_part_of_a_change(site: Site) -> None:
    user, ticket = site.user(), site.ticket(1000)
    orders = [site.order(user, ticket) for _ in range(WRITERS * ROUNDS)]
    payments = [site.pending_payment(order) for order in orders]
    lives = [life(user, ticket, *both) for both in zip(orders, payments, strict=True)]
    writers = [list(chain(*lives[number::WRITERS])) for number in range(WRITERS)]
    length = len(writers[0])
    readers = [
        looks(ticket, orders[number:] + orders[:number], length) for number in range(WRITERS)
    ]
    answers = race(site.url, together([*writers, *readers]))
    written = len(lives)
    assert tally(answers) == {"200": written * 3 + WRITERS * length, "201": written}
    seen = Counter(kind_of(answer) for answer in answers)
    assert min(seen[kind] for kind in (require_ticket, require_order, require_dashboard)) >= written


def life(user: int, ticket: int, order: int, payment: int) -> Script:
    """What happens to an order; every second one grows before its money comes, and stays open."""
    grow: Call = ("POST", f"/api/orders/{order}/items", {"ticket_id": ticket, "quantity": 3})
    buy: Call = ("POST", "/api/orders/", order_body(user, (ticket, 1)))
    path = f"/api/transactions/{payment}"
    return [
        grow if order % 2 else buy,
        ("PATCH", f"{path}/status", {"status": "success"}),
        ("POST", f"{path}/refund", {"amount": 7}),
        ("POST", f"/api/orders/{order}/cancel", None),
    ]


def looks(ticket: int, orders: list[int], length: int) -> Script:
    paths = [
        path
        for order in orders
        for path in (
            f"/api/orders/{order}",
            f"/api/tickets/{ticket}",
            f"/api/orders/{order}",
            "/api/analytics/dashboard",
        )
    ]
    return [("GET", path, None) for path in paths[:length]]


def together(scripts: list[Script]) -> Script:
    """Calls such that each thread of a race follows one script."""
    return [call for turn in zip(*scripts, strict=True) for call in turn]


def kind_of(answer: Answer) -> Any:
    """Which rules an answer is held against, after it was; None for those without."""
    kinds = {
        "withheld_quantity": require_ticket,
        "items": require_order,
        "orders_by_status": require_dashboard,
    }
    for name, require in kinds.items():
        if name in answer.body:
            require(answer.body)
            return require
    return None


def require_ticket(ticket: dict[str, Any]) -> None:
    names = ("available", "reserved", "sold", "withheld")
    counters = [ticket[f"{name}_quantity"] for name in names]
    assert min(counters) >= 0
    assert sum(counters) == ticket["total_quantity"]


def require_order(order: dict[str, Any]) -> None:
    total, paid, refunded = (
        cents(order[f"{name}"]) for name in ("total_amount", "amount_paid", "amount_refunded")
    )
    assert total == sum(cents(line["line_total"]) for line in order["items"])
    assert 0 <= refunded <= paid
    assert paid - refunded <= total
    status = order["status"]
    assert (order["expires_at"] is not None) == (status == "pending")
    if status == "confirmed":
        assert order["confirmed_at"] is not None
    due = cents(order["balance_due"])
    if status == "cancelled":
        assert (paid - refunded, due) == (0, 0)
        return
    # What was refunded is due again, or is not; nothing else is.
    assert max(total - paid, 0) <= due <= max(total - paid + refunded, 0)


def require_dashboard(dashboard: dict[str, Any]) -> None:
    """Its figures come from statements of their own, over one state of the data."""
    totals, events = dashboard["totals"], dashboard["top_events"]
    assert len(events) < TOP
    assert totals["tickets_sold"] == sum(event["tickets_sold"] for event in events)
    sold = dashboard["orders_by_status"]["confirmed"] + dashboard["orders_by_status"]["completed"]
    assert sold == sum(event["orders"] for event in events)
    assert totals["orders"] == sum(dashboard["orders_by_status"].values())
    money = [cents(totals[name]) for name in ("gross_revenue", "refunded", "net_revenue")]
    assert money[0] - money[1] == money[2] >= 0


def cents(amount: float) -> int:
    return round(amount * 100)
