"""Who asks: what services need to know of the request's identity."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlmodel import Session

from models import UserRole

_RANKS = {UserRole.CUSTOMER: 1, UserRole.STAFF: 2, UserRole.ADMIN: 3}


@dataclass(frozen=True)
class Caller:
    """``user_id`` is None for nobody, and for an administrator of the open development mode."""

    user_id: int | None = None
    role: UserRole | None = None
    # Where from, which is all that tells one nobody from another.
    address: str = ""
    # Which log-in or which API key shows who it is.
    log_in_id: int | None = None
    key_id: int | None = None
    # What is worth remembering of this use of the credentials, committed after the request's work.
    aside: Callable[[Session], None] | None = None

    @property
    def principal(self) -> str:
        """Whose an ``Idempotency-Key`` is."""
        if self.user_id is not None:
            return f"user:{self.user_id}"
        return "open" if self.is_known else f"address:{self.address}"

    @property
    def is_known(self) -> bool:
        return self.role is not None

    @property
    def is_box_office(self) -> bool:
        """Staff and administrators sell, settle and override for everybody."""
        return self.has_at_least(UserRole.STAFF)

    @property
    def is_admin(self) -> bool:
        return self.has_at_least(UserRole.ADMIN)

    def has_at_least(self, role: UserRole) -> bool:
        return self.role is not None and _RANKS[self.role] >= _RANKS[role]


NOBODY = Caller()


def lower_of(one: UserRole, other: UserRole) -> UserRole:
    return min(one, other, key=_RANKS.__getitem__)
