"""The currencies of ISO 4217 with the decimals that each has, as published on 2026-01-01.

What has no decimals at all there (gold, the codes for tests) is none that a shop could sell for.
A code that ISO withdraws stays in this list, as do those of the last years before it was made:
books that were kept in one must stay readable.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

_CODES = {
    0: "BIF BYR CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: """
        AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD
        CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS
        GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD
        LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB
        PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP
        SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW
        ZWG
        ANG BGN CUC HRK SLL ZWL""",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
# Of one unit of admission, in every currency.
_MAX_PRICE = Decimal("9999999999.99")
# A double tells all decimal numbers of so many digits from one another; a 64-bit integer has room
# for nine thousand times as much.
_EXACT_DIGITS = 15


@dataclass(frozen=True, slots=True)
class Currency:
    code: str
    # How many decimals an amount may have.
    digits: int
    # The smallest amount there is: all others are so many of it.
    unit: Decimal
    max_price: Decimal
    # Of what adds up prices: an order, a payment.
    max_amount: Decimal

    @classmethod
    def of(cls, code: str, digits: int) -> "Currency":
        unit = Decimal(1).scaleb(-digits)
        return cls(
            code,
            digits,
            unit,
            max_price=_MAX_PRICE.quantize(unit, ROUND_DOWN),
            max_amount=Decimal(10**_EXACT_DIGITS - 1).scaleb(-digits),
        )


def _known() -> Iterator[Currency]:
    for digits, codes in _CODES.items():
        for code in codes.split():
            yield Currency.of(code, digits)


CURRENCIES = {currency.code: currency for currency in _known()}
