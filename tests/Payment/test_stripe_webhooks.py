"""Who signs is heard, and nobody else: with events signed by the algorithm of Stripe's library."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from core import deadline
from models import DisputeStatus, RefundStatus, provider_events
from Payment.port import (
    AwayError,
    DisputeReport,
    Event,
    Outcome,
    PaymentReport,
    RefundReport,
    UnverifiedError,
)
from Payment.providers.by_stripe import ByStripe
from tests.support.client import Api
from tests.support.giving_back import give_back
from tests.support.service import BACKENDS, Service
from tests.support.stripe_shop import begun, opened, stripe_service
from tests.support.stripe_stand_in import StandIn, standing_in
from tests.support.stripe_words import (
    NUMBER,
    WEBHOOK_SECRET,
    ask,
    dispute,
    event,
    intent,
    provider,
    refund,
    session,
    signed,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NEW_SECRET = "whsec_of_tomorrow"  # noqa: S105
# Nobody may be asked: what is told here is told in full.
NOWHERE = "http://127.0.0.1:9"
BOTH = pytest.mark.parametrize("name", ["stripe", "stripe_checkout"])
PAID = {
    "stripe": ("payment_intent.succeeded", intent()),
    "stripe_checkout": ("checkout.session.completed", session()),
}


@pytest.fixture(scope="module")
def shared_stand_in() -> Iterator[StandIn]:
    with standing_in() as found:
        yield found


@pytest.fixture
def stand_in(shared_stand_in: StandIn) -> StandIn:
    shared_stand_in.clear()
    return shared_stand_in


@pytest.fixture(scope="module", params=BACKENDS)
def shared_shop(
    request: pytest.FixtureRequest, worker_name: str, shared_stand_in: StandIn
) -> Iterator[Service]:
    secrets = (WEBHOOK_SECRET, NEW_SECRET)
    database, url = f"{worker_name}_stripe_webhooks", shared_stand_in.url
    with stripe_service(request, database, url, stripe_webhook_secrets=secrets) as service:
        yield service


@pytest.fixture
def shop(shared_shop: Service) -> Iterator[Api]:
    with opened(shared_shop) as api:
        yield api


class TestWhoIsHeard:
    @BOTH
    @pytest.mark.parametrize("secret", [WEBHOOK_SECRET, NEW_SECRET])
    def test_each_of_several_secrets_is_good(self, shop: Api, name: str, secret: str) -> None:
        """Stripe signs by both while one takes the other's place."""
        payment = begun(shop, name)
        raw = paid(payment, name)
        assert sent(shop, name, raw, signed(raw, NOW, secret)) == (200, "applied")
        assert shop.again(payment, "transactions")["status"] == "success"

    @BOTH
    def test_what_is_told_twice_has_its_effect_once(self, shop: Api, name: str) -> None:
        payment = begun(shop, name)
        raw = paid(payment, name)
        outcomes = [sent(shop, name, raw, signed(raw, NOW))[1] for _ in range(2)]
        assert outcomes == ["applied", "known"]
        assert shop.get(f"/api/orders/{payment['order_id']}")["amount_paid"] == 199.98

    @BOTH
    def test_a_refund_that_fails_at_last_is_heard_of(
        self, shop: Api, shared_shop: Service, stand_in: StandIn, name: str
    ) -> None:
        payment = begun(shop, name)
        stand_in.pay(payment["provider_reference"])
        shop.post(f"/api/transactions/{payment['id']}/sync")
        shop.post(f"/api/transactions/{payment['id']}/refund")
        assert give_back(shared_shop) == 1
        given = next(one for one in stand_in.objects.values() if one["object"] == "refund")
        raw = event("refund.failed", given | {"status": "failed", "failure_reason": "declined"})
        assert sent(shop, name, raw, signed(raw, NOW)) == (200, "applied")
        (refund,) = shop.get(f"/api/transactions/{payment['id']}/refunds")
        assert (refund["status"], refund["failure_reason"]) == ("failed", "declined")

    @BOTH
    def test_what_nobody_signed_changes_nothing(
        self, shop: Api, shared_shop: Service, name: str
    ) -> None:
        payment = begun(shop, name)
        raw = paid(payment, name)
        good = signed(raw, NOW)["stripe-signature"]
        spaced = json.dumps(json.loads(raw), indent=1).encode()
        for body, signature in (
            (raw, None),
            (raw, ""),
            (raw, "v1=0,t=0"),
            (raw, good.replace("v1=", "v0=")),
            (raw, good[:-1]),
            (raw, f"{good[:-1]}é"),
            (raw, f"t={'9' * 5000},v1=0"),
            (raw, good.replace("t=", "t=9")),
            # A second time is not what was signed, whichever of them is looked at.
            (raw, f"t={int(NOW.timestamp()) + 9},{good}"),
            (raw, signed(raw, NOW, "whsec_of_somebody_else")["stripe-signature"]),
            (raw, signed(raw, NOW - timedelta(seconds=301))["stripe-signature"]),
            (raw, signed(raw, NOW + timedelta(seconds=301))["stripe-signature"]),
            (raw[:-1], good),
            (raw + b" ", good),
            (spaced, good),
            (raw.decode().encode("utf-16"), good),
            (b"\xff\xfe", good),
            (b"", good),
        ):
            headers = {} if signature is None else {"stripe-signature": signature.encode()}
            assert sent(shop, name, body, headers) == (400, "webhook_not_verified"), signature
        assert shop.again(payment, "transactions")["status"] == "pending"
        assert remembered(shared_shop) == []
        # And all of that was wrong with something that is right otherwise.
        assert sent(shop, name, raw, signed(raw, NOW - timedelta(seconds=299)))[0] == 200

    @pytest.mark.parametrize(
        ("raw", "signature"), [(b"{}", "t=1,v1=\u00e9"), (b"\xff", "t=1,v1=0"), (b"{}", "t=x,v1=0")]
    )
    def test_what_can_not_be_signed_is_told_from_what_makes_no_sense(
        self, raw: bytes, signature: str
    ) -> None:
        by, headers = provider("stripe", NOWHERE), {"stripe-signature": signature}
        with pytest.raises(UnverifiedError, match="no signature"):
            ask(by, lambda by: by.read(raw, headers, NOW))

    @pytest.mark.parametrize(
        ("name", "raw"),
        [
            ("stripe", b"[]"),
            ("stripe", b"no json"),
            ("stripe", b"{}"),
            ("stripe", event("payment_intent.succeeded", intent(), livemode=True)),
            ("stripe", event("payment_intent.succeeded", intent(), livemode=None)),
            ("stripe", event("payment_intent.succeeded", intent(), data={})),
            ("stripe", event("payment_intent.succeeded", intent(), data={"object": None})),
            ("stripe", event("payment_intent.succeeded", intent(amount_received="199.98"))),
            ("stripe", event("payment_intent.succeeded", intent(currency="xxx"))),
            ("stripe", event("refund.created", refund(amount=None))),
            ("stripe", event("charge.dispute.created", dispute(evidence_details=None))),
            ("stripe_checkout", event("checkout.session.completed", session(amount_total=None))),
        ],
    )
    def test_what_is_signed_and_makes_no_sense_is_refused(self, name: str, raw: bytes) -> None:
        with pytest.raises(UnverifiedError, match=r"makes no sense|other mode"):
            read(name, raw)

    @BOTH
    def test_other_kinds_are_remembered_and_do_nothing(
        self, shop: Api, shared_shop: Service, name: str
    ) -> None:
        raw = event("customer.created", {"id": "cus_1", "object": "customer"}, id="evt_other")
        assert sent(shop, name, raw, signed(raw, NOW)) == (200, "ignored")
        assert remembered(shared_shop) == [(name, "evt_other", "customer.created")]

    def test_what_can_not_be_asked_about_now_is_told_again_later(
        self, shop: Api, shared_shop: Service, stand_in: StandIn
    ) -> None:
        """Nothing in a dispute says of which session it is."""
        raw = event("charge.dispute.created", dispute())
        stand_in.planned.append((503, b""))
        answer = sent(shop, "stripe_checkout", raw, signed(raw, NOW))
        assert answer == (503, "service_busy")
        assert remembered(shared_shop) == []
        assert sent(shop, "stripe_checkout", raw, signed(raw, NOW))[0] == 200

    def test_nobody_is_asked_for_longer_than_the_request_has(self, stand_in: StandIn) -> None:
        stand_in.put(session())
        raw = event("charge.dispute.created", dispute())

        async def late(by: ByStripe) -> None:
            with deadline.within(0):
                await by.read(raw, signed(raw, NOW), NOW)

        with pytest.raises(AwayError, match="no time"):
            ask(provider("stripe_checkout", stand_in.url), late)


