"""What each report says of days whose figures are known."""

from models import OrderStatus
from tests.support.buyer import swept
from tests.support.client import Api
from tests.support.service import Service
from tests.support.shop import figures, held_by, open_shop, pay, refund, report, set_status

ALL_TIME = {"start": None, "end": None, "interval": "day", "timezone": "UTC"}


def day(number: int) -> str:
    return f"2026-03-{number:02}T00:00:00Z"


def money(gross: float, refunded: float, net: float) -> dict[str, float]:
    return {"gross": gross, "refunded": refunded, "net": net}


def stock(total: int, available: int, sold: int, rate: float) -> dict[str, float]:
    return {
        "total_quantity": total,
        "available_quantity": available,
        "sold_quantity": sold,
        "sell_through_rate": rate,
    }


class TestDashboard:
    def test_it_tells_the_state_of_the_shop(self, api: Api) -> None:
        shop = open_shop(api)
        dashboard = report(api, "dashboard")
        recent = dashboard.pop("recent_orders")
        assert dashboard == {
            "totals": {
                "users": 4,
                "active_users": 3,
                "tickets": 4,
                "orders": 7,
                "tickets_sold": 15,
                "gross_revenue": 460.56,
                "refunded": 120.19,
                "net_revenue": 340.37,
                "average_order_value": 190.13,
            },
            "orders_by_status": {"pending": 1, "confirmed": 3, "cancelled": 2, "completed": 1},
            "tickets_by_status": {"available": 2, "reserved": 0, "sold": 1, "cancelled": 1},
            "transactions_by_status": {"pending": 1, "success": 4, "failed": 1, "refunded": 1},
            "top_events": [
                {"event_name": "Concert", **figures(3, 9, 699.93)},
                {"event_name": "Jazz", **figures(2, 6, 60.60)},
            ],
            "currency": "USD",
            "period": ALL_TIME,
        }
        fields = ("id", "order_reference", "user_id", "status", "total_amount", "created_at")
        newest_first = reversed(shop.orders)
        assert recent == [{name: order[name] for name in fields} for order in newest_first]

    def test_top_events_and_recent_orders_are_the_first_ten(self, api: Api) -> None:
        user = api.user()
        for number in range(11):
            ticket = api.ticket(event_name=f"Event {number:02}", price=number + 1)
            set_status(api, api.order(user, (ticket, 1)), "confirmed")
        dashboard = report(api, "dashboard")
        names = [row["event_name"] for row in dashboard["top_events"]]
        assert names == [f"Event {number:02}" for number in range(10, 0, -1)]
        assert [row["id"] for row in dashboard["recent_orders"]] == list(range(11, 1, -1))

    def test_orders_count_by_creation_and_sales_by_confirmation(self, api: Api) -> None:
        order = api.order(api.user(), (api.ticket(), 1))
        api.post("/api/transactions/", {"order_id": order["id"], "payment_method": "card"})
        api.clock.advance(minutes=5)
        confirmed = set_status(api, order, "confirmed")
        before = report(api, "dashboard", end=confirmed["confirmed_at"])
        assert (before["totals"]["orders"], before["totals"]["tickets_sold"]) == (1, 0)
        assert before["transactions_by_status"]["pending"] == 1
        after = report(api, "dashboard", start=confirmed["confirmed_at"])
        assert (after["totals"]["orders"], after["totals"]["tickets_sold"]) == (0, 1)
        assert (after["recent_orders"], after["transactions_by_status"]["pending"]) == ([], 0)
        assert after["orders_by_status"] == {name.value: 0 for name in OrderStatus}

    def test_users_and_tickets_are_counted_as_they_are_now(self, api: Api) -> None:
        open_shop(api)
        past = report(api, "dashboard", end="2020-01-01")["totals"]
        assert (past["users"], past["active_users"], past["tickets"]) == (4, 3, 4)
        assert (past["orders"], past["gross_revenue"], past["average_order_value"]) == (0, 0, 0)

    def test_filters_choose_what_is_counted(self, api: Api) -> None:
        open_shop(api)
        jazz = report(api, "dashboard", event_name="jazz")
        assert jazz["totals"] == {
            "users": 4,
            "active_users": 3,
            "tickets": 1,
            "orders": 2,
            "tickets_sold": 6,
            # The first order's money is counted whole: it was paid at once for all of its lines.
            "gross_revenue": 260.58,
            "refunded": 20.20,
            "net_revenue": 240.38,
            "average_order_value": 30.30,
        }
        assert jazz["orders_by_status"]["confirmed"] == 2
        assert jazz["tickets_by_status"]["sold"] == 1
        assert jazz["transactions_by_status"]["success"] == 2
        assert [row["event_name"] for row in jazz["top_events"]] == ["Jazz"]
        assert [row["id"] for row in jazz["recent_orders"]] == [5, 1]


