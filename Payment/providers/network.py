"""Providers elsewhere, spoken to over the network by however many at once."""

import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp

from Payment.port import AwayError
from Payment.providers.connections import Answer


def proxy_of(url: str) -> str | None:
    """The proxy that the surroundings name for an address: HTTPS_PROXY or ALL_PROXY, and NO_PROXY.

    Asked once: the client would ask for each request, in other threads, and for passwords as well.
    """
    asked = urlsplit(url)
    if asked.hostname is None or proxy_bypass(asked.hostname):
        return None
    named = getproxies()
    return named.get(asked.scheme) or named.get("all")


class Network:
    """Those who ask wait for the provider, and not for one another: each has a connection."""

    def __init__(
        self, *, seconds: float, verify: ssl.SSLContext | None = None, proxy: str | None = None
    ) -> None:
        self._timeout = aiohttp.ClientTimeout(total=seconds)
        self._verify = verify
        self._proxy = proxy
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
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _opened(self) -> aiohttp.ClientSession:
        """Made in the event loop that asks, when it first does."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, ssl=self._verify or True),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=self._timeout,
                proxy=self._proxy,
            )
        return self._session