class TestWhatIsHeard:
    @pytest.mark.parametrize(
        ("kind", "about", "outcome", "is_over"),
        [
            ("payment_intent.succeeded", {}, Outcome.SUCCEEDED, False),
            (
                "payment_intent.payment_failed",
                {
                    "status": "requires_payment_method",
                    "last_payment_error": {"code": "card_declined"},
                },
                Outcome.FAILED,
                False,
            ),
            ("payment_intent.canceled", {"status": "canceled"}, Outcome.FAILED, True),
        ],
    )
    def test_intents(
        self, kind: str, about: dict[str, Any], outcome: Outcome, *, is_over: bool
    ) -> None:
        report = read("stripe", event(kind, intent(**about))).report
        assert isinstance(report, PaymentReport)
        assert (report.reference, report.number) == ("pi_1", NUMBER)
        assert (report.outcome, report.is_over) == (outcome, is_over)

    @pytest.mark.parametrize(
        ("kind", "about", "outcome", "is_over"),
        [
            ("completed", {}, Outcome.SUCCEEDED, False),
            ("completed", {"payment_status": "unpaid"}, Outcome.PENDING, False),
            ("async_payment_succeeded", {}, Outcome.SUCCEEDED, False),
            ("async_payment_failed", {"payment_status": "unpaid"}, Outcome.FAILED, True),
            ("expired", {"status": "expired", "payment_status": "unpaid"}, Outcome.FAILED, True),
        ],
    )
    def test_sessions(
        self, kind: str, about: dict[str, Any], outcome: Outcome, *, is_over: bool
    ) -> None:
        raw = event(f"checkout.session.{kind}", session(**about))
        report = read("stripe_checkout", raw).report
        assert isinstance(report, PaymentReport)
        assert (report.reference, report.number) == ("cs_1", NUMBER)
        assert (report.outcome, report.is_over) == (outcome, is_over)

    @pytest.mark.parametrize(
        ("name", "kind", "about"),
        [
            # A session's intent is told of as well, and is the session's.
            ("stripe", "payment_intent.succeeded", intent(metadata=session()["metadata"])),
            ("stripe_checkout", "payment_intent.succeeded", intent()),
            ("stripe", "checkout.session.completed", session()),
            ("stripe_checkout", "checkout.session.completed", session(metadata={})),
            ("stripe", "payment_intent.succeeded", intent(metadata={})),
            ("stripe", "refund.created", refund(metadata={"provider": "stripe_checkout"})),
            ("stripe", "refund.created", refund(payment_intent=None)),
            ("stripe", "charge.dispute.created", dispute(payment_intent=None)),
        ],
    )
    def test_what_is_somebody_elses_is_none_of_ours(
        self, name: str, kind: str, about: dict[str, Any]
    ) -> None:
        assert read(name, event(kind, about)).report is None

    @BOTH
    @pytest.mark.parametrize("kind", ["refund.created", "refund.updated", "refund.failed"])
    def test_refunds_that_we_asked_for(self, name: str, kind: str) -> None:
        known = {"provider": name, "refund_key": "7-2", "payment_reference": "ours"}
        told = refund(status="failed", failure_reason="declined", metadata=known)
        assert read(name, event(kind, told)).report == RefundReport(
            reference="re_1",
            key="7-2",
            payment_reference="ours",
            status=RefundStatus.FAILED,
            amount=Decimal("50.00"),
            currency="USD",
            failure_reason="declined",
        )

    def test_refunds_by_somebody_else_are_of_the_payment_that_we_know(
        self, stand_in: StandIn
    ) -> None:
        stand_in.put(session())
        raw = event("refund.created", refund())
        report = read("stripe_checkout", raw, stand_in.url).report
        assert isinstance(report, RefundReport)
        assert (report.payment_reference, report.key) == ("cs_1", None)
        report = read("stripe", raw).report
        assert isinstance(report, RefundReport)
        assert (report.payment_reference, report.key) == ("pi_1", None)

    @pytest.mark.parametrize("kind", ["created", "updated", "closed"])
    @pytest.mark.parametrize(
        ("told", "status"),
        [
            ("warning_needs_response", DisputeStatus.OPEN),
            ("needs_response", DisputeStatus.OPEN),
            ("under_review", DisputeStatus.OPEN),
            ("a word of tomorrow", DisputeStatus.OPEN),
            ("won", DisputeStatus.WON),
            ("warning_closed", DisputeStatus.WON),
            ("lost", DisputeStatus.LOST),
            ("prevented", DisputeStatus.LOST),
        ],
    )
    def test_disputes(self, kind: str, told: str, status: DisputeStatus) -> None:
        raw = event(f"charge.dispute.{kind}", dispute(status=told))
        assert read("stripe", raw).report == DisputeReport(
            reference="du_1",
            payment_reference="pi_1",
            status=status,
            amount=Decimal("199.98"),
            currency="USD",
            reason="fraudulent",
            respond_by=datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC),
        )

    def test_a_dispute_of_a_session_is_of_the_session(self, stand_in: StandIn) -> None:
        stand_in.put(session())
        undated = dispute(evidence_details={"due_by": None})
        raw = event("charge.dispute.created", undated)
        report = read("stripe_checkout", raw, stand_in.url).report
        assert isinstance(report, DisputeReport)
        assert (report.payment_reference, report.respond_by) == ("cs_1", None)

    def test_a_dispute_of_no_session_of_ours_is_none_of_ours(self, stand_in: StandIn) -> None:
        stand_in.put(session(metadata={}))
        raw = event("charge.dispute.created", dispute())
        assert read("stripe_checkout", raw, stand_in.url).report is None

    def test_the_key_says_which_mode_is_ours(self) -> None:
        raw = event("payment_intent.succeeded", intent(), livemode=True)
        live = {"stripe_secret_key": "rk_live_51HeldByNobody"}
        assert read("stripe", raw, **live).report is not None


def paid(payment: Any, name: str) -> bytes:
    kind, about = PAID[name]
    told = {"provider": name, "transaction_number": payment["transaction_number"]}
    return event(kind, about | {"id": payment["provider_reference"], "metadata": told})


def sent(shop: Api, name: str, raw: bytes, headers: Any) -> tuple[int, str]:
    answer = shop.request("POST", f"/api/payments/webhooks/{name}", content=raw, headers=headers)
    said = answer.json()
    return answer.status_code, said.get("outcome") or said["code"]


def remembered(service: Service) -> list[Any]:
    events = provider_events.c
    told = select(events.provider, events.event_id, events.kind)
    return service.database.read_now(lambda session: list(map(tuple, session.execute(told).all())))


def read(name: str, raw: bytes, api_url: str = NOWHERE, **changes: object) -> Event:
    by = provider(name, api_url, **changes)
    return ask(by, lambda by: by.read(raw, signed(raw, NOW), NOW))
