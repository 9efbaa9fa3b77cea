"""Card numbers, and what each of them does. There are no others."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

# How long what takes a while takes, how late what comes late comes, and how long trouble lasts.
SECONDS = 5.0
LATE_SECONDS = 30.0
TROUBLE_SECONDS = 30.0


class Telling(StrEnum):
    """How the shop is told what becomes of a payment."""

    ON_TIME = "on_time"
    LOST = "lost"
    DOUBLED = "doubled"
    LATE = "late"
    # The bank declines before it agrees, and the shop hears of that when it knows of the success.
    REORDERED = "reordered"
    # Before the request that has moved the money is answered.
    FIRST = "first"


class Trouble(StrEnum):
    """What is wrong with answers."""

    SLOW = "slow"
    DOWN = "down"
    NONSENSE = "nonsense"


class GivingBack(StrEnum):
    """What becomes of a refund."""

    AT_ONCE = "at_once"
    LATER = "later"
    REFUSED = "refused"
    # Taken, and sent back by the bank; another one arrives.
    FAILS = "fails"


class Receipt(StrEnum):
    """What arrives of what was asked for."""

    AS_ASKED = "as_asked"
    OTHER_AMOUNT = "other_amount"
    OTHER_CURRENCY = "other_currency"
    # A second payment of the same number, beside the first.
    TWICE = "twice"


@dataclass(frozen=True)
class Card:
    number: str
    # As the page and the documentation tell it.
    effect: str
    declined: str | None = None
    # The bank asks its customer once more.
    needs_authentication: bool = False
    takes_seconds: bool = False
    receipt: Receipt = Receipt.AS_ASKED
    telling: Telling = Telling.ON_TIME
    giving_back: GivingBack = GivingBack.AT_ONCE
    # What is wrong with what the shop is answered about the payment, for a while.
    trouble: Trouble | None = None
    is_disputed: bool = False


SUCCEEDS = Card("4242424242424242", "The payment succeeds.")
_ALL = (
    SUCCEEDS,
    Card("4000000000000002", "The bank declines: `card_declined`.", declined="card_declined"),
    Card(
        "4000000000009995",
        "There is not enough money: `insufficient_funds`.",
        declined="insufficient_funds",
    ),
    Card(
        "4000000000003220",
        "The bank asks the buyer once more, as with 3-D Secure; who does not agree there fails "
        "with `authentication_failed`.",
        needs_authentication=True,
    ),
    Card("4000000000000101", "The payment succeeds after 5 seconds.", takes_seconds=True),
    Card(
        "4000000000000119",
        "The buyer is charged twice: a second payment with the same number succeeds as well.",
        receipt=Receipt.TWICE,
    ),
    Card(
        "4000000000000127",
        "One unit too much is charged, such as a cent.",
        receipt=Receipt.OTHER_AMOUNT,
    ),
    Card(
        "4000000000000135",
        "The amount is charged in another currency: EUR, or USD in place of EUR.",
        receipt=Receipt.OTHER_CURRENCY,
    ),
    Card(
        "4000000000000143",
        "The payment succeeds, and all webhooks about it are lost.",
        telling=Telling.LOST,
    ),
    Card(
        "4000000000000150",
        "The payment succeeds, and each webhook about it comes twice at once.",
        telling=Telling.DOUBLED,
    ),
    Card(
        "4000000000000168",
        "The bank declines and then agrees; the webhook about the first comes after the other one.",
        telling=Telling.REORDERED,
    ),
    Card(
        "4000000000000176",
        "The payment succeeds, and webhooks about it come 30 seconds late.",
        telling=Telling.LATE,
    ),
    Card(
        "4000000000000184",
        "The payment succeeds, and the webhook comes before the answer to whoever has paid.",
        telling=Telling.FIRST,
    ),
    Card(
        "4000000000000192",
        "The payment succeeds, and the provider refuses to give it back: `refund_refused`.",
        giving_back=GivingBack.REFUSED,
    ),
    Card(
        "4000000000000200",
        "The payment succeeds. Its first refund is taken, and fails after 5 seconds with "
        "`account_closed`; the next one succeeds.",
        giving_back=GivingBack.FAILS,
    ),
    Card(
        "4000000000000218",
        "The payment succeeds, and a refund of it takes 5 seconds.",
        giving_back=GivingBack.LATER,
    ),
    Card(
        "4000000000000226",
        "The payment succeeds without a webhook; for 30 seconds each answer about it takes 8.",
        telling=Telling.LOST,
        trouble=Trouble.SLOW,
    ),
    Card(
        "4000000000000234",
        "The payment succeeds without a webhook; for 30 seconds each answer about it is 503.",
        telling=Telling.LOST,
        trouble=Trouble.DOWN,
    ),
    Card(
        "4000000000000242",
        "The payment succeeds without a webhook; for 30 seconds no answer about it makes sense.",
        telling=Telling.LOST,
        trouble=Trouble.NONSENSE,
    ),
    Card(
        "4000000000000259",
        "The payment succeeds, and the buyer's bank asks the money back: a dispute.",
        is_disputed=True,
    ),
)


def _by_number(cards: Iterable[Card]) -> Mapping[str, Card]:
    return {card.number: card for card in cards}


CARDS = _by_number(_ALL)