class TestSales:
    def test_it_tells_what_was_sold(self, api: Api) -> None:
        open_shop(api)
        assert report(api, "sales") == {
            "totals": figures(4, 15, 760.53),
            "series": [
                {"period_start": day(1), **figures(1, 3, 210.08)},
                {"period_start": day(2), **figures(1, 3, 99.99)},
                {"period_start": day(3), **figures(0, 0, 0)},
                {"period_start": day(4), **figures(2, 9, 450.46)},
            ],
            "by_event": [
                {"event_name": "Concert", **figures(3, 9, 699.93)},
                {"event_name": "Jazz", **figures(2, 6, 60.60)},
            ],
            "by_category": [
                {"category": "VIP", **figures(2, 6, 599.94)},
                {"category": "Standard", **figures(3, 9, 160.59)},
            ],
            "by_venue": [
                {"venue": "Arena", **figures(3, 9, 699.93)},
                {"venue": "Club", **figures(2, 6, 60.60)},
            ],
            "currency": "USD",
            "period": ALL_TIME,
        }

    def test_pending_expired_and_cancelled_orders_are_not_sold(
        self, api: Api, service: Service
    ) -> None:
        user, ticket = api.user(), api.ticket()
        api.paid_order(user, (ticket, 1))
        expired = api.order(user, (ticket, 2))
        api.clock.advance(hours=1)
        swept(service)
        assert api.again(expired, "orders")["cancel_reason"] == "expired"
        cancelled, _ = api.paid_order(user, (ticket, 4))
        api.post(f"/api/orders/{cancelled['id']}/cancel")
        api.order(user, (ticket, 8))
        assert report(api, "sales")["totals"] == figures(1, 1, 99.99)

    def test_lists_are_complete_and_equal_revenues_go_by_name(self, api: Api) -> None:
        user = api.user()
        names = [f"event {number:02}" for number in range(12)]
        for name in reversed(names):
            ticket = api.ticket(event_name=name, venue=name, category=name, price=10)
            set_status(api, api.order(user, (ticket, 1)), "confirmed")
        sales = report(api, "sales")
        assert [row["event_name"] for row in sales["by_event"]] == names
        assert [row["category"] for row in sales["by_category"]] == names
        assert [row["venue"] for row in sales["by_venue"]] == names

    def test_lines_keep_the_names_and_prices_at_which_they_were_ordered(self, api: Api) -> None:
        ticket = api.ticket()
        api.paid_order(api.user(), (ticket, 2))
        changes = {"event_name": "Other", "venue": "Other", "category": "Other", "price": 1}
        api.put(f"/api/tickets/{ticket['id']}", changes)
        sales = report(api, "sales")
        assert sales["by_event"] == [{"event_name": "Concert 2027", **figures(1, 2, 199.98)}]
        assert sales["by_venue"] == [{"venue": "Main Arena", **figures(1, 2, 199.98)}]

    def test_a_filter_chooses_lines_and_the_orders_that_have_one(self, api: Api) -> None:
        open_shop(api)
        vip = report(api, "sales", category="VIP")
        assert vip["totals"] == figures(2, 6, 599.94)
        assert [row["orders"] for row in vip["series"]] == [1, 0, 0, 1]
        both = report(api, "sales", category="Standard", event_name="Concert")
        assert both["totals"] == figures(1, 3, 99.99)
        assert report(api, "sales", category="VIP", event_name="Jazz")["totals"] == figures(0, 0, 0)

    def test_a_free_order_counts_without_revenue(self, api: Api) -> None:
        order = api.order(api.user(), (api.ticket(price=0), 3))
        set_status(api, order, "confirmed")
        assert report(api, "sales")["totals"] == figures(1, 3, 0)


