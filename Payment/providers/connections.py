"""How a provider is spoken to by HTTP, wherever it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Answer:
    status: int
    content: bytes
    headers: Mapping[str, str]


class Http(Protocol):
    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str], content: str | bytes | None
    ) -> Answer:
        """What is answered; ``AwayError`` if nobody does."""

    async def close(self) -> None: ...
