"""``python cli.py reconcile --provider``: a provider's books beside ours, as an operator asks."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli import app
from tests.support.card_payments import BY_PAGE, Buyer
from tests.support.client import Api
from tests.support.service import Service, fresh_database, running_service, settings_for

RUNNER = CliRunner()
SINCE = "2026-01-01"
SUCCESS, WEBHOOKS_LOST = "4242424242424242", "4000000000000143"


@pytest.fixture
def shop(
    request: pytest.FixtureRequest,
    worker_name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Service]:
    """Also what the command line finds in its environment."""
    with fresh_database("sqlite", request, f"{worker_name}_compared") as url:
        settings = settings_for(url, test_payments_file=str(tmp_path / "payments.db"))
        monkeypatch.setenv("DATABASE_URL", settings.database_url)
        monkeypatch.setenv("PAYMENT_PROVIDERS", ",".join(settings.providers))
        monkeypatch.setenv("TEST_PAYMENTS_FILE", settings.test_payments_file)
        with running_service(settings) as service:
            yield service


@pytest.fixture
def buyer(shop: Service) -> Buyer:
    return Buyer(Api(shop.client, shop.clock, shop.app), shop, BY_PAGE, SUCCESS)


def compared(provider: str) -> Result:
    return RUNNER.invoke(app, ["reconcile", "--provider", provider, "--since", SINCE])


def test_what_was_paid_and_told_agrees(buyer: Buyer) -> None:
    buyer.paid()
    said = compared(BY_PAGE)
    told = f"{BY_PAGE} and the books, since {SINCE} 00:00 UTC: 0 differences.\n"
    assert (said.exit_code, said.stdout, said.stderr) == (0, told, "")


def test_what_nobody_was_told_of_is_named(buyer: Buyer) -> None:
    buyer = replace(buyer, card=WEBHOOKS_LOST)
    payment = buyer.begin(buyer.order())
    buyer.pay(payment)
    said = compared(BY_PAGE)
    assert said.exit_code == 1
    assert payment["provider_reference"] in said.stdout
    assert said.stdout.endswith("UTC: 1 difference.\n")


def test_a_provider_that_is_not_set_up_is_named(shop: Service) -> None:
    assert shop
    said = compared("stripe")
    assert said.exit_code == 1
    assert said.stderr.startswith("PAYMENT_PROVIDERS does not name stripe; it names test")