class TestRevenue:
    def test_it_tells_what_money_came_in_and_what_went_back(self, api: Api) -> None:
        open_shop(api)
        assert report(api, "revenue") == {
            "gross_revenue": 460.56,
            "refunded": 120.19,
            "net_revenue": 340.37,
            "disputed": 0,
            "average_order_value": 190.13,
            "series": [
                {"period_start": day(1), **money(210.08, 0, 210.08)},
                {"period_start": day(2), **money(199.98, 99.99, 99.99)},
                {"period_start": day(3), **money(0, 0, 0)},
                {"period_start": day(4), **money(50.50, 20.20, 30.30)},
            ],
            "by_payment_method": [
                {"payment_method": "card", "transactions": 3, **money(360.57, 120.19, 240.38)},
                {"payment_method": "cash", "transactions": 2, **money(99.99, 0, 99.99)},
            ],
            "currency": "USD",
            "period": ALL_TIME,
        }

    def test_a_refund_is_told_on_the_day_of_its_payment(self, api: Api) -> None:
        order = api.order(api.user(), (api.ticket(price=100), 1))
        paid = pay(api, order, by="card")
        api.clock.advance(days=1)
        refund(api, paid, 30)
        refund(api, paid, 20)
        assert report(api, "revenue")["series"] == [{"period_start": day(1), **money(100, 50, 50)}]
        refund(api, paid)
        assert report(api, "revenue")["series"] == [{"period_start": day(1), **money(100, 100, 0)}]
        assert report(api, "revenue", start="2026-03-02")["gross_revenue"] == 0

    def test_money_is_told_on_the_day_on_which_it_succeeded(self, api: Api) -> None:
        order = api.order(api.user(), (api.ticket(price=100), 1))
        set_status(api, order, "confirmed")
        payment = api.payment(order)
        api.clock.advance(days=1)
        api.settle(payment)
        assert report(api, "revenue")["series"] == [{"period_start": day(2), **money(100, 0, 100)}]
        first = report(api, "revenue", end="2026-03-01")
        assert (first["gross_revenue"], first["average_order_value"]) == (0, 100)

    def test_money_on_pending_and_expired_orders_counts(self, api: Api) -> None:
        user, ticket = api.user(), api.ticket(price=100)
        part_paid = api.order(user, (ticket, 1))
        pay(api, part_paid, by="card", amount=40)
        revenue = report(api, "revenue")
        assert (revenue["net_revenue"], revenue["average_order_value"]) == (40, 0)
        api.clock.advance(hours=1)
        api.post(f"/api/orders/{part_paid['id']}/cancel")
        revenue = report(api, "revenue")
        assert (revenue["gross_revenue"], revenue["refunded"]) == (40, 40)

    def test_failed_and_pending_money_does_not_count(self, api: Api) -> None:
        order = api.order(api.user(), (api.ticket(), 1))
        api.settle(api.payment(order), "failed")
        api.payment(order)
        assert report(api, "revenue")["gross_revenue"] == 0
        assert report(api, "revenue")["by_payment_method"] == []

    def test_a_filter_chooses_the_money_of_orders_with_such_a_line(self, api: Api) -> None:
        open_shop(api)
        vip = report(api, "revenue", category="vip")
        # Not the invoice, which nobody has paid yet; but the returned ticket with what went back.
        assert (vip["gross_revenue"], vip["refunded"]) == (310.07, 99.99)
        assert vip["average_order_value"] == 299.97
        assert vip["by_payment_method"] == [
            {"payment_method": "card", "transactions": 2, **money(310.07, 99.99, 210.08)}
        ]


class TestUsers:
    def test_it_tells_who_registers_and_who_buys(self, api: Api) -> None:
        shop = open_shop(api)
        ann = {"user_id": shop.ann["id"], "username": "ann"}
        bob = {"user_id": shop.bob["id"], "username": "bob"}
        assert report(api, "users") == {
            "total_users": 4,
            "active_users": 3,
            "inactive_users": 1,
            "new_users": 4,
            # Bob's other order went back.
            "returning_users": 1,
            "average_tickets_per_user": 3.75,
            "series": [
                {"period_start": day(1), "new_users": 3},
                {"period_start": day(2), "new_users": 0},
                {"period_start": day(3), "new_users": 0},
                {"period_start": day(4), "new_users": 1},
            ],
            "top_customers": [
                {**ann, "orders": 3, "tickets": 10, "spent": 710.03},
                {**bob, "orders": 1, "tickets": 5, "spent": 50.50},
            ],
            "currency": "USD",
            "period": ALL_TIME,
        }

    def test_two_sold_orders_in_the_period_make_a_returning_user(self, api: Api) -> None:
        user, ticket = api.user(), api.ticket()
        set_status(api, api.order(user, (ticket, 2)), "confirmed")
        assert report(api, "users")["returning_users"] == 0
        api.clock.advance(days=1)
        set_status(api, api.order(user, (ticket, 1)), "confirmed")
        assert report(api, "users")["returning_users"] == 1
        assert report(api, "users", start="2026-03-02")["returning_users"] == 0

    def test_bounds_choose_registrations_and_purchases(self, api: Api) -> None:
        open_shop(api)
        last = report(api, "users", start="2026-03-04", end="2026-03-04")
        assert (last["total_users"], last["new_users"], last["returning_users"]) == (4, 1, 0)
        assert last["average_tickets_per_user"] == 2.25
        assert [row["spent"] for row in last["top_customers"]] == [399.96, 50.50]

    def test_filters_choose_purchases_only(self, api: Api) -> None:
        open_shop(api)
        jazz = report(api, "users", event_name="Jazz")
        assert (jazz["total_users"], jazz["new_users"], jazz["returning_users"]) == (4, 4, 0)
        assert jazz["average_tickets_per_user"] == 1.5
        rows = [(row["username"], row["orders"], row["spent"]) for row in jazz["top_customers"]]
        assert rows == [("bob", 1, 50.50), ("ann", 1, 10.10)]

    def test_the_mean_is_rounded_to_two_decimals(self, api: Api) -> None:
        users = [api.user(f"user_{number}") for number in range(3)]
        set_status(api, api.order(users[0], (api.ticket(), 1)), "confirmed")
        assert report(api, "users")["average_tickets_per_user"] == 0.33


