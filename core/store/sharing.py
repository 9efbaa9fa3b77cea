"""Work that several sessions share: whoever is free does the next of it."""

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Generic, TypeVar

from sqlmodel import Session

T = TypeVar("T")


class Shared(Generic[T]):
    def __init__(self, units: Sequence[Callable[[Session], T]]) -> None:
        self._number = len(units)
        self._left = deque(enumerate(units))
        self._done: dict[int, T] = {}

    def do(self, session: Session) -> None:
        """Do what nobody has begun, until there is no more or something fails."""
        try:
            while (taken := self._take()) is not None:
                number, unit = taken
                self._done[number] = unit(session)
        except BaseException:
            # Nobody would want the rest.
            self._left.clear()
            raise

    def _take(self) -> tuple[int, Callable[[Session], T]] | None:
        with suppress(IndexError):
            return self._left.popleft()
        return None

    @property
    def is_done(self) -> bool:
        return len(self._done) == self._number

    @property
    def results(self) -> list[T]:
        """In the order of the units, once all have been done."""
        return [self._done[number] for number in range(self._number)]
