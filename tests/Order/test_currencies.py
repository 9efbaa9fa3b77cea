"""A shop in a currency with other decimals than the dollar's sells, refunds and reports exactly."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from core.currencies import CURRENCIES
from tests.support.client import Api
from tests.support.currencies import Shops, stored
from tests.support.service import Service
from tests.test_cli import CommandLine, spoil


@pytest.fixture(scope="module")
def started(shared_service: Service) -> Iterator[Shops]:
    with ExitStack() as stack:
        yield Shops(shared_service, stack)


@pytest.fixture
def shops(started: Shops, service: Service) -> Shops:
    """After the database was emptied."""
    assert service
    return started


@pytest.fixture
def dinars(shops: Shops) -> Iterator[Api]:
    """A shop with three decimals."""
    with shops.selling("KWD") as api:
        yield api


@pytest.fixture
def yen(shops: Shops) -> Iterator[Api]:
    """A shop without decimals."""
    with shops.selling("JPY") as api:
        yield api


class TestASale:
    @pytest.mark.parametrize(
        ("code", "price", "minor"),
        [
            ("JPY", 9999, 9999),
            ("VND", 9_999_999_999, 9_999_999_999),
            ("IDR", 9_999_999_999.99, 999_999_999_999),
            ("KWD", 1.255, 1255),
            ("UYW", 0.1234, 1234),
        ],
    )
    def test_is_exact_to_the_minor_unit(
        self, shops: Shops, service: Service, code: str, price: float, minor: int
    ) -> None:
        one = Decimal(1).scaleb(-CURRENCIES[code].digits)
        with shops.selling(code) as api:
            ticket = api.ticket(price=price)
            assert (ticket["price"], ticket["currency"]) == (price, code)
            order = api.order(api.user(), (ticket, 3))
            api.settle(api.payment(order, float(one)))
            rest = api.settle(api.payment(order))
            api.post(f"/api/transactions/{rest['id']}/refund", {"amount": float(one)})
            paid = api.again(order, "orders")
            assert (paid["status"], paid["currency"]) == ("confirmed", code)
            assert paid["amount_paid"] == paid["total_amount"] == float(one * minor * 3)
            money = api.get("/api/analytics/revenue")
            assert money["refunded"] == paid["amount_refunded"] == float(one)
            assert money["net_revenue"] == float(one * (minor * 3 - 1))
            books = api.get("/api/analytics/reconciliation")
        assert (books["is_consistent"], books["totals"]["revenue"]) == (True, paid["total_amount"])
        rows = stored(service, "SELECT total_amount, amount_paid, amount_refunded FROM orders")
        assert rows == [(minor * 3, minor * 3, 1)]
        assert stored(service, "SELECT price FROM tickets") == [(minor,)]

    def test_without_decimals_is_told_in_whole_numbers(self, yen: Api) -> None:
        order = yen.order(yen.user(), (yen.ticket(price=500), 2))
        told = yen.request("GET", f"/api/orders/{order['id']}").text
        assert re.findall(r'"(\w+)":([0-9]+\.[0-9]+)', told) == []
        assert '"total_amount":1000,' in told

    def test_in_dollars_is_told_as_ever(self, api: Api) -> None:
        order = api.order(api.user(), (api.ticket(price=500), 2))
        assert '"total_amount":1000.0,' in api.request("GET", f"/api/orders/{order['id']}").text

    def test_in_another_currency_leaves_the_one_in_dollars_alone(
        self, shops: Shops, api: Api
    ) -> None:
        with shops.selling("KWD") as dinars:
            first = dinars.ticket(price=1.255)
            other = api.ticket(price=99.99)
            problem = api.refused("PUT", f"/api/tickets/{other['id']}", {"price": 1.255})
            assert codes(problem, "#/price") == ["decimal_max_places"]
            assert dinars.again(first, "tickets")["price"] == 1.255
            assert api.again(other, "tickets")["price"] == 99.99


def codes(problem: Any, place: str) -> list[str]:
    assert (problem["status"], problem["code"]) == (422, "validation_error")
    key = "pointer" if place.startswith("#") else "parameter"
    return [error["code"] for error in problem["errors"] if error.get(key) == place]


class TestAnAmount:
    @pytest.mark.parametrize(
        ("code", "price", "less"),
        [("JPY", 100, 99.99), ("USD", 1.25, 1.255), ("KWD", 1.255, 1.2555), ("CLF", 1, 0.00001)],
    )
    def test_with_more_decimals_than_the_currency_has_is_refused(
        self, shops: Shops, code: str, price: float, less: float
    ) -> None:
        with shops.selling(code) as api:
            ticket = api.ticket(price=price, total_quantity=10)
            order = api.order(api.user(), (ticket, 2))
            paid = api.settle(api.payment(order))
            path, refund = f"/api/tickets/{ticket['id']}", f"/api/transactions/{paid['id']}/refund"
            body = {"order_id": order["id"], "payment_method": "card", "amount": less}
            found = [
                codes(api.refused("PUT", path, {"price": less}), "#/price"),
                codes(api.refused("POST", "/api/transactions/", body), "#/amount"),
                codes(api.refused("POST", refund, {"amount": less}), "#/amount"),
                codes(api.refused("GET", "/api/tickets/", min_price=less), "min_price"),
            ]
            assert found == [["decimal_max_places"]] * 4
            # Sold since, and otherwise as it was.
            assert api.again(ticket, "tickets")["price"] == price
            assert api.again(paid, "transactions") == paid

    @pytest.mark.parametrize("price", [10_000_000_000, 9_999_999_999.991])
    def test_of_a_price_ends_below_ten_thousand_million(self, dinars: Api, price: float) -> None:
        body = dinars.ticket(price=9_999_999_999.99)
        problem = dinars.refused("PUT", f"/api/tickets/{body['id']}", {"price": price})
        assert codes(problem, "#/price") == ["less_than_equal"]

    def test_leads_through_a_list(self, dinars: Api) -> None:
        for price in (1.256, 1.254, 1.255, 1.255):
            dinars.ticket(price=price)
        path = "/api/tickets/?sort=price&limit=1"
        found: list[float] = []
        while path and len(found) < 10:
            page = dinars.request("GET", path)
            found += [ticket["price"] for ticket in page.json()]
            path = page.headers.get("link", "").partition(">")[0].removeprefix("<")
        assert found == [1.254, 1.255, 1.255, 1.256]
        assert len(dinars.get("/api/tickets/", min_price=1.255, max_price=1.255)) == 2

    def test_is_remembered_as_it_was(self, dinars: Api) -> None:
        ticket = dinars.ticket(price=1.255)
        dinars.put(f"/api/tickets/{ticket['id']}", {"price": 2})
        [entry] = dinars.get("/api/audit", action="ticket_changed")
        assert entry["changes"]["price"] == {"before": "1.255", "after": "2.000"}

    def test_as_small_as_there_is_one_may_go_back(self, dinars: Api) -> None:
        state = dinars.app.state
        state.terms = replace(state.terms, refund_limit=Decimal("0.005"))
        order, payment = dinars.paid_order(dinars.user(), (dinars.ticket(price=1.255), 1))
        _, staff = dinars.someone("staff")
        assert "refund" in staff.again(order, "orders")["allowed_actions"]
        staff.post(f"/api/transactions/{payment['id']}/refund", {"amount": 0.005})
        assert "refund" not in staff.again(order, "orders")["allowed_actions"]
        problem = staff.refused("POST", f"/api/transactions/{payment['id']}/refund")
        assert (problem["code"], problem["limit"]) == ("refund_needs_admin", 0.005)


class TestAMean:
    def test_of_money_has_the_currencys_decimals_and_of_tickets_two(self, yen: Api) -> None:
        users = [yen.user("ann"), yen.user("bob")]
        for price, units in ((100, 3), (101, 1), (102, 1)):
            yen.paid_order(users[0], (yen.ticket(price=price), units))
        assert yen.get("/api/analytics/revenue")["average_order_value"] == 168
        assert yen.get("/api/analytics/users")["average_tickets_per_user"] == 2.5


class TestTheMostAnOrderComesTo:
    def test_is_told_to_the_cent(self, api: Api) -> None:
        order = self.nearly(api)
        line = {"ticket_id": api.ticket(price=9.99)["id"], "quantity": 1}
        whole = api.post(f"/api/orders/{order['id']}/items", line)
        assert whole["total_amount"] == 9_999_999_999_999.99
        payment = api.settle(api.payment(order))
        assert payment["amount"] == api.get("/api/analytics/revenue")["net_revenue"]
        assert payment["amount"] == 9_999_999_999_999.99

    def test_is_not_passed_by_a_cent(self, api: Api) -> None:
        order, ticket = self.nearly(api), api.ticket(price=10)
        line = {"ticket_id": ticket["id"], "quantity": 1}
        problem = api.refused("POST", f"/api/orders/{order['id']}/items", line)
        assert (problem["status"], problem["code"]) == (409, "order_total_limit")
        assert problem["total_amount"] == 10_000_000_000_000
        assert problem["limit"] == 9_999_999_999_999.99
        assert api.again(order, "orders") == order
        assert api.stock(ticket) == (100, 0, 0, 0)

    @staticmethod
    def nearly(api: Api) -> Any:
        """An order of 9,999,999,999,990.00."""
        tickets = [api.ticket(price=9_999_999_999.99) for _ in range(10)]
        return api.order(api.user(), *((ticket, 100) for ticket in tickets))


class TestTheCommandLine:
    def test_tells_amounts_with_the_currencys_decimals(self, service: Service, dinars: Api) -> None:
        dinars.order(dinars.user(), (dinars.ticket(price=1.25), 1))
        spoil(service, "UPDATE orders SET total_amount = 5")
        told = self.of(service, "KWD").run("reconcile").stdout
        assert "total_amount is 0.005, not 1.250" in told

    @pytest.mark.usefixtures("dinars")
    @pytest.mark.parametrize("command", ["reconcile", "list-users"])
    def test_does_nothing_with_the_books_of_another_currency(
        self, service: Service, command: str
    ) -> None:
        refused = self.of(service, "USD").refused(command)
        assert refused.startswith("Not started: the database was made for KWD, not for USD")

    @staticmethod
    def of(service: Service, code: str) -> CommandLine:
        command_line = CommandLine(service)
        command_line.environment["CURRENCY"] = code
        return command_line
