"""What happens while somebody waits for a hash: other requests, to their end."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import anyio

from tests.support.service import Service
from User.services.hashing import PasswordHasher


class Interrupted:
    """Hashes as ever; once, after a password was compared, something else happens first."""

    def __init__(self, hasher: Any, meanwhile: Callable[[], object]) -> None:
        self._hasher = hasher
        self._meanwhile: list[Callable[[], object]] = [meanwhile]

    async def hash(self, password: str) -> str:
        return str(await self._hasher.hash(password))

    async def verify(self, password: str, stored: str | None) -> tuple[bool, str | None]:
        found: tuple[bool, str | None] = await self._hasher.verify(password, stored)
        if self._meanwhile:
            await anyio.to_thread.run_sync(self._meanwhile.pop())
        return found


@contextmanager
def meanwhile(
    service: Service, happens: Callable[[], object], *, renewing: bool = False
) -> Iterator[None]:
    """Within, the next password that is compared takes so long that this happens first.

    With ``renewing``, its hash is of parameters that have changed since, and is made anew.
    """
    before = service.app.state.hasher
    hasher = PasswordHasher(memory_kib=16, iterations=2) if renewing else before
    service.app.state.hasher = Interrupted(hasher, happens)
    try:
        yield
    finally:
        service.app.state.hasher = before
