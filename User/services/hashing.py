"""Passwords: argon2id, never more hashes at once than the memory is meant for."""

import math
from collections.abc import Callable
from typing import TypeVar

from anyio import CapacityLimiter, fail_after, to_thread
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from core import deadline
from core.errors import BusyError
from core.settings import Settings
from User.schemas.password import as_hashed

T = TypeVar("T")

# Each hash in work takes its whole memory: four of them at OWASP's 19 MiB are 76 MiB.
PARALLEL = 4


class PasswordHasher:
    """Hashes and verifies in threads of its own, so that nobody holds a connection meanwhile."""

    def __init__(self, *, memory_kib: int, iterations: int) -> None:
        hasher = Argon2Hasher(time_cost=iterations, memory_cost=memory_kib, parallelism=1)
        self._hash = PasswordHash((hasher,))
        # Who asks for an unknown user waits as long as who has the password wrong.
        self._nobody = self._hash.hash("the password of nobody")
        self._seats = CapacityLimiter(PARALLEL)
        self._threads = CapacityLimiter(math.inf)

    @classmethod
    def of(cls, settings: Settings) -> "PasswordHasher":
        return cls(
            memory_kib=settings.password_hash_memory_kib,
            iterations=settings.password_hash_iterations,
        )

    def hash_now(self, password: str) -> str:
        """In the caller's thread; for the command line."""
        return self._hash.hash(as_hashed(password))

    async def hash(self, password: str) -> str:
        return await self._run(lambda: self.hash_now(password))

    async def verify(self, password: str, stored: str | None) -> tuple[bool, str | None]:
        """Whether the password is right, and its new hash where it is not hashed as today."""

        def compare() -> tuple[bool, str | None]:
            right, renewed = self._compare(password, stored or self._nobody)
            return right and stored is not None, renewed

        return await self._run(compare)

    def _compare(self, password: str, stored: str) -> tuple[bool, str | None]:
        """A password beyond ASCII was once hashed as it was typed, and is right as that as well.

        How long this takes depends on what was typed, and not on whose it is.
        """
        today = as_hashed(password)
        right, renewed = self._hash.verify_and_update(today, stored)
        if right or today == password:
            return right, renewed
        right = self._hash.verify(password, stored)
        return right, self._hash.hash(today) if right else None

    async def _run(self, work: Callable[[], T]) -> T:
        seat = object()
        try:
            with fail_after(deadline.remaining()):
                await self._seats.acquire_on_behalf_of(seat)
        except TimeoutError:
            raise BusyError from None
        try:
            return await to_thread.run_sync(work, limiter=self._threads)
        finally:
            self._seats.release_on_behalf_of(seat)