class TestTickets:
    def test_it_tells_what_there_is_and_how_it_sells(self, api: Api) -> None:
        shop = open_shop(api)
        vip = {"ticket_id": shop.vip["id"], "event_name": "Concert", **stock(100, 10, 6, 0.06)}
        standard = {"ticket_id": shop.standard["id"], "event_name": "Concert"}
        assert report(api, "tickets") == {
            "total_tickets": 4,
            **stock(151, 51, 15, 0.0993),
            "reserved_quantity": 1,
            "by_status": {"available": 2, "reserved": 0, "sold": 1, "cancelled": 1},
            "by_category": [
                {"category": "Standard", **stock(46, 36, 9, 0.1957)},
                {"category": "VIP", **stock(100, 10, 6, 0.06)},
                {"category": "Dinner", **stock(5, 5, 0, 0)},
            ],
            "by_venue": [
                {"venue": "Arena", **stock(140, 46, 9, 0.0643)},
                {"venue": "Club", **stock(11, 5, 6, 0.5455)},
            ],
            "top_selling": [
                vip,
                {"ticket_id": shop.jazz["id"], "event_name": "Jazz", **stock(6, 0, 6, 1)},
                {**standard, **stock(40, 36, 3, 0.075)},
            ],
            "low_stock": [vip],
            "most_held": [{**standard, **held_by(shop.bob)}],
            "period": ALL_TIME,
        }

    def test_what_was_sold_is_that_of_the_period_and_the_stock_that_of_now(self, api: Api) -> None:
        open_shop(api)
        first = report(api, "tickets", end="2026-03-01")
        assert first["available_quantity"] == 51
        assert (first["sold_quantity"], first["sell_through_rate"]) == (3, 0.0199)
        assert [row["sold_quantity"] for row in first["top_selling"]] == [2, 1]
        assert [row["sold_quantity"] for row in first["low_stock"]] == [2]
        assert [row["category"] for row in first["by_category"]] == ["VIP", "Standard", "Dinner"]

    def test_of_all_time_it_is_what_the_tickets_say(self, api: Api) -> None:
        open_shop(api)
        sold = {row["id"]: row["sold_quantity"] for row in api.get("/api/tickets/")}
        rows = report(api, "tickets")["top_selling"]
        assert {row["ticket_id"]: row["sold_quantity"] for row in rows} == {
            ticket_id: units for ticket_id, units in sold.items() if units
        }

    def test_filters_name_what_was_sold_as_it_was_called_then(self, api: Api) -> None:
        shop = open_shop(api)
        api.put(f"/api/tickets/{shop.jazz['id']}", {"event_name": "Blues"})
        jazz = report(api, "tickets", event_name="jazz")
        assert (jazz["total_tickets"], jazz["sold_quantity"]) == (1, 6)
        assert [row["event_name"] for row in jazz["top_selling"]] == ["Blues"]
        assert (jazz["low_stock"], jazz["by_status"]["sold"]) == ([], 1)
        # It would be sold as blues now.
        blues = report(api, "tickets", event_name="Blues")
        assert (blues["total_tickets"], blues["sold_quantity"]) == (1, 0)
        assert (blues["top_selling"], blues["by_status"]["sold"]) == ([], 1)

    def test_low_stock_is_a_tenth_or_less_of_what_is_on_sale(self, api: Api) -> None:
        scarce = {"total_quantity": 19}
        kinds = [
            api.ticket(**scarce, available_quantity=1),
            api.ticket(**scarce, available_quantity=2),
            api.ticket(**scarce, available_quantity=0),
            api.ticket(total_quantity=500_000_000, available_quantity=50_000_000),
            api.ticket(total_quantity=500_000_000, available_quantity=50_000_001),
            api.ticket(**scarce, available_quantity=1),
        ]
        api.patch(f"/api/tickets/{kinds[5]['id']}/status", {"status": "reserved"})
        low = report(api, "tickets")["low_stock"]
        assert [row["ticket_id"] for row in low] == [kinds[0]["id"], kinds[3]["id"]]
