"""How to meet the refusals of payments by a provider, of which one is set up."""

from dataclasses import replace

from tests.support.client import Api
from tests.support.fake_provider import Mood
from tests.support.paying import begun
from tests.support.scenes import Scene, just, order, payment, prepared, ticket, user

PAYMENT = "/api/transactions/1"
_SYNC = ("POST", f"{PAYMENT}/sync", None)


def by_provider(api: Api) -> None:
    begun(api, {"id": 1})


def in_mood(mood: Mood) -> Scene:
    """Its provider is asked what became of a payment."""

    def change(api: Api) -> None:
        api.app.state.providers.by_name["stripe"].mood = mood

    return prepared(user, ticket, order, by_provider, change, call=_SYNC)


def without_providers(api: Api) -> None:
    state = api.app.state
    state.providers = replace(state.providers, by_name={})


PAYMENT_SCENES: dict[tuple[str, str], Scene] = {
    ("change_transaction_status", "settled_by_provider"): prepared(
        user, ticket, order, by_provider, call=("PATCH", f"{PAYMENT}/status", {"status": "success"})
    ),
    ("update_transaction", "settled_by_provider"): prepared(
        user, ticket, order, by_provider, call=("PUT", PAYMENT, {"amount": 1})
    ),
    ("list_transaction_disputes", "transaction_not_found"): just("GET", f"{PAYMENT}/disputes"),
    ("sync_transaction", "transaction_not_found"): just(*_SYNC),
    ("sync_transaction", "not_by_provider"): prepared(user, ticket, order, payment, call=_SYNC),
    ("sync_transaction", "payment_provider_not_configured"): prepared(
        user, ticket, order, by_provider, without_providers, call=_SYNC
    ),
    ("sync_transaction", "payment_provider_unavailable"): in_mood(Mood.AWAY),
    ("sync_transaction", "payment_provider_failed"): in_mood(Mood.NONSENSE),
    ("hear_payment_provider", "payment_provider_not_found"): just(
        "POST", "/api/payments/webhooks/nobody"
    ),
    ("hear_payment_provider", "webhook_not_verified"): just(
        "POST", "/api/payments/webhooks/stripe", {"id": "evt_9"}
    ),
}
