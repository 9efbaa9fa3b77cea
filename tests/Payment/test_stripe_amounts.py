"""Amounts as Stripe counts them: mostly in the smallest unit of ISO 4217, but not always."""

from decimal import Decimal

import pytest

from Payment.port import RefusedError
from Payment.providers.by_stripe import to_amount, to_units


@pytest.mark.parametrize(
    ("amount", "currency", "units"),
    [
        ("199.98", "USD", 19998),
        ("0.01", "EUR", 1),
        ("500", "JPY", 500),
        ("5.12", "KWD", 5120),
        ("5.100", "TND", 5100),
        # Without decimals in ISO 4217, with two at Stripe.
        ("5", "ISK", 500),
        ("5", "UGX", 500),
        # The other way round.
        ("5", "MGA", 5),
        ("5.00", "MGA", 5),
        # Of whole units only when it is paid out.
        ("10.45", "HUF", 1045),
        ("9999999999999.99", "USD", 999_999_999_999_999),
    ],
)
def test_an_amount_is_the_same_there_and_back(amount: str, currency: str, units: int) -> None:
    assert to_units(Decimal(amount), currency) == units
    assert to_amount(units, currency) == Decimal(amount)


@pytest.mark.parametrize(
    ("amount", "currency"), [("5.124", "KWD"), ("5.001", "BHD"), ("5.5", "MGA")]
)
def test_what_stripe_can_not_count_is_refused_and_not_rounded(amount: str, currency: str) -> None:
    with pytest.raises(RefusedError, match="invalid_charge_amount"):
        to_units(Decimal(amount), currency)


@pytest.mark.parametrize("units", [None, "100", 1.5])
def test_what_is_no_whole_number_is_no_amount(units: object) -> None:
    with pytest.raises(TypeError):
        to_amount(units, "USD")  # type: ignore[arg-type]
