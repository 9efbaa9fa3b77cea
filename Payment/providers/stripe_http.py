"""How Stripe's library speaks HTTP: by httpx2, which the service has anyway.

The library's own client is for httpx, the older one, and sends bodies in a way that it has given
up. This file is imported with the library only.
"""

from collections.abc import Mapping
from typing import Any

import httpx2
from stripe import APIConnectionError, HTTPClient

from Payment.providers.connections import SpreadClient


class HttpxClient(HTTPClient):
    name = "httpx2"

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._client = SpreadClient(timeout=seconds)

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        try:
            answer = await self._client.request(method, url, headers=headers, content=post_data)
        except httpx2.HTTPError as error:
            raise APIConnectionError(str(error)) from error  # type: ignore[no-untyped-call]
        return answer.content, answer.status_code, answer.headers

    async def close_async(self) -> None:
        await self._client.aclose()
