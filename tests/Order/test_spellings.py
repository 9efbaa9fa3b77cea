"""Names that say the same are the same, however they are spelled: in reports, lists and rules."""

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest

from tests.support.client import Api
from tests.support.folding import fold
from tests.support.service import Service

CAFE, CAFE_DECOMPOSED = "Café", "CAFE\N{COMBINING ACUTE ACCENT}"
ARENAS = ("Main Arena", "MAIN ARENA", "main  arena", "Main\N{NO-BREAK SPACE}Arena")
# England's, Scotland's and Wales's; and who is one family, or three people.
FLAGS = tuple(
    "🏴" + "".join(chr(0xE0000 + ord(letter)) for letter in region) + "\N{CANCEL TAG}"
    for region in ("gbeng", "gbsct", "gbwls")
)
FAMILIES = ("👨\N{ZERO WIDTH JOINER}👩\N{ZERO WIDTH JOINER}👧", "👨👩👧")
CAFES = (CAFE, CAFE_DECOMPOSED, "caf\N{ZERO WIDTH SPACE}é")
SPELLINGS = pytest.mark.parametrize("spellings", [ARENAS, CAFES], ids=["arenas", "cafes"])
# Of a ticket's names: where sales tell them apart.
LISTS = {"event_name": "by_event", "category": "by_category", "venue": "by_venue"}
NAMES = pytest.mark.parametrize("name", LISTS)


def spelled(api: Api, name: str, spellings: tuple[str, ...]) -> list[Any]:
    """A ticket of each spelling, and one of another name."""
    return [api.ticket(**{name: spelling}, price=10) for spelling in (*spellings, "Elsewhere")]


def of_rows_and_of_sums(service: Service) -> Iterator[None]:
    """Once while nothing is in the sums of the reports, and once when all is."""
    yield
    fold(service)
    yield


def report(api: Api, name: str, **query: str) -> Any:
    return api.get(f"/api/analytics/{name}", **query)


@NAMES
@SPELLINGS
def test_an_order_of_all_spellings_is_one_row_of_sales_and_one_order(
    api: Api, service: Service, spellings: tuple[str, ...], name: str
) -> None:
    tickets = spelled(api, name, spellings)
    api.paid_order(api.user(), *((ticket, 1) for ticket in tickets))
    units = len(spellings)
    for _ in of_rows_and_of_sums(service):
        ours, other = report(api, "sales")[LISTS[name]]
        assert ours.pop(name) in spellings
        assert ours == {"orders": 1, "tickets_sold": units, "revenue": 10 * units}
        assert other == {name: "Elsewhere", "orders": 1, "tickets_sold": 1, "revenue": 10}


@NAMES
def test_flags_and_pictures_that_differ_are_rows_of_their_own(
    api: Api, service: Service, name: str
) -> None:
    user = api.user()
    names = [f"{one} vs {other}" for one, other in combinations((*FLAGS, *FAMILIES), 2)]
    for one in names:
        api.paid_order(user, (api.ticket(**{name: one}, price=10), 1))
    for _ in of_rows_and_of_sums(service):
        rows = report(api, "sales")[LISTS[name]]
        assert sorted(row[name] for row in rows) == sorted(names)
        assert {(row["orders"], row["revenue"]) for row in rows} == {(1, 10)}
    assert [row[name] for row in api.get("/api/tickets/", **{name: names[0]})] == names[:1]


def test_a_row_has_a_spelling_that_was_sold_in_the_range(api: Api, service: Service) -> None:
    user = api.user()
    first, second = (api.ticket(venue=venue) for venue in ("arena", "ARENA"))
    api.paid_order(user, (first, 1))
    api.clock.advance(days=40)
    day = api.clock().date().isoformat()
    api.paid_order(user, (second, 1))
    for _ in of_rows_and_of_sums(service):
        (row,) = report(api, "sales", start=day)["by_venue"]
        assert (row["venue"], row["tickets_sold"]) == ("ARENA", 1)
        (row,) = report(api, "sales")["by_venue"]
        assert (row["venue"] in {"arena", "ARENA"}, row["tickets_sold"]) == (True, 2)


def test_ways_to_pay_are_one_row(api: Api, service: Service) -> None:
    user, ticket = api.user(), api.ticket(price=10)
    for method in ("card", "Card", "CARD ", "cash"):
        body = {"order_id": api.order(user, (ticket, 1))["id"], "payment_method": method}
        paid = api.settle(api.post("/api/transactions/", body))
        assert paid["payment_method"] == method.strip()
    api.post(f"/api/transactions/{paid['id']}/refund", {"amount": 4})
    money = {"transactions": 1, "gross": 10, "refunded": 4, "net": 6}
    for _ in of_rows_and_of_sums(service):
        card, cash = report(api, "revenue")["by_payment_method"]
        assert card.pop("payment_method") in {"card", "Card", "CARD"}
        assert card == {"transactions": 3, "gross": 30, "refunded": 0, "net": 30}
        assert cash == {"payment_method": "cash", **money}


