"""The test provider (``test_payments/``): a page to pay on, and cards that decide what happens.

In development this service serves it itself; spoken to it is as if it were anywhere.
"""

import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from http import HTTPStatus
from typing import Any, Literal, NoReturn
from urllib.parse import urlencode, urlsplit

from starlette.datastructures import State

from core.currencies import CURRENCIES
from core.settings import ProviderName, Settings
from models import DisputeStatus, RefundStatus
from Payment.port import (
    AwayError,
    Begun,
    DisputeReport,
    Event,
    NonsenseError,
    Outcome,
    PaymentAsked,
    PaymentReport,
    RefundAsked,
    RefundReport,
    RefusedError,
    Report,
    Shown,
    UnverifiedError,
)
from Payment.providers.connections import Answer, Http
from Payment.providers.here import ADDRESS, ServedHere, Within, secrets_of
from Payment.return_address import return_address, told_back
from Payment.signatures import require_signed

# The same for everybody, and no secret.
PUBLISHABLE_KEY = "pk_test_payments"
_SIGNATURE = "test-payments-signature"
_OUTCOMES = {
    "open": Outcome.PENDING,
    "authentication_required": Outcome.PENDING,
    "processing": Outcome.PENDING,
    "succeeded": Outcome.SUCCEEDED,
    "failed": Outcome.FAILED,
}
_SUCCESS = range(200, 300)
# Neither is the last word about what was asked: whose key is wrong today may have the right one
# tomorrow, and money must not count as refused until then.
_LATER = {HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS}


def make(settings: Settings, state: State) -> "ByTestCards":
    return ByTestCards("test", "redirect", settings, state)


class ByTestCards:
    def __init__(
        self,
        name: ProviderName,
        next_action: Literal["confirm", "redirect"],
        settings: Settings,
        state: State,
    ) -> None:
        self.name: str = name
        self.shown = Shown(next_action, PUBLISHABLE_KEY)
        self._settings = settings
        self._secrets = secrets_of(settings)
        # None where it is elsewhere.
        self._served_here: ServedHere | None = state.test_payments
        self._address = settings.test_payments_url or "http://test-payments"
        self._headers = {"Authorization": f"Bearer {next(iter(self._secrets), '')}"}
        self._http = _http(settings, self._served_here)

    async def start(self, asked: PaymentAsked) -> Begun:
        said = {
            "amount": _written(asked.amount, asked.currency),
            "currency": asked.currency,
            "description": asked.description,
            "metadata": {"number": asked.number},
            "return_url": self._way_back(asked.number),
            "channel": self.name,
        }
        answer = await self._ask("POST", "/v1/payments", said, key=asked.number)
        with _making_sense():
            return Begun(str(answer["id"]), self._next_action(asked, answer))

    async def look_up(self, reference: str) -> PaymentReport:
        answer = await self._ask("GET", f"/v1/payments/{reference}")
        with _making_sense():
            return _payment(answer)

    async def refund(self, asked: RefundAsked) -> RefundReport:
        said = {
            "payment": asked.reference,
            "amount": _written(asked.amount, asked.currency),
            "currency": asked.currency,
        }
        # The key alone may be that of another deployment, or of an earlier database.
        key = f"{_key_prefix(asked.reference)}{asked.key}"
        answer = await self._ask("POST", "/v1/refunds", said, key=key)
        with _making_sense():
            return _refund(answer)

    async def look_up_refund(self, reference: str) -> RefundReport:
        answer = await self._ask("GET", f"/v1/refunds/{reference}")
        with _making_sense():
            return _refund(answer)

    async def read(self, raw: bytes, headers: Mapping[str, str], now: datetime) -> Event:
        tolerance = self._settings.webhook_tolerance_seconds
        header = headers.get(_SIGNATURE, "")
        require_signed(raw, header, self._secrets, now=now, tolerance=tolerance)
        try:
            with _making_sense():
                event = json.loads(raw)
                return Event(str(event["id"]), str(event["type"]), _report(event["data"]))
        except NonsenseError as error:
            raise UnverifiedError(f"it makes no sense: {error}") from None

    async def payments_since(self, since: datetime) -> AsyncIterator[PaymentReport]:
        async for told in self._all("/v1/payments", since):
            with _making_sense():
                yield _payment(told)

    async def refunds_since(self, since: datetime) -> AsyncIterator[RefundReport]:
        async for told in self._all("/v1/refunds", since):
            with _making_sense():
                yield _refund(told)

    async def close(self) -> None:
        await self._http.close()

    def _way_back(self, number: str) -> str:
        address = return_address(self._settings, number)
        if address or self._served_here is None or not self._settings.pages_enabled:
            return address
        # From the provider's page to the shop's, at whatever address both are served: who goes on
        # with a payment later has to ask for the same.
        return f"../../shop?{told_back(number)}"

    def _next_action(self, asked: PaymentAsked, answer: Mapping[str, Any]) -> Mapping[str, Any]:
        if self.shown.next_action == "redirect":
            page = str(answer["url"])
            if self._served_here is not None:
                # It is asked from within, and buyers reach it where they reach the service.
                page = f"{asked.base_url}{ADDRESS}{urlsplit(page).path}"
            return {"type": "redirect", "url": page}
        return {
            "type": "confirm",
            "client_secret": str(answer["client_secret"]),
            "publishable_key": str(answer["publishable_key"]),
        }

    async def _all(self, path: str, since: datetime) -> AsyncIterator[Any]:
        after, has_more = "", True
        while has_more:
            query = urlencode({"since": since.isoformat(), "after": after})
            page = await self._ask("GET", f"{path}?{query}")
            with _making_sense():
                told, has_more = list(page["data"]), bool(page["has_more"])
                after = told[-1]["id"] if has_more else ""
            for one in told:
                yield one

    async def _ask(
        self, method: str, path: str, said: Mapping[str, Any] | None = None, *, key: str = ""
    ) -> Mapping[str, Any]:
        headers = self._headers | ({"Idempotency-Key": key} if key else {})
        content = None
        if said is not None:
            headers["Content-Type"] = "application/json"
            content = json.dumps(said)
        url = f"{self._address}{path}"
        return _understood(await self._http.request(method, url, headers=headers, content=content))


