"""What an amount may be follows from its currency, and whoever handles one says which that is."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from core.currencies import CURRENCIES, Currency
from core.money import (
    PositiveAmount,
    Price,
    as_number,
    divide,
    from_minor_units,
    selling_in,
    to_minor_units,
)

ALL = CURRENCIES.values()
PRICE: TypeAdapter[Decimal] = TypeAdapter(Price)
AMOUNT: TypeAdapter[Decimal] = TypeAdapter(PositiveAmount)


@pytest.fixture(params=["JPY", "USD", "KWD", "CLF"])
def currency(request: pytest.FixtureRequest) -> Iterator[Currency]:
    with selling_in(request.param):
        yield CURRENCIES[request.param]


def test_the_decimals_are_those_of_iso_4217() -> None:
    some = {"JPY": 0, "KRW": 0, "VND": 0, "ISK": 0, "XOF": 0, "USD": 2, "EUR": 2, "IDR": 2}
    some |= {"HUF": 2, "XCG": 2, "KWD": 3, "BHD": 3, "TND": 3, "CLF": 4, "UYW": 4}
    assert {code: CURRENCIES[code].digits for code in some} == some
    # Old, for tests, none at all, and gold.
    assert CURRENCIES.keys().isdisjoint({"ABC", "DEM", "XTS", "XXX", "XAU"})
    assert len(CURRENCIES) == 172


def test_an_amount_without_a_currency_is_none() -> None:
    for use in (lambda: to_minor_units(Decimal(1)), lambda: from_minor_units(1)):
        with pytest.raises(LookupError):
            use()


def test_currencies_end_with_their_block() -> None:
    with selling_in("KWD"):
        with selling_in("JPY"):
            assert to_minor_units(Decimal(5)) == 5
        assert to_minor_units(Decimal(5)) == 5000


class TestAnAmount:
    def test_is_a_number_of_minor_units(self, currency: Currency) -> None:
        for minor in (0, 1, 7, 12345, 10**15 - 1):
            amount = from_minor_units(minor)
            assert to_minor_units(amount) == minor
            assert amount / currency.unit == minor

    def test_with_a_fraction_of_one_is_never_stored(self, currency: Currency) -> None:
        with pytest.raises(ValueError, match="fraction"):
            to_minor_units(currency.unit / 10)

    @pytest.mark.usefixtures("currency")
    def test_up_to_the_largest_is_told_apart_in_json(self) -> None:
        for below in (0, 1, 2, 50, 99, 100, 12345):
            amount = from_minor_units(10**15 - 1 - below)
            number = as_number(amount)
            assert Decimal(repr(number)) == amount
            # As it comes back.
            assert AMOUNT.validate_python(number) == amount

    def test_has_all_its_decimals_once_it_was_read(self, currency: Currency) -> None:
        assert str(PRICE.validate_python(5)) == str(from_minor_units(5 * 10**currency.digits))

    def test_of_the_smallest_is_the_least_to_pay(self, currency: Currency) -> None:
        assert AMOUNT.validate_python(as_number(currency.unit)) == currency.unit
        for number in (0, as_number(currency.unit / 10) or 0.1):
            with pytest.raises(ValidationError):
                AMOUNT.validate_python(number)

    @pytest.mark.usefixtures("currency")
    @pytest.mark.parametrize("number", [True, "1", None, float("nan"), float("inf"), -1, 1e300])
    def test_is_a_json_number_that_is_not_negative(self, number: Any) -> None:
        with pytest.raises(ValidationError):
            PRICE.validate_python(number)

    def test_divides_to_the_minor_unit(self, currency: Currency) -> None:
        assert divide(currency.unit * 200, 3) == currency.unit * 67
        assert divide(currency.unit, 0) == 0


@pytest.mark.parametrize("currency", ALL, ids=lambda currency: currency.code)
def test_prices_and_totals_fit(currency: Currency) -> None:
    """A hundred of the dearest do, but for those with four decimals, and sixty-four bits."""
    assert currency.max_price == Decimal("9999999999.99" if currency.digits else "9999999999")
    units = 100 if currency.digits < 4 else 9
    assert currency.max_price * units <= currency.max_amount
    with selling_in(currency.code):
        assert to_minor_units(currency.max_amount) * 9000 < 2**63
