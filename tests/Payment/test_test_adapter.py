"""How the service speaks to the test provider: over the network, and whatever that answers."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from decimal import Decimal
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

import pytest
from starlette.datastructures import State
from starlette.responses import Response
from starlette.types import ASGIApp

from core.clock import utc_now
from core.settings import Settings
from models import RefundStatus
from Payment.port import (
    AwayError,
    NonsenseError,
    Outcome,
    PaymentAsked,
    Provider,
    RefundAsked,
    RefundReport,
    RefusedError,
)
from Payment.providers import test, test_confirm
from tests.support.payments_provider import SECRETS, SUCCESS, ProviderProcess, running_provider

T = TypeVar("T")
Question = Callable[[Provider], Awaitable[T]]
DECLINED, TOO_MUCH, OTHER_CURRENCY = "4000000000000002", "4000000000000127", "4000000000000135"
REFUSES_REFUNDS = "4000000000000192"
PAYMENT: dict[str, Any] = {
    "object": "payment",
    "id": "pay_1",
    "status": "open",
    "amount": "10.00",
    "currency": "USD",
    "received": None,
    "amount_refunded": "0.00",
    "error": None,
    "metadata": {},
}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProviderProcess]:
    with running_provider(tmp_path_factory.mktemp("payments")) as provider:
        yield provider


@pytest.fixture
def provider(running: ProviderProcess) -> Iterator[ProviderProcess]:
    yield running
    running.end_faults()


def ask(
    url: str,
    question: Question[T],
    *,
    make: Callable[[Settings, State], Provider] = test.make,
    served_here: ASGIApp | None = None,
    **settings: Any,
) -> T:
    """What a provider is asked by a service that has just started."""
    said = {
        "payment_providers": ("test", "test_confirm"),
        "test_payments_url": url,
        "test_payments_secrets": SECRETS,
        **settings,
    }

    async def asking() -> T:
        adapter = make(Settings.model_validate(said), State({"test_payments": served_here}))
        try:
            return await question(adapter)
        finally:
            await adapter.close()

    return asyncio.run(asking())


def asked(number: str, amount: str = "199.98", currency: str = "USD") -> PaymentAsked:
    return PaymentAsked(number, Decimal(amount), currency, description=number)


def given_back(provider: ProviderProcess, payment: Any, *, key: str) -> RefundReport:
    wanted = RefundAsked(key, payment["id"], Decimal(4), "USD")
    return ask(provider.url, lambda a: a.refund(wanted))


async def all_of(items: AsyncIterator[T]) -> list[T]:
    return [item async for item in items]


class TestStarting:
    def test_begins_one_payment_of_a_number(self, provider: ProviderProcess) -> None:
        begun = [ask(provider.url, lambda a: a.start(asked("TXN-ONE"))) for _ in range(2)]
        assert begun[0] == begun[1]
        payment = provider.again({"id": begun[0].reference})
        assert (payment["amount"], payment["metadata"]) == ("199.98", {"number": "TXN-ONE"})
        assert begun[0].next_action == {
            "type": "redirect",
            "url": f"{provider.url}/pay/{begun[0].reference}",
        }

    def test_gives_a_front_end_what_it_confirms_with(self, provider: ProviderProcess) -> None:
        make = test_confirm.make
        begun = ask(provider.url, lambda a: a.start(asked("TXN-TWO")), make=make)
        said = dict(begun.next_action)
        assert said.pop("type") == "confirm"
        assert provider.confirm({"id": begun.reference, **said}, card=SUCCESS).status_code == 200
        shown = ask(provider.url, lambda a: as_is(a.shown), make=make)
        assert (shown.next_action, shown.publishable_key) == ("confirm", said["publishable_key"])

    @pytest.mark.parametrize(
        "address",
        [
            "https://shop.example/thanks",
            "https://shop.example?lang=en#top",
            "http://localhost:3000",
        ],
    )
    def test_has_the_page_lead_back_with_the_number(
        self, provider: ProviderProcess, address: str
    ) -> None:
        number = f"TXN-{address}"
        begin: Question[Any] = lambda a: a.start(asked(number))  # noqa: E731
        begun = ask(provider.url, begin, payment_return_url=address)
        page = begun.next_action["url"]
        back = urlsplit(provider.client.post(page, data={"card": SUCCESS}).headers["location"])
        meant = urlsplit(address)
        assert (back.netloc, back.fragment) == (meant.netloc, meant.fragment)
        told = parse_qs(back.query)
        assert told == {**parse_qs(meant.query), "transaction_number": [number]}

    @pytest.mark.parametrize(
        ("amount", "currency", "written"),
        [
            ("1000", "JPY", "1000"),
            ("1.005", "KWD", "1.005"),
            ("200.0", "USD", "200.00"),
            ("9999999999999.99", "USD", "9999999999999.99"),
        ],
    )
    def test_asks_for_the_exact_amount(
        self, provider: ProviderProcess, amount: str, currency: str, written: str
    ) -> None:
        payment = asked(f"TXN-{amount}", amount, currency)
        begun = ask(provider.url, lambda a: a.start(payment))
        assert provider.again({"id": begun.reference})["amount"] == written
        report = ask(provider.url, lambda a: a.look_up(begun.reference))
        assert (report.amount, report.currency) == (Decimal(amount), currency)


class TestLookingUp:
    def test_tells_what_became_of_a_payment(self, provider: ProviderProcess) -> None:
        payment = provider.made()
        look_up: Question[Any] = lambda a: a.look_up(payment["id"])  # noqa: E731
        report = ask(provider.url, look_up)
        assert (report.outcome, report.number) == (
            Outcome.PENDING,
            payment["metadata"]["number"],
        )
        provider.confirm(payment, card=DECLINED)
        report = ask(provider.url, look_up)
        assert (report.outcome, report.failure_reason) == (Outcome.FAILED, "card_declined")
        provider.confirm(payment, card=SUCCESS)
        provider.refund(payment, "4.00")
        report = ask(provider.url, look_up)
        assert (report.outcome, report.failure_reason) == (Outcome.SUCCEEDED, None)
        assert (report.amount, report.refunded) == (10, 4)

    @pytest.mark.parametrize(
        ("card", "amount", "currency"),
        [(TOO_MUCH, "10.01", "USD"), (OTHER_CURRENCY, "10.00", "EUR")],
    )
    def test_tells_what_has_arrived(
        self, provider: ProviderProcess, card: str, amount: str, currency: str
    ) -> None:
        payment = provider.paid(card)
        report = ask(provider.url, lambda a: a.look_up(payment["id"]))
        assert (report.amount, report.currency) == (Decimal(amount), currency)

    def test_of_what_is_not_there_is_refused(self, provider: ProviderProcess) -> None:
        with pytest.raises(RefusedError, match="payment_not_found"):
            ask(provider.url, lambda a: a.look_up("pay_1"))


class TestGivingBack:
    def test_gives_back_once_under_a_key(self, provider: ProviderProcess) -> None:
        payment = provider.paid()
        wanted = RefundAsked("17", payment["id"], Decimal(4), "USD")
        reports = [ask(provider.url, lambda a: a.refund(wanted)) for _ in range(2)]
        assert reports[0] == reports[1]
        assert (reports[0].status, reports[0].key) == (RefundStatus.SUCCEEDED, "17")
        assert reports[0].amount == 4
        again = ask(provider.url, lambda a: a.look_up_refund(reports[0].reference))
        assert again == reports[0]
        assert provider.again(payment)["amount_refunded"] == "4.00"

    def test_counts_the_refunds_of_each_payment_by_themselves(
        self, provider: ProviderProcess
    ) -> None:
        """Another deployment, or a database that was begun anew, has lines of the same number."""
        payments = [provider.paid() for _ in range(2)]
        reports = [given_back(provider, payment, key="19") for payment in payments]
        told = [(one.status, one.key, one.payment_reference) for one in reports]
        assert told == [(RefundStatus.SUCCEEDED, "19", payment["id"]) for payment in payments]

    def test_tells_why_it_was_refused(self, provider: ProviderProcess) -> None:
        wanted = RefundAsked("18", provider.paid(REFUSES_REFUNDS)["id"], Decimal(4), "USD")
        with pytest.raises(RefusedError, match="refund_refused"):
            ask(provider.url, lambda a: a.refund(wanted))


class TestLists:
    def test_go_on_to_the_last_page(self, provider: ProviderProcess) -> None:
        since = utc_now()
        made = [provider.made()["id"] for _ in range(101)]
        reports = ask(provider.url, lambda a: all_of(a.payments_since(since)))
        assert [report.reference for report in reports] == made

    def test_tell_of_refunds(self, provider: ProviderProcess) -> None:
        since = utc_now()
        refund = provider.refund(provider.paid(), "4.00").json()
        (report,) = ask(provider.url, lambda a: all_of(a.refunds_since(since)))
        assert (report.reference, report.payment_reference) == (refund["id"], refund["payment"])


class TestAProviderThatIs:
    def test_down_is_away(self, provider: ProviderProcess) -> None:
        provider.set_faults(answers="down")
        with pytest.raises(AwayError):
            ask(provider.url, lambda a: a.look_up("pay_1"))

    def test_not_there_is_away(self) -> None:
        with pytest.raises(AwayError):
            ask("http://127.0.0.1:9", lambda a: a.look_up("pay_1"))

    def test_asked_with_another_secret_is_away_until_somebody_sees_to_it(
        self, provider: ProviderProcess
    ) -> None:
        """What it says is no word about the payment, which may be made all the same."""
        payment = provider.made()
        with pytest.raises(AwayError):
            ask(
                provider.url,
                lambda a: a.look_up(payment["id"]),
                test_payments_secrets=("another",),
            )

    def test_not_understood_talks_nonsense(self, provider: ProviderProcess) -> None:
        payment = provider.made()
        provider.set_faults(answers="nonsense")
        with pytest.raises(NonsenseError):
            ask(provider.url, lambda a: a.look_up(payment["id"]))

    @pytest.mark.parametrize(
        ("status", "body", "error"),
        [
            (500, b"", AwayError),
            (429, b"", AwayError),
            (200, b"{}", NonsenseError),
            (200, b"[]", NonsenseError),
            (200, b'{"id": "pay_1"', NonsenseError),
            (200, b"\xff", NonsenseError),
            (302, b"{}", NonsenseError),
            (404, b"not here", NonsenseError),
            (404, b'{"error": "gone"}', NonsenseError),
            (404, b'{"error": {"code": "gone"}}', RefusedError),
            (200, json.dumps(PAYMENT | {"status": "asleep"}).encode(), NonsenseError),
            (200, json.dumps(PAYMENT | {"amount": "NaN"}).encode(), NonsenseError),
            (200, json.dumps(PAYMENT | {"amount": "10.001"}).encode(), NonsenseError),
            (200, json.dumps(PAYMENT | {"amount": "-1.00"}).encode(), NonsenseError),
            (200, json.dumps(PAYMENT | {"currency": "XXX"}).encode(), NonsenseError),
            (200, json.dumps(PAYMENT | {"metadata": None}).encode(), NonsenseError),
        ],
    )
    def test_strange_is_told_apart(self, status: int, body: bytes, error: type[Exception]) -> None:
        with pytest.raises(error):
            look_up_at(Response(body, status))

    def test_as_expected_is_understood(self) -> None:
        report = look_up_at(Response(json.dumps(PAYMENT).encode()))
        assert (report.reference, report.amount) == ("pay_1", 10)


def look_up_at(answer: ASGIApp) -> Any:
    """What is made of an answer, which is all that the provider ever says."""
    return ask("", lambda a: a.look_up("pay_1"), served_here=answer)


async def as_is(value: T) -> T:
    return value
