"""HEAD, answered as GET without the body (RFC 9110, 9.3.2), at every address."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class HeadMiddleware:
    """Shows a HEAD as a GET to all that it leads to, so that none of them has to know of it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return

        async def send_without_body(message: Message) -> None:
            # The server counts the bytes of a body unless it sees the method.
            scope["method"] = "HEAD"
            is_body = message["type"] == "http.response.body"
            await send({**message, "body": b""} if is_body else message)

        # Not in a copy: what the routes write into it is what the log tells.
        scope["method"] = "GET"
        try:
            await self.app(scope, receive, send_without_body)
        finally:
            scope["method"] = "HEAD"
