"""Settings about money: who takes it, with what that needs, and how much of it goes back."""

import pytest

from core.settings import load_settings
from tests.core.test_settings import refusal


class TestProviders:
    @pytest.mark.parametrize(
        ("environment", "providers"),
        [("development", ("test",)), ("test", ()), ("staging", ()), ("production", ())],
    )
    def test_are_the_test_provider_in_development_alone(
        self, environment: str, providers: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ENVIRONMENT", environment)
        assert load_settings().providers == providers
        monkeypatch.setenv("PAYMENT_PROVIDERS", "")
        assert load_settings().providers == providers

    def test_are_separated_by_commas(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PAYMENT_PROVIDERS", " test_confirm , test,")
        assert load_settings().providers == ("test_confirm", "test")

    @pytest.mark.parametrize(
        ("changes", "missing"),
        [
            (
                {"PAYMENT_PROVIDERS": "stripe"},
                "STRIPE_SECRET_KEY, STRIPE_WEBHOOK_SECRETS, STRIPE_PUBLISHABLE_KEY",
            ),
            (
                {"PAYMENT_PROVIDERS": "stripe_checkout", "STRIPE_SECRET_KEY": "sk"},
                "STRIPE_WEBHOOK_SECRETS, PAYMENT_RETURN_URL",
            ),
            (
                {"PAYMENT_PROVIDERS": "test", "TEST_PAYMENTS_URL": "http://localhost:8900"},
                "TEST_PAYMENTS_SECRETS",
            ),
            (
                {"PAYMENT_PROVIDERS": "test_confirm", "TEST_PAYMENTS_URL": "http://localhost:8900"},
                "TEST_PAYMENTS_SECRETS",
            ),
        ],
    )
    def test_are_refused_without_what_they_need(
        self, changes: dict[str, str], missing: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name, value in changes.items():
            monkeypatch.setenv(name, value)
        assert refusal() == f"bad settings: settings: PAYMENT_PROVIDERS needs {missing}"

    def test_have_secrets_that_are_not_printed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("STRIPE_WEBHOOK_SECRETS", "hunter2, hunter3")
        settings = load_settings()
        secrets = [secret.get_secret_value() for secret in settings.stripe_webhook_secrets]
        assert secrets == ["hunter2", "hunter3"]
        assert "hunter" not in repr(settings)


class TestTheRefundLimit:
    @pytest.mark.parametrize(
        ("code", "limit", "finer"), [("JPY", "50", "0.5"), ("KWD", "0.005", "0.0005")]
    )
    def test_is_an_amount_of_the_currency(
        self, code: str, limit: str, finer: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CURRENCY", code)
        monkeypatch.setenv("REFUND_LIMIT", limit)
        assert str(load_settings().refund_limit) == limit
        monkeypatch.setenv("REFUND_LIMIT", finer)
        assert f"decimal places, as {code} has" in refusal()
