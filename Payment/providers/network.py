"""Providers elsewhere, spoken to over the network by however many at once."""

import ssl
from collections.abc import Mapping

import aiohttp

from Payment.port import AwayError
from Payment.providers.connections import Answer


class Network:
    """Those who ask wait for the provider, and not for one another: each has a connection."""

    def __init__(
        self, *, seconds: float, verify: ssl.SSLContext | None = None, trust_env: bool = True
    ) -> None:
        self._timeout = aiohttp.ClientTimeout(total=seconds)
        self._verify = verify
        # Whether the surroundings may name a proxy.
        self._trust_env = trust_env
        self._session: aiohttp.ClientSession | None = None

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str], content: str | bytes | None
    ) -> Answer:
        asked = self._opened().request(
            method, url, headers=headers, data=content, allow_redirects=False
        )
        try:
            async with asked as answer:
                return Answer(answer.status, await answer.read(), answer.headers)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise AwayError(type(error).__name__) from error

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _opened(self) -> aiohttp.ClientSession:
        """Made in the event loop that asks, when it first does."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, ssl=self._verify or True),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=self._timeout,
                trust_env=self._trust_env,
            )
        return self._session
