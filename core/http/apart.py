"""Addresses at which somebody else is served: an application that is no part of the service."""

from collections.abc import Mapping

from starlette.types import ASGIApp, Receive, Scope, Send

from core.http.middleware import route_path


class ApartMiddleware:
    """Hands an application what is asked below its address, before anything of ours sees it.

    Our headers, limits and deadlines are for our answers: a page of somebody else's has its own.
    """

    def __init__(self, app: ASGIApp, *, served: Mapping[str, ASGIApp]) -> None:
        self.app = app
        self._served = served

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path = route_path(scope)
            for address, app in self._served.items():
                if path.startswith(f"{address}/"):
                    root = scope.get("root_path", "") + address
                    inner = root + path.removeprefix(address)
                    await app({**scope, "root_path": root, "path": inner}, receive, send)
                    return
        await self.app(scope, receive, send)
