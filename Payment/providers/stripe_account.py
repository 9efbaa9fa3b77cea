"""The deployment's account at Stripe: what is asked of it, and what is signed by it.

The library is an optional requirement, and large: it is loaded when it is first needed, in a
thread. What it answers is handed on as plain dictionaries, for a webhook brings the same objects.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from importlib.util import find_spec
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeAlias

from core.settings import ConfigurationError, Settings
from Payment.port import AwayError, NonsenseError, RefusedError, UnverifiedError

if TYPE_CHECKING:
    from stripe import ListObject, StripeClient, StripeObject, V1Services

    from Payment.providers.stripe_http import NetworkClient

logger = logging.getLogger("nexticket.payments")

# A payment, a refund, an event: as Stripe's JSON has it.
Told: TypeAlias = Mapping[str, Any]

# What answers look like; a later version may say the same in other words.
_API_VERSION = "2026-10-28.endive"
_CONFLICT, _SERVER_ERROR = 409, 500
# What is asked there and what answers have in them; each of it is a file of the library's.
_SERVICES = ("v1.payment_intents", "v1.refunds", "v1.checkout.sessions")
_OBJECTS = ("list", "payment_intent", "charge", "refund", "checkout.session")


class Account:
    """The deployment's account at Stripe: what is asked of it, and what is signed by it."""

    def __init__(self, settings: Settings, name: str) -> None:
        if find_spec("stripe") is None:
            raise ConfigurationError(
                f"PAYMENT_PROVIDERS names {name}, whose library is missing: install it with"
                " `make stripe` or `pip install -r requirements-stripe.txt`"
            )
        self._settings = settings
        self._name = name
        self._http: NetworkClient | None = None
        self._loading: asyncio.Task[StripeClient] | None = None

    async def ask(self, question: "Callable[[V1Services], Awaitable[StripeObject]]") -> Told:
        client = await self._client()
        with self.in_our_words():
            return (await question(client.v1)).to_dict()

    async def every(
        self, question: "Callable[[V1Services], Awaitable[ListObject[Any]]]"
    ) -> AsyncIterator[Told]:
        """All that there are, page after page."""
        client = await self._client()
        with self.in_our_words():
            async for one in (await question(client.v1)).auto_paging_iter():
                yield one.to_dict()

    async def event(self, raw: bytes, headers: Mapping[str, str], now: datetime) -> Told:
        """What a webhook says, once it is known to be Stripe's word."""
        await self._client()
        signature = headers.get("stripe-signature", "")
        secrets = [secret.get_secret_value() for secret in self._settings.stripe_webhook_secrets]
        if not any(_is_signed(raw, signature, secret) for secret in secrets):
            raise UnverifiedError("no signature by a secret of STRIPE_WEBHOOK_SECRETS")
        # Part of what is signed; the library itself would look at the machine's clock.
        if abs(now.timestamp() - _signed_at(signature)) > self._settings.webhook_tolerance_seconds:
            raise UnverifiedError("signed too long ago, or by a clock that is wrong")
        told: Told = json.loads(raw)
        if told["livemode"] is not self._is_live:
            raise UnverifiedError("of the other mode, live or test, than STRIPE_SECRET_KEY")
        return told

    async def close(self) -> None:
        if self._http is not None:
            await self._http.close_async()

    @contextmanager
    def in_our_words(self) -> Iterator[None]:
        """Tell in the words of the port what goes wrong.

        The library's own errors have whole answers in them, which no log should have.
        """
        try:
            yield
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            # What is not there, or not of the kind that it should be.
            raise NonsenseError(f"{type(error).__name__} in what Stripe answered") from None
        except Exception as error:
            if (meant := self._meant(error)) is None:
                raise
            raise meant from None

    def _meant(self, error: Exception) -> Exception | None:
        import stripe

        if not isinstance(error, stripe.StripeError):
            return None
        status = error.http_status or 0
        kind = type(error.__cause__ or error).__name__
        said = f"{kind}, status {error.http_status}, request {error.request_id}"
        if isinstance(error, stripe.AuthenticationError | stripe.PermissionError):
            # What it says of the key has a part of it.
            logger.error(
                "Stripe does not accept STRIPE_SECRET_KEY",
                extra={"provider": self._name, "status": status, "reason": error.code},
            )
            return AwayError(said)
        if isinstance(error, stripe.CardError | stripe.InvalidRequestError):
            return RefusedError(error.code or "invalid_request")
        is_for_now = isinstance(error, stripe.APIConnectionError | stripe.RateLimitError)
        if is_for_now or status == _CONFLICT or status >= _SERVER_ERROR:
            return AwayError(said)
        return NonsenseError(said)

    async def _client(self) -> "StripeClient":
        """One for all who ask; who gives up waiting for it leaves it to the others."""
        if self._loading is None:
            self._loading = asyncio.create_task(asyncio.to_thread(self._load))
        return await asyncio.shield(self._loading)

    def _load(self) -> "StripeClient":
        import stripe

        from Payment.providers.stripe_http import NetworkClient

        # It would keep a number in the home directory to know this machine by, which may have none.
        stripe.enable_telemetry = False
        # Below this it tells whole bodies, and with these what a payment is confirmed by.
        logging.getLogger("stripe").setLevel(logging.WARNING)
        settings = self._settings
        self._http = NetworkClient(settings.stripe_api_url, settings.payment_timeout_seconds)
        client = stripe.StripeClient(
            self._settings.stripe_secret_key.get_secret_value(),
            http_client=self._http,
            base_addresses={"api": self._settings.stripe_api_url},
            stripe_version=_API_VERSION,
            # Flows and errands ask again, and know how much time there is.
            max_network_retries=0,
        )
        # Or the library would load them in the event loop's thread, when it meets each first.
        attrgetter(*_SERVICES)(client)
        for kind in _OBJECTS:
            client.deserialize({"object": kind}, api_mode="V1")
        return client

    @property
    def _is_live(self) -> bool:
        return "_live_" in self._settings.stripe_secret_key.get_secret_value()


def _is_signed(raw: bytes, signature: str, secret: str) -> bool:
    import stripe

    try:
        stripe.WebhookSignature.verify_header(raw, signature, secret)
    except (stripe.SignatureVerificationError, TypeError, UnicodeDecodeError):
        # The last two for a signature that is not ASCII, and for a body that is no text.
        return False
    return True


def _signed_at(signature: str) -> int:
    """The first time in a signature, which is the one that the library takes as signed."""
    fields = (field.partition("=") for field in signature.split(","))
    return next(int(value) for name, _, value in fields if name == "t")