@pytest.mark.parametrize("name", ["category", "venue"])
@SPELLINGS
def test_stock_is_one_row(api: Api, spellings: tuple[str, ...], name: str) -> None:
    spelled(api, name, spellings)
    rows = {row[name]: row["total_quantity"] for row in report(api, "tickets")[LISTS[name]]}
    assert rows.pop("Elsewhere") == 100
    ((shown, total),) = rows.items()
    assert (shown in spellings, total) == (True, 100 * len(spellings))


@pytest.mark.parametrize("name", ["event_name", "category"])
@SPELLINGS
def test_reports_may_be_asked_in_any_spelling(
    api: Api, service: Service, spellings: tuple[str, ...], name: str
) -> None:
    tickets = spelled(api, name, spellings)
    api.paid_order(api.user(), *((ticket, 1) for ticket in tickets))
    fold(service)
    for asked in spellings:
        found = report(api, "sales", **{name: asked})["totals"]
        assert (found["orders"], found["tickets_sold"]) == (1, len(spellings))


@NAMES
@SPELLINGS
def test_tickets_are_found_in_any_spelling(api: Api, spellings: tuple[str, ...], name: str) -> None:
    expected = spelled(api, name, spellings)[:-1]
    for path in ("/api/tickets/", "/api/tickets/search/by-event"):
        for asked in spellings:
            assert api.get(path, **{name: asked}, sort="id") == expected


def test_a_search_finds_words_with_something_unseen_in_them(api: Api) -> None:
    ticket = api.ticket(event_name="Gol\N{SOFT HYPHEN}den\N{WORD JOINER} Hour")
    for asked in ("golden", "gold\N{ZERO WIDTH SPACE}en hour"):
        assert api.get("/api/tickets/search/by-event", q=asked) == [ticket]


class TestTransactions:
    @pytest.fixture
    def orders(self, api: Api) -> list[Any]:
        user = api.user()
        return [api.order(user, (api.ticket(price=10), 1)) for _ in range(2)]

    def pay(self, api: Api, order: Any, **fields: str) -> Any:
        body = {"order_id": order["id"], "payment_method": "card", "transaction_reference": "ch_7"}
        return api.post("/api/transactions/", {**body, **fields})

    def test_are_found_in_any_spelling_of_the_way_to_pay(self, api: Api, orders: Any) -> None:
        paid = [self.pay(api, orders[0], payment_method=one) for one in ("Ü Card", "ü  card")]
        self.pay(api, orders[1], payment_method="cash")
        for asked in ("Ü CARD", "U\N{COMBINING DIAERESIS} card"):
            assert api.get("/api/transactions/", payment_method=asked) == paid

    @pytest.mark.parametrize("method", ["Card", " CARD ", "ca\N{WORD JOINER}rd"])
    def test_one_reference_is_one_success_in_any_spelling_of_the_way_to_pay(
        self, api: Api, orders: Any, method: str
    ) -> None:
        first = self.pay(api, orders[0])
        second = self.pay(api, orders[1], payment_method=method)
        api.settle(first)
        path = f"/api/transactions/{second['id']}/status"
        problem = api.refused("PATCH", path, {"status": "success"})
        assert (problem["code"], problem["transaction_id"]) == ("reference_used", first["id"])

    def test_the_way_to_pay_may_be_spelled_otherwise_afterwards(
        self, api: Api, orders: Any
    ) -> None:
        first, second = self.pay(api, orders[0]), self.pay(api, orders[1], payment_method="cash")
        api.settle(first)
        second = api.put(f"/api/transactions/{second['id']}", {"payment_method": "CARD"})
        assert second["payment_method"] == "CARD"
        path = f"/api/transactions/{second['id']}/status"
        assert api.refused("PATCH", path, {"status": "success"})["code"] == "reference_used"

    def test_a_settled_ones_reference_is_held_against_all_spellings(
        self, api: Api, orders: Any
    ) -> None:
        first = api.settle(self.pay(api, orders[0]))
        second = self.pay(api, orders[1], payment_method="CARD", transaction_reference="ch_8")
        path = f"/api/transactions/{api.settle(second)['id']}"
        problem = api.refused("PUT", path, {"transaction_reference": "ch_7"})
        assert (problem["code"], problem["transaction_id"]) == ("reference_used", first["id"])
