"""Attempts on an account, which flows have counted before they compare a password."""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Protocol

from core.text import account_key


class Counts(Protocol):
    def __call__(self, account: str, *, is_known_here: bool) -> Awaitable[None]: ...


@dataclass(frozen=True)
class Attempts:
    """A request's: how one is counted, and where it comes from."""

    # Raises if it is one too many.
    count: Counts
    # The marks of the request's household, today's first; see ``login_place_service``.
    places: Sequence[str]


def account_of(user_id: int | None, name: str) -> str:
    """What attempts are counted by: one account, by whichever name, or a name that has none.

    No username has a blank, so that none is like an account's.
    """
    return account_key(name) if user_id is None else f"user {user_id}"
