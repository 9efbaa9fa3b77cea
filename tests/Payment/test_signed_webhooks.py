"""What claims to be a provider's word, and is not signed as that is, changes nothing."""

import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from httpx2 import Response

from core.settings import Settings
from Payment.port import UnverifiedError
from Payment.providers.here import secrets_of
from Payment.signatures import require_signed
from tests.support.card_payments import BY_PAGE, Buyer, events, forget_all, second_party
from tests.support.client import Api
from tests.support.clock import START
from tests.support.declared import contents
from tests.support.service import Service

TOLERANCE = 300


def signature(raw: bytes, secret: str, moment: float) -> str:
    signed = f"{int(moment)}.".encode() + raw
    mark = hmac.new(secret.encode(), signed, "sha256").hexdigest()
    return f"t={int(moment)},v1={mark}"


@dataclass(frozen=True)
class Word:
    """What the provider would say of a payment, had its buyer paid."""

    raw: bytes
    secret: str
    now: float

    def signed(self, after: float = 0) -> str:
        return signature(self.raw, self.secret, self.now + after)


Forged = Callable[[Word], tuple[bytes, str | None]]
FORGED: dict[str, Forged] = {
    "unsigned": lambda word: (word.raw, None),
    "signed by nobody": lambda word: (word.raw, ""),
    "signed with another secret": lambda word: (word.raw, signature(word.raw, "x", word.now)),
    "signed with none": lambda word: (word.raw, signature(word.raw, "", word.now)),
    "replayed too late": lambda word: (word.raw, word.signed(-TOLERANCE - 5)),
    "signed for later": lambda word: (word.raw, word.signed(TOLERANCE + 5)),
    "truncated": lambda word: (word.raw[:-1], word.signed()),
    "longer": lambda word: (word.raw + b" ", word.signed()),
    "encoded anew": lambda word: (
        json.dumps(json.loads(word.raw), indent=1).encode(),
        word.signed(),
    ),
    "of another time": lambda word: (word.raw, word.signed().replace("t=", "t=0")),
    "of two times": lambda word: (word.raw, f"t={int(word.now)},{word.signed()}"),
    "of no time": lambda word: (word.raw, word.signed().partition(",")[2]),
    "of a time that is none": lambda word: (word.raw, word.signed().replace("t=", "t=-")),
    "without a mark": lambda word: (word.raw, word.signed().partition(",")[0]),
    "with a mark of another kind": lambda word: (word.raw, word.signed().replace("v1=", "v0=")),
    "with half a mark": lambda word: (word.raw, word.signed()[:-1]),
    "with its mark behind too many": lambda word: (
        word.raw,
        ",".join([*["v1=" + "0" * 64] * 50, word.signed()]),
    ),
}


@pytest.fixture
def payment(api: Api, service: Service) -> Iterator[Any]:
    buyer = Buyer(api, service, BY_PAGE, "")
    yield buyer.begin(buyer.order())
    forget_all(service)


@pytest.fixture
def word(service: Service, payment: Any) -> Word:
    payments = second_party(service).payments
    told = payments.view(payments.find(payment["provider_reference"]))
    received = {"amount": told["amount"], "currency": told["currency"]}
    told |= {"status": "succeeded", "received": received}
    event = {"id": "evt_1", "type": "payment.succeeded", "data": told}
    (secret,) = secrets_of(service.settings)
    return Word(json.dumps(event).encode(), secret, service.clock.now.timestamp())


def tell(api: Api, raw: bytes, header: str | None) -> Response:
    headers = {} if header is None else {"Test-Payments-Signature": header}
    return api.request("POST", f"/api/payments/webhooks/{BY_PAGE}", content=raw, headers=headers)


class TestAWebhook:
    @pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED)
    def test_that_is_not_the_providers_changes_nothing(
        self, api: Api, service: Service, word: Word, forged: Forged
    ) -> None:
        before = contents(service)
        answer = tell(api, *forged(word))
        assert (answer.status_code, answer.json()["code"]) == (400, "webhook_not_verified")
        assert contents(service) == before
        # It would have had its effect.
        assert tell(api, word.raw, word.signed()).json() == {"outcome": "applied"}

    def test_that_is_the_providers_has_its_effect_once(
        self, api: Api, service: Service, payment: Any, word: Word
    ) -> None:
        outcomes = [tell(api, word.raw, word.signed(after)).json() for after in (-290, 0, 290)]
        assert outcomes == [{"outcome": "applied"}, {"outcome": "known"}, {"outcome": "known"}]
        assert api.again(payment, "transactions")["status"] == "success"
        assert events(service) == [("payment.succeeded", "applied")]

    @pytest.mark.parametrize(
        "changes",
        [
            {"data": {"object": "payment"}},
            {"data": None},
            {"id": ...},
        ],
    )
    def test_that_makes_no_sense_changes_nothing(
        self, api: Api, service: Service, word: Word, changes: dict[str, Any]
    ) -> None:
        event = {**json.loads(word.raw), **changes}
        raw = json.dumps({name: value for name, value in event.items() if value != ...}).encode()
        before = contents(service)
        assert tell(api, raw, signature(raw, word.secret, word.now)).status_code == 400
        assert contents(service) == before

    def test_about_something_else_is_remembered(
        self, api: Api, service: Service, word: Word
    ) -> None:
        event = {"id": "evt_2", "type": "payout.paid", "data": {"object": "payout"}}
        raw = json.dumps(event).encode()
        answer = tell(api, raw, signature(raw, word.secret, word.now))
        assert answer.json() == {"outcome": "ignored"}
        assert events(service) == [("payout.paid", "ignored")]


class TestSecrets:
    """While one is changed, both are good; where there is none, nothing is."""

    @pytest.mark.parametrize("signer", ["new", "old"])
    def test_may_be_several(self, signer: str) -> None:
        require(signature(b"a", signer, START.timestamp()), "new", "old")

    def test_may_have_signed_several_times(self) -> None:
        marks = [signature(b"a", one, START.timestamp()) for one in ("other", "new")]
        require(f"{marks[0]}, {marks[1].partition(',')[2]}", "new")

    def test_that_are_not_there_verify_nothing(self) -> None:
        for signer in ("", "new"):
            with pytest.raises(UnverifiedError, match="no secret"):
                require(signature(b"a", signer, START.timestamp()))

    def test_of_a_provider_served_here_follow_the_service_s_key(self) -> None:
        def secrets(**said: Any) -> list[str]:
            return list(secrets_of(Settings.model_validate(said)))

        (new,), (old,) = secrets(secret_key="new" * 20), secrets(secret_key="old" * 20)
        assert secrets(secret_key="new" * 20, secret_key_previous="old" * 20) == [new, old]
        assert secrets() == secrets()
        assert "new" not in new
        assert secrets(test_payments_secrets=("said",)) == ["said"]


def require(header: str, *secrets: str, now: datetime = START) -> None:
    require_signed(b"a", header, secrets, now=now, tolerance=TOLERANCE)
