"""Whatever is done in whatever order, the service answers as the model foretells."""

import os
import random
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS
from hypothesis.stateful import run_state_machine_as_test

from tests.support.client import Api
from tests.support.fake_provider import taking_money
from tests.support.service import BACKENDS, Service, fresh_database, running_service, settings_for
from tests.support.stateful.rules import Shopping
from tests.support.stateful.second_party import SecondParty
from tests.support.stateful.things import HOLD, LATE, LIMIT, PAYMENT

pytestmark = pytest.mark.long

# `make fuzz` asks for more, and for others each time.
EXAMPLES = os.environ.get("FUZZ_EXAMPLES", "")
SEED = os.environ.get("FUZZ_SEED", "random") if EXAMPLES else "1"
STEPS = 32
# Hypothesis spends much of a small budget on variants of what it has tried. A backend of another
# name, though it is the same, makes it draw each example anew.
AVAILABLE_PROVIDERS["independent"] = "hypothesis.internal.conjecture.providers.HypothesisProvider"


@pytest.fixture(params=BACKENDS)
def shop(request: pytest.FixtureRequest, worker_name: str) -> Iterator[Service]:
    """A service with limits that a few steps can reach."""
    with (
        fresh_database(request.param, request, f"{worker_name}_stateful") as url,
        running_service(
            settings_for(
                url,
                hold_minutes=HOLD,
                payment_minutes=PAYMENT,
                late_payment_hours=LATE / 60,
                max_units_per_ticket=LIMIT,
            )
        ) as service,
    ):
        yield service


def test_the_service_does_what_the_model_foretells(shop: Service) -> None:
    api = Api(shop.client, shop.clock, shop.app)
    party = SecondParty()
    start = random.getrandbits(32) if SEED == "random" else int(SEED)

    # Other examples on the other database: what they are does not depend on it.
    @seed(start + shop.settings.is_sqlite)
    def machine() -> Shopping:
        return Shopping(shop, api, party, all_rules=not EXAMPLES)

    try:
        with taking_money(shop, party):
            run_state_machine_as_test(machine, settings=SETTINGS)  # type: ignore[arg-type]
    except Exception as error:
        error.add_note(f"FUZZ_SEED={start}")
        raise


SETTINGS = settings(
    max_examples=int(EXAMPLES or 10),
    stateful_step_count=STEPS,
    backend="hypothesis" if EXAMPLES else "independent",
    derandomize=not EXAMPLES,
    database=None,
    deadline=None,
    report_multiple_bugs=False,
    # A step is several requests, so that examples take long by Hypothesis's measure.
    suppress_health_check=[HealthCheck.too_slow],
)
