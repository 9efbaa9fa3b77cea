"""What stands above the database and below all domains: a request's unit of work, and upkeep."""

from work.domain import Domain
from work.health import router
from work.idempotency import ANSWERED_KEYS, forget_old_keys

DOMAIN = Domain(
    routers=[router],
    tags={"Service": "What this service is, and whether it is well."},
    chores=[forget_old_keys],
    rules=[ANSWERED_KEYS],
)
