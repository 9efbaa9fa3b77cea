"""How a provider is spoken to by HTTP, by however many at once."""

from itertools import cycle
from typing import Any

import httpx2

# A client looks through all that it has under way for each request that begins or ends, and asks
# the system about each connection that is idle.
_CLIENTS = 16
# Of one client: a crowd of buyers waits for a slow provider, and not for one another.
_CONNECTIONS = httpx2.Limits(max_connections=100, max_keepalive_connections=8)


class SpreadClient:
    """Several HTTP clients that ask in turn, so that what one has under way stays little."""

    def __init__(self, *, trust_env: bool = True, **options: Any) -> None:
        # Once for all of them: it reads the certificates of all authorities.
        verify = httpx2.create_ssl_context(trust_env=trust_env)
        options |= {"verify": verify, "trust_env": trust_env, "limits": _CONNECTIONS}
        self._clients = [httpx2.AsyncClient(**options) for _ in range(_CLIENTS)]
        self._turns = cycle(self._clients)

    async def request(self, method: str, url: str, **said: Any) -> httpx2.Response:
        return await next(self._turns).request(method, url, **said)

    async def aclose(self) -> None:
        for client in self._clients:
            await client.aclose()
