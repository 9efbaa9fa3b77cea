"""All reports, asked of the sums and of the rows."""

from Order.schemas.analytics import AnalyticsQuery
from Order.services import analytics_service
from tests.support import oracle_reports
from tests.support.service import Service
from work.context import Context, unattended

REPORTS = ("get_dashboard", "get_sales", "get_revenue", "get_users", "get_tickets")


def require_equal(service: Service, query: AnalyticsQuery) -> None:
    """Both ways of adding up, each report of one state of the data."""
    for name in REPORTS:
        _require_equal(service, name, query)


def _require_equal(service: Service, name: str, query: AnalyticsQuery) -> None:
    def ask(context: Context) -> None:
        found, expected = (
            getattr(source, name)(context, query).model_dump(mode="json")
            for source in (analytics_service, oracle_reports)
        )
        assert found == expected, (name, query)

    service.database.snapshot_now(unattended(ask, service.settings, service.clock))
