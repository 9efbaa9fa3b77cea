"""Work in the thread of the event loop, which goes on with others whenever the work waits.

The driver tells when it waits for the server (``core/store/engines.py``). In a strand the thread is
not kept waiting: the work is left where it is, in the midst of all that called it, and taken up
again there once the server has answered. So it is written as what runs in a thread is, and never
goes from one thread to another.

What a strand wants is done outside of it, where its caller goes on: a loop written in C keeps
pointers into its stack, of which a strand that runs has put a part away.
"""

import asyncio
import contextvars
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar, cast

from greenlet import getcurrent, greenlet

T = TypeVar("T")
Work = Callable[[], Any]
# Does work elsewhere, and tells what came of it in the thread of the event loop.
Elsewhere = Callable[[Work, Callable[["Outcome"], None]], None]


@dataclass(frozen=True)
class Outcome:
    """What came of work: a result, or how it failed."""

    result: Any
    failure: BaseException | None

    @classmethod
    def of(cls, work: Work) -> "Outcome":
        try:
            return cls(work(), None)
        except StopIteration as error:
            # No future takes it, so that nobody would ever hear of the end.
            return cls(None, RuntimeError(f"work ended by {error!r}"))
        except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
            return cls(None, error)

    def get(self) -> Any:
        if self.failure is not None:
            raise self.failure
        return self.result

    def tell(self, waiting: "asyncio.Future[Any]") -> None:
        if waiting.done():
            # Nobody waits any more.
            return
        if self.failure is not None:
            waiting.set_exception(self.failure)
        else:
            waiting.set_result(self.result)


@dataclass(frozen=True)
class _Readiness:
    """Wanted: that a descriptor can be read or written, if there is one, or that time is up."""

    descriptor: int | None
    is_to_write: bool
    seconds: float


class Strand(greenlet):
    """One work, from its begin to its end; it has a context of its own, as a task has."""

    def __init__(self, work: Work, told: Callable[[Outcome], None], elsewhere: Elsewhere) -> None:
        super().__init__(partial(Outcome.of, work))
        self.gr_context = contextvars.copy_context()
        self._told = told
        self._elsewhere = elsewhere
        self._loop = asyncio.get_running_loop()
        # Undoes what was arranged for what it waits for.
        self._forget: Callable[[], None] | None = None
        self._is_abandoned = False

    def start(self) -> None:
        """Returns as soon as the work waits, or has ended."""
        self._arrange(self.switch())

    def abandon(self) -> None:
        """Nothing that it waits for is waited for any more: it ends now, and as if time was up."""
        self._is_abandoned = True
        if self._forget is not None:
            self._go_on(False)

    def wait(self, descriptor: int | None, *, is_to_write: bool, seconds: float) -> bool:
        """From within: whether it is ready before time is up."""
        if self._is_abandoned:
            return False
        return bool(self._want(_Readiness(descriptor, is_to_write, seconds)))

    def do_elsewhere(self, work: Work) -> Any:
        """From within: what would keep the thread from all others."""
        return cast("Outcome", self._want(partial(contextvars.copy_context().run, work))).get()

    def _want(self, wanted: Any) -> Any:
        caller = self.parent
        assert caller is not None  # noqa: S101 - only the first of a thread has none
        return caller.switch(wanted)

    def _go_on(self, said: Any) -> None:
        forget, self._forget = self._forget, None
        if forget is not None:
            forget()
        self._arrange(self.switch(said))

    def _arrange(self, wanted: Any) -> None:
        if self.dead:
            self._told(wanted)
        elif isinstance(wanted, _Readiness):
            self._await(wanted)
        else:
            self._elsewhere(wanted, self._go_on)

    def _await(self, wanted: _Readiness) -> None:
        """Go on once it is there, or time is up."""
        try:
            self._forget = self._arranged(wanted)
        except (OSError, ValueError) as error:
            # It is for the work to hear, which would be left for ever.
            self._arrange(self.throw(error))

    def _arranged(self, wanted: _Readiness) -> Callable[[], None]:
        """Returns what undoes it."""
        loop, descriptor = self._loop, wanted.descriptor
        undo: list[Callable[[], object]] = []
        if descriptor is not None:
            add, remove = (
                (loop.add_writer, loop.remove_writer)
                if wanted.is_to_write
                else (loop.add_reader, loop.remove_reader)
            )
            add(descriptor, self._go_on, True)
            undo.append(partial(remove, descriptor))
        if wanted.seconds != math.inf:
            undo.append(loop.call_later(wanted.seconds, self._go_on, False).cancel)

        def forget() -> None:
            for one in undo:
                one()

        return forget


def current() -> Strand | None:
    """The strand that asks, if it is one."""
    found = getcurrent()
    return found if isinstance(found, Strand) else None


def aside(work: Callable[[], T]) -> T:
    """Do what keeps a thread waiting, such as looking up a host: the driver tells nobody of it."""
    strand = current()
    return work() if strand is None else cast("T", strand.do_elsewhere(work))


def pause(seconds: float) -> None:
    strand = current()
    if strand is None:
        time.sleep(seconds)
    else:
        strand.wait(None, is_to_write=False, seconds=seconds)
