"""Who asks: what services need to know of the request's identity."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlmodel import Session

from models import UserRole

_RANKS = {UserRole.CUSTOMER: 1, UserRole.STAFF: 2, UserRole.ADMIN: 3}


# Who did it, where it is not a user. No request can take the name of a chore or a command: they
# are made of the code's own names, and a request's actor of the rows that its credentials led to.
OPEN, ANONYMOUS, PROCESS = "open", "anonymous", "process"
MIGRATION, UNKNOWN = "migration", "unknown"


@dataclass(frozen=True)
class Actor:
    """Who did something, as the ledger and the audit remember it."""

    # ``user:7``, ``chore:fold_ledger``, ``command:create-admin``, or one of the names above.
    name: str
    role: str | None = None
    # By what: ``session:12``, ``key:3``.
    means: str | None = None


@dataclass(frozen=True)
class Caller:
    """``user_id`` is None for nobody, and for an administrator of the open development mode."""

    user_id: int | None = None
    role: UserRole | None = None
    # What stands for where from, which is all that tells one nobody from another.
    household: str = ""
    # Which log-in or which API key shows who it is.
    log_in_id: int | None = None
    key_id: int | None = None
    # What does something by itself, that no request asks for.
    program: Actor | None = None
    # What is worth remembering of this use of the credentials, committed after the request's work.
    aside: Callable[[Session], None] | None = None

    @property
    def principal(self) -> str:
        """Whose an ``Idempotency-Key`` is."""
        if self.user_id is not None:
            return f"user:{self.user_id}"
        return "open" if self.is_known else f"household:{self.household}"

    @property
    def actor(self) -> Actor:
        """Whose doing it is, for the record."""
        if self.program is not None:
            return self.program
        role = None if self.role is None else self.role.value
        return Actor(self._name, role, self._means)

    @property
    def _name(self) -> str:
        if self.user_id is not None:
            return self.principal
        return OPEN if self.is_known else ANONYMOUS

    @property
    def _means(self) -> str | None:
        if self.key_id is not None:
            return f"key:{self.key_id}"
        return None if self.log_in_id is None else f"session:{self.log_in_id}"

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
