"""What is kept about a person: told to them, and erased when they want."""

from Privacy.routers import privacy
from work.domain import Domain

DOMAIN = Domain(
    routers=[privacy.router],
    tags={"Privacy": "What is kept about a person: told, and erased."},
)
