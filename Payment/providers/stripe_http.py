"""How Stripe's library speaks HTTP: by httpx, which the service has anyway.

The library's own client for httpx sends bodies in a way that httpx has given up. This file is
imported with the library only.
"""

from collections.abc import Mapping
from typing import Any

import httpx
from stripe import APIConnectionError, HTTPClient

# A crowd of buyers waits for Stripe, and not for one another.
_LIMITS = httpx.Limits(max_connections=1000, max_keepalive_connections=20)


class HttpxClient(HTTPClient):
    name = "httpx"

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._client = httpx.AsyncClient(timeout=seconds, limits=_LIMITS)

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        try:
            answer = await self._client.request(method, url, headers=headers, content=post_data)
        except httpx.HTTPError as error:
            raise APIConnectionError(str(error)) from error  # type: ignore[no-untyped-call]
        return answer.content, answer.status_code, answer.headers

    async def close_async(self) -> None:
        await self._client.aclose()
