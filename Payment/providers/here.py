"""The test provider as a part of this process, so that development needs nobody outside.

It stays somebody else all the same: it is asked over HTTP, and so does it tell.
"""

import hmac
from collections.abc import Mapping, Sequence

import httpx2
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from core.clock import Clock
from core.settings import Settings
from core.signing_keys import signing_keys
from Payment.providers.connections import Answer

# Below which it is served.
ADDRESS = "/test-payments"
_WEBHOOKS = "http://localhost/api/payments/webhooks/{channel}"


class ServedHere:
    """Made when it is first asked something: nobody who does not pay needs it, nor its file."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._receiver: ASGIApp | None = None
        self._made: Starlette | None = None

    def tell(self, receiver: ASGIApp) -> None:
        """Have this application hear what becomes of payments."""
        self._receiver = receiver

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._made is None:
            self._made = self._make()
        await self._made(scope, receive, send)

    async def close(self) -> None:
        if self._made is not None:
            await self._made.state.provider.close()
            self._made = None

    def _make(self) -> Starlette:
        from test_payments.app import create_app
        from test_payments.background import Receiver
        from test_payments.provider import Options

        return create_app(
            Options(
                file=self._settings.test_payments_file,
                secrets=secrets_of(self._settings),
                receiver=Receiver(_WEBHOOKS, self._receiver),
                clock=lambda: self._clock().timestamp(),
            )
        )


class Within:
    """Speaks to what this process serves itself, without a network."""

    def __init__(self, served: ASGIApp) -> None:
        self._transport = httpx2.ASGITransport(served)

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str], content: str | bytes | None
    ) -> Answer:
        asked = httpx2.Request(method, url, headers=headers, content=content)
        answer = await self._transport.handle_async_request(asked)
        return Answer(answer.status_code, await answer.aread(), answer.headers)

    async def close(self) -> None:
        """There is nothing that stays open between two requests."""


def secrets_of(settings: Settings) -> Sequence[str]:
    """What the provider and the service share; in one process nobody has to choose it."""
    said = [secret.get_secret_value() for secret in settings.test_payments_secrets]
    if said or settings.test_payments_url:
        return said
    keys = signing_keys(settings)
    return [hmac.digest(key.encode(), b"test payments", "sha256").hex() for key in keys]
