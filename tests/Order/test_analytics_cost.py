"""What a report asks of the database, however full the shop is."""

import pytest

from tests.support.client import Api
from tests.support.folding import fold
from tests.support.service import Service
from tests.support.shop import REPORTS, open_shop, report
from tests.support.statements import messages, statements


class TestCost:
    def test_a_report_asks_as_many_statements_of_a_full_shop_as_of_an_empty_one(
        self, api: Api, service: Service
    ) -> None:
        costs = {"dashboard": 4, "sales": 6, "revenue": 5, "users": 5, "tickets": 7}
        assert {name: self._cost(api, service, name) for name in REPORTS} == costs
        open_shop(api)
        assert {name: self._cost(api, service, name) for name in REPORTS} == costs

    def _cost(self, api: Api, service: Service, name: str) -> int:
        with statements(service.database) as heard:
            report(api, name)
        return len(heard)


class TestEdges:
    """Where a range ends within a day, the rows of that part of the day are read."""

    RAGGED = ("2026-03-01T06:00:00", "2026-03-03T18:30:00")

    def test_money_is_found_by_when_it_came(self, api: Api, service: Service) -> None:
        """By its state SQLite would read all that ever came."""
        start, end = self.RAGGED
        with statements(service.database) as heard:
            report(api, "revenue", start=start, end=end)
        edges = [sql for sql, _ in heard if "transactions.succeeded_at >=" in sql]
        assert edges
        assert not [sql for sql in edges if "transactions.status = " in sql]

    def test_rows_are_not_read_again_for_each_name(self, api: Api, service: Service) -> None:
        """Only where a name has several spellings; how many it has, the sums of all time tell."""
        open_shop(api)
        for _ in range(2):
            fold(service)
        start, end = self.RAGGED
        with statements(service.database) as heard:
            found = report(api, "sales", start=start, end=end)
        assert [row["event_name"] for row in found["by_event"]] == ["Concert", "Jazz"]
        by_name = [sql for sql, _ in heard if "spelling_sums" in sql]
        assert len(by_name) == 3
        for sql in by_name:
            # In the figures, and in the spellings if there are several.
            assert sql.count("AND orders.confirmed_at >= ") == 4


def test_the_best_customers_are_asked_for_as_their_index_is(api: Api, service: Service) -> None:
    """It has only those who bought; with a parameter in place of the number, it is of no use."""
    with statements(service.database) as heard:
        report(api, "users")
    assert [sql for sql, _ in heard if "customer_sums.orders > 0" in sql]


# SQLite plans in no time.
@pytest.mark.parametrize("shared_service", ["postgres"], indirect=True, scope="session")
class TestPlans:
    def test_a_report_that_is_asked_again_is_planned_already(
        self, api: Api, service: Service
    ) -> None:
        open_shop(api)
        fold(service)
        march, april = ({"start": f"2026-{month}-01"} for month in ("03", "04"))
        for name in REPORTS:
            # Each connection has its own plans, and they take turns.
            for _ in range(service.settings.database_pool_size):
                report(api, name, **march)
            with messages(service.database) as sent:
                report(api, name, **april)
            asked = [message for message in sent if "SELECT" in message]
            assert [message for message in asked if "EXECUTE" not in message] == [], name
            assert [message for message in asked if "PREPARE" in message] == [], name