def _http(settings: Settings, served_here: ServedHere | None) -> Http:
    if served_here is not None:
        return Within(served_here)
    # A process that pays nobody elsewhere is spared what that takes.
    from Payment.providers.network import Network

    return Network(seconds=settings.payment_timeout_seconds)


def _understood(answer: Answer) -> Mapping[str, Any]:
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR or answer.status in _LATER:
        raise AwayError(f"it answers {answer.status}")
    try:
        said = json.loads(answer.content)
        if answer.status >= HTTPStatus.BAD_REQUEST:
            _refuse(said)
    except (KeyError, TypeError, ValueError) as error:
        raise NonsenseError(f"{answer.status} with {answer.content[:100]!r}") from error
    if answer.status not in _SUCCESS or not isinstance(said, dict):
        raise NonsenseError(f"{answer.status} with {answer.content[:100]!r}")
    return said


def _refuse(said: Any) -> NoReturn:
    raise RefusedError(str(said["error"]["code"]))


@contextmanager
def _making_sense() -> Iterator[None]:
    """What is not as it should be, in an answer that can be read otherwise, is nonsense too."""
    try:
        yield
    # The last one is what a number raises that is none.
    except (AttributeError, KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise NonsenseError(repr(error)) from error


def _report(told: Mapping[str, Any]) -> Report | None:
    """What an event is about; None of what we do nothing about."""
    kinds: dict[str, Callable[[Mapping[str, Any]], Report]] = {
        "payment": _payment,
        "refund": _refund,
        "dispute": _dispute,
    }
    read = kinds.get(told["object"])
    return None if read is None else read(told)


def _payment(told: Mapping[str, Any]) -> PaymentReport:
    money = told["received"] or told
    return PaymentReport(
        reference=str(told["id"]),
        number=told["metadata"].get("number"),
        outcome=_OUTCOMES[told["status"]],
        amount=_amount(money["amount"], money["currency"]),
        currency=money["currency"],
        failure_reason=told["error"],
        refunded=_amount(told["amount_refunded"], money["currency"]),
    )


def _refund(told: Mapping[str, Any]) -> RefundReport:
    return RefundReport(
        reference=str(told["id"]),
        key=str(told["key"]).removeprefix(_key_prefix(told["payment"])),
        payment_reference=str(told["payment"]),
        status=RefundStatus(told["status"]),
        amount=_amount(told["amount"], told["currency"]),
        currency=told["currency"],
        failure_reason=told["error"],
    )


def _key_prefix(payment_reference: str) -> str:
    return f"{payment_reference}-"


def _dispute(told: Mapping[str, Any]) -> DisputeReport:
    return DisputeReport(
        reference=str(told["id"]),
        payment_reference=str(told["payment"]),
        status=DisputeStatus(told["status"]),
        amount=_amount(told["amount"], told["currency"]),
        currency=told["currency"],
        reason=told["reason"],
        respond_by=datetime.fromisoformat(told["respond_by"]),
    )


def _amount(said: str, currency: str) -> Decimal:
    amount = Decimal(said).quantize(CURRENCIES[currency].unit)
    if amount != Decimal(said) or amount < 0:
        raise ValueError(f"{said} is no amount of {currency}")
    return amount


def _written(amount: Decimal, currency: str) -> str:
    """With all the decimals of its currency."""
    return f"{amount.quantize(CURRENCIES[currency].unit):f}"
