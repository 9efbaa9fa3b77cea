"""How Stripe's library speaks HTTP: as the service does with any provider.

The library's own client for it lets an answer that breaks off through as an error of another kind,
and has connections for a hundred at once. This file is imported with the library only.
"""

import ssl
from collections.abc import Mapping
from typing import Any

import stripe
from stripe import APIConnectionError, HTTPClient

from Payment.port import AwayError
from Payment.providers.network import Network, proxy_of


class NetworkClient(HTTPClient):
    name = "aiohttp"

    def __init__(self, address: str, seconds: float) -> None:
        super().__init__()
        # The authorities that the machine knows, which may have one of its own, and the library's.
        verify = ssl.create_default_context()
        verify.load_verify_locations(stripe.ca_bundle_path)
        self._network = Network(seconds=seconds, verify=verify, proxy=proxy_of(address))

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        try:
            answer = await self._network.request(method, url, headers=headers, content=post_data)
        except AwayError as error:
            raise APIConnectionError(str(error)) from error.__cause__  # type: ignore[no-untyped-call]
        return answer.content, answer.status, answer.headers

    async def close_async(self) -> None:
        await self._network.close()
