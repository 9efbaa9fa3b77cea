"""What becomes of an order: each is a story whose steps lie so far apart."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from demo import words
from demo.season import Event, Person
from demo.shop import Shop
from Order.schemas.order import OrderRead
from Order.schemas.transaction import TransactionRead

# Yields how long it is until the next step; what comes after today has not happened yet.
Life = Iterator[timedelta]
_METHODS = ("card", "card", "card", "card", "bank transfer", "cash")
# Of all orders so many have notes, are never paid, or are called off before;
_WITH_NOTES, _UNPAID, _CALLED_OFF = 0.1, 0.1, 0.03
# of all payments so many fail at first; and of what is paid so much is given back, in part or all.
_FAIL_AT_FIRST, _GIVEN_BACK_IN_PART, _GIVEN_BACK = 0.08, 0.05, 0.05
_MINUTE, _HOUR = timedelta(minutes=1), timedelta(hours=1)


@dataclass(frozen=True)
class Wish:
    """Somebody wants to see something."""

    person: Person
    event: Event
    # By category.
    units: dict[str, int]


def of_order(shop: Shop, random: Random, wishes: Sequence[Wish]) -> Life:
    """Of the first wish that can be had."""
    for wish in wishes:
        order = _ordered(shop, random, wish)
        if order is not None:
            yield from _of_ordered(shop, random, wish, order)
            return


def of_cart(shop: Shop, random: Random, wishes: Sequence[Wish]) -> Life:
    """Put aside, and perhaps bought one day."""
    for wish in wishes[:2]:
        for ticket_id, units in shop.tickets_of(wish.event, wish.units).items():
            shop.put_in_cart(wish.person, ticket_id, units)
            yield random.randint(1, 9) * _MINUTE


def _ordered(shop: Shop, random: Random, wish: Wish) -> OrderRead | None:
    notes = random.choice(words.NOTES) if random.random() < _WITH_NOTES else None
    return shop.order(wish.person, shop.tickets_of(wish.event, wish.units), notes)


def _of_ordered(shop: Shop, random: Random, wish: Wish, order: OrderRead) -> Life:
    fate = random.random()
    if fate < _UNPAID:
        yield shop.hold + _MINUTE
        shop.sweep()
    elif fate < _UNPAID + _CALLED_OFF:
        yield 4 * _MINUTE
        shop.cancel(order, random.choice(words.WHY_CANCELLED), by=wish.person)
    else:
        yield from _paid(shop, random, wish, order)


def _paid(shop: Shop, random: Random, wish: Wish, order: OrderRead) -> Life:
    yield random.randint(1, 4) * _MINUTE
    payment = shop.announce_payment(wish.person, order, random.choice(_METHODS))
    if random.random() < _FAIL_AT_FIRST:
        yield _MINUTE
        shop.settle(payment, failure=random.choice(words.WHY_FAILED))
        yield _MINUTE
        payment = shop.announce_payment(wish.person, order, "card")
    yield random.randint(1, 3) * _MINUTE
    shop.settle(payment)
    yield from _afterwards(shop, random, wish, order, payment)


def _afterwards(
    shop: Shop, random: Random, wish: Wish, order: OrderRead, payment: TransactionRead
) -> Life:
    fate = random.random()
    if fate < _GIVEN_BACK_IN_PART:
        yield random.randint(2, 90) * _HOUR
        one = order.items[0].unit_price
        shop.refund(payment, one, random.choice(words.WHY_REFUNDED))
        if one == payment.amount:
            return
    elif fate < _GIVEN_BACK_IN_PART + _GIVEN_BACK:
        yield random.randint(2, 90) * _HOUR
        shop.cancel(order, random.choice(words.WHY_CANCELLED))
        return
    # They came, and it is over.
    yield max(wish.event.begins - shop.now, timedelta()) + 3 * _HOUR
    shop.complete(order)
