"""How much one caller may have stored under Idempotency-Keys, so that nobody fills the disk.

Counted in this process and without a question to the database, for the hottest requests have keys.
"""

from dataclasses import dataclass
from math import ceil

from Auth.buckets import Buckets, buckets
from Auth.errors import TooManyStoredAnswersError
from core.settings import Settings
from work.caller import Caller

# One address may stand for a campus.
_MORE = 20
# What a row takes besides its answer, with its part of three indexes.
_BYTES_OF_A_ROW = 400


class AnswerQuotas:
    """By caller and, twenty times as much, by household: accounts are had for the asking."""

    def __init__(self, settings: Settings) -> None:
        answers, size = settings.stored_answers_rate_limit, settings.stored_bytes_rate_limit
        self._answers = buckets("stored-answers", answers)
        self._size = buckets("stored-bytes", size)
        self._answers_of_all = buckets("stored-answers-address", answers, times=_MORE)
        self._size_of_all = buckets("stored-bytes-address", size, times=_MORE)

    def at(self, household: str) -> "StoredAnswer":
        return StoredAnswer(self, household)

    def names(self, caller: Caller, household: str) -> list[tuple[Buckets, str, bool]]:
        """The buckets that an answer is counted in: (bucket, whose, whether by its bytes)."""
        mine, all_of_us = caller.principal, f"address:{household}"
        found = [
            (self._answers, mine, False),
            (self._size, mine, True),
            (self._answers_of_all, all_of_us, False),
            (self._size_of_all, all_of_us, True),
        ]
        return [(one, name, by_size) for one, name, by_size in found if one is not None]


@dataclass
class StoredAnswer:
    """The answer to one request, which is stored unless too many are."""

    _quotas: AnswerQuotas
    _household: str
    # A unit of work that is run again stores its answer again, in place of the first.
    _counted: int | None = None

    def require_room(self, caller: Caller) -> None:
        """The box office sells for everybody, and is trusted with it."""
        if caller.is_box_office:
            return
        for bucket, name, _ in self._quotas.names(caller, self._household):
            if (wait := bucket.wait(name)) > 0:
                raise TooManyStoredAnswersError(
                    bucket.quota.name, bucket.quota.requests, ceil(wait)
                )

    def note(self, caller: Caller, size: int) -> None:
        """Count an answer that is being stored, with its size in bytes."""
        if caller.is_box_office:
            return
        row = size + _BYTES_OF_A_ROW
        answers, more = int(self._counted is None), row - (self._counted or 0)
        self._counted = row
        for bucket, name, by_size in self._quotas.names(caller, self._household):
            bucket.add(name, more if by_size else answers)
