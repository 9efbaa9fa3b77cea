"""Adding the ledger to the sums of the reports, when a test wants it."""

from Order.services import report_folding
from tests.support.service import Service
from work.context import unattended

EVERYTHING = 1000


def fold(service: Service, piece: int = EVERYTHING) -> int:
    unit = unattended(lambda context: report_folding.fold(context, piece), service.settings)
    return service.database.write_now(unit)


def behind(service: Service) -> int:
    """How far the sums are behind the ledger."""
    progress = service.database.read_now(
        lambda session: session.execute(report_folding.progress()).one()
    )
    return int(progress.last - progress.folded)
