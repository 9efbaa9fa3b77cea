"""What each role may do with an operation: its right, which stands beside the route.

``OWN`` is the caller's own objects; another's answers 404, as if it were not there. The gatekeeper,
the OpenAPI document, the table in the reference and the tests are made from the rights of all
routes together, and an operation without one does not start.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, TypeVar

from core.errors import DomainError
from core.store.statements import Statement
from models import UserRole
from work.caller import Caller

F = TypeVar("F", bound=Callable[..., Any])

_NAME = "__right__"
_REPEATABLE = "__repeatable__"
_SIGNED = "__signed__"


class Access(Enum):
    NO = "no"
    OWN = "own"
    ALL = "all"


@dataclass(frozen=True)
class Owned:
    """A kind of object that users own, by the key that ``work.about`` names."""

    name: str
    # How it is answered for that the object is not there, or another's.
    missing: type[DomainError]
    # Has a row if the object ``about`` is the user ``asking_id``'s; None: it is the user itself.
    of_user: Statement | None
    # The key as it stands in the database.
    key: Callable[[Any], Any] = field(default=lambda key: key)


@dataclass(frozen=True)
class Right:
    anonymous: Access
    customer: Access
    staff: Access
    admin: Access
    # Which objects ``OWN`` is about; without, the service itself selects what the caller may see.
    owned: Owned | None = None
    # Does not look at credentials at all: an OAuth client logs in with an Authorization header of
    # its own, and who logs out may hold a token that has ended.
    ignores_credentials: bool = False
    # Also with a log-in that is good for nothing else, until its second factor is enrolled.
    serves_enrolling: bool = False

    def access_of(self, caller: Caller) -> Access:
        by_role = {
            None: self.anonymous,
            UserRole.CUSTOMER: self.customer,
            UserRole.STAFF: self.staff,
            UserRole.ADMIN: self.admin,
        }
        return by_role[caller.role]

    @property
    def is_public(self) -> bool:
        return self.anonymous is not Access.NO


_NO, _OWN, _ALL = Access.NO, Access.OWN, Access.ALL

PUBLIC = Right(_ALL, _ALL, _ALL, _ALL)
INDIFFERENT = Right(_ALL, _ALL, _ALL, _ALL, ignores_credentials=True)
KNOWN = Right(_NO, _ALL, _ALL, _ALL)
BOX_OFFICE = Right(_NO, _NO, _ALL, _ALL)
ADMIN = Right(_NO, _NO, _NO, _ALL)
# What everybody has of their own, and nobody else's.
OWN = Right(_NO, _OWN, _OWN, _OWN)
# What one's own second factor is enrolled by.
ENROLLING = Right(_NO, _OWN, _OWN, _OWN, serves_enrolling=True)
# Lists in which the service selects the caller's own.
OWN_OR_BOX_OFFICE = Right(_NO, _OWN, _ALL, _ALL)
OWN_OR_ADMIN = Right(_NO, _OWN, _OWN, _ALL)


def owner_or_box_office(owned: Owned) -> Right:
    return Right(_NO, _OWN, _ALL, _ALL, owned)


def owner_or_admin(owned: Owned) -> Right:
    return Right(_NO, _OWN, _OWN, _ALL, owned)


def allowed(right: Right) -> Callable[[F], F]:
    """Say who may call an endpoint; below the router's own decorator."""

    def mark(endpoint: F) -> F:
        setattr(endpoint, _NAME, right)
        return endpoint

    return mark


def right_of(endpoint: Any) -> Right | None:
    """None for an endpoint that nobody has said it of; the app does not start with one."""
    return getattr(endpoint, _NAME, None)


def repeatable(endpoint: F) -> F:
    """Say that an endpoint does the same however often it is asked, and needs no key for that.

    It takes no notice of an ``Idempotency-Key``, so that nothing is stored for whom nobody knows.
    """
    setattr(endpoint, _REPEATABLE, True)
    return endpoint


def is_repeatable(endpoint: Any) -> bool:
    return getattr(endpoint, _REPEATABLE, False)


def signed(endpoint: F) -> F:
    """Say that an endpoint hears programs that sign the bytes of what they send, and no others.

    Nothing looks at these bytes before the endpoint has. Who signs is not held up by how often it
    has to be heard; whom it refuses, soon is.
    """
    setattr(endpoint, _SIGNED, True)
    return repeatable(endpoint)


def is_signed(endpoint: Any) -> bool:
    return getattr(endpoint, _SIGNED, False)
