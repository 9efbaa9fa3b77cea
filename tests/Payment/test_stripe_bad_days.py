"""Stripe's bad days: no answer, an error, nonsense, a key that is not accepted."""

import json
import logging
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from Payment.port import AwayError, NonsenseError, PaymentAsked, RefusedError
from tests.support.localstripe import SECRET_KEY
from tests.support.stripe_stand_in import StandIn, standing_in
from tests.support.stripe_words import NUMBER, ask, provider

ASKED = PaymentAsked(NUMBER, Decimal("199.98"), "USD", NUMBER)
BOTH = pytest.mark.parametrize("name", ["stripe", "stripe_checkout"])
PROBLEM = {"type": "invalid_request_error", "message": "words of Stripe's"}


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with standing_in() as found:
        yield found


@BOTH
@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (500, {"error": {"type": "api_error"}}, AwayError),
        (503, b"<html>Bad Gateway</html>", AwayError),
        (429, {"error": {"code": "lock_timeout", **PROBLEM}}, AwayError),
        # The same is being done for somebody else at the moment.
        (409, {"error": {"code": "idempotency_key_in_use", **PROBLEM}}, AwayError),
        (200, b"<html>Hello</html>", NonsenseError),
        (200, b"\xff\xfe", NonsenseError),
        (200, [], NonsenseError),
        (200, {"object": "payment_intent", "id": "pi_1"}, NonsenseError),
        (302, b"", NonsenseError),
        (400, {"error": ["no object"]}, NonsenseError),
        (400, {"error": {"type": "idempotency_error"}}, NonsenseError),
    ],
)
def test_no_answer_is_told_from_one_that_makes_no_sense(
    stand_in: StandIn, name: str, status: int, body: Any, said: type[Exception]
) -> None:
    stand_in.planned.append((status, body if isinstance(body, bytes) else as_json(body)))
    with pytest.raises(said):
        ask(provider(name, stand_in.url), lambda by: by.start(ASKED))
    assert len(stand_in.asked) == 1


@BOTH
def test_who_hangs_up_is_away(stand_in: StandIn, name: str) -> None:
    stand_in.planned.append(None)
    with pytest.raises(AwayError, match="ServerDisconnectedError"):
        ask(provider(name, stand_in.url), lambda by: by.start(ASKED))
    assert len(stand_in.asked) == 1


def test_who_is_not_there_is_away() -> None:
    with standing_in() as gone:
        url = gone.url
    with pytest.raises(AwayError, match="ClientConnectorError"):
        ask(provider("stripe", url), lambda by: by.start(ASKED))


@BOTH
@pytest.mark.parametrize(
    ("amount", "code"), [("0.10", "amount_too_small"), ("0.49", "amount_too_small")]
)
def test_a_refusal_has_stripes_word_and_not_its_sentence(
    stand_in: StandIn, name: str, amount: str, code: str
) -> None:
    asked = PaymentAsked(NUMBER, Decimal(amount), "USD", NUMBER)
    with pytest.raises(RefusedError) as refused:
        ask(provider(name, stand_in.url), lambda by: by.start(asked))
    assert (refused.value.reason, str(refused.value)) == (code, code)


@BOTH
def test_a_payment_that_stripe_does_not_know_is_refused(stand_in: StandIn, name: str) -> None:
    with pytest.raises(RefusedError, match="resource_missing"):
        ask(provider(name, stand_in.url), lambda by: by.look_up("pi_404"))


@BOTH
@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_is_not_accepted_is_an_error_of_the_operator(
    stand_in: StandIn, name: str, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    told = f"Invalid API Key provided: {SECRET_KEY}"
    body = as_json({"error": {"message": told, "type": "invalid_request_error"}})
    stand_in.planned.append((status, body))
    # Others have made the service quiet.
    caplog.set_level(logging.ERROR, logger="nexticket.payments")
    with pytest.raises(AwayError) as refused:
        ask(provider(name, stand_in.url), lambda by: by.start(ASKED))
    assert SECRET_KEY not in str(refused.value)
    (line,) = [one for one in caplog.records if one.levelno == logging.ERROR]
    assert line.getMessage() == "Stripe does not accept STRIPE_SECRET_KEY"
    assert SECRET_KEY not in str(vars(line))


@BOTH
def test_no_log_tells_what_a_payment_is_confirmed_by(
    stand_in: StandIn, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    begun = ask(provider(name, stand_in.url), lambda by: by.start(ASKED))
    secret = begun.next_action.get("client_secret", begun.next_action.get("url"))
    assert caplog.records
    for record in caplog.records:
        assert str(secret) not in record.getMessage()
        assert SECRET_KEY not in f"{record.getMessage()} {vars(record)}"


def test_each_question_says_its_version_and_nothing_of_this_machine(stand_in: StandIn) -> None:
    ask(provider("stripe", stand_in.url), lambda by: by.start(ASKED))
    (asked,) = stand_in.asked
    assert asked.headers["stripe-version"] == "2026-10-28.endive"
    told = json.loads(asked.headers["x-stripe-client-user-agent"])
    assert told.keys().isdisjoint({"platform", "telemetry_id", "uname"})


def as_json(body: Any) -> bytes:
    return json.dumps(body).encode()
