"""Tells the whole season, one thing after the other, as it would have happened."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import count
from random import Random

from core.money import selling_in
from demo import lives, season
from demo.lives import Life, Wish
from demo.season import HISTORY, Event, Person
from demo.shop import Shop

# Told of each thing that comes to pass.
Watch = Callable[[], object]
# Of those who order, so many come back.
_ORDERS_OF_ONE = 3
# Of all who want something.
_ONLY_IN_CARTS, _OF_TWO_KINDS, _JUST_NOW = 0.04, 0.15, 0.01
_WISHES = 5
_UNITS = (1, 2, 2, 2, 3, 4)


@dataclass
class Agenda:
    """What comes next, in the order of time."""

    _entries: list[tuple[datetime, int, Life]] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=count)

    def add(self, at: datetime, life: Life) -> None:
        heappush(self._entries, (at, next(self._numbers), life))

    def run(self, shop: Shop, until: datetime, begun: Watch) -> None:
        while self._entries and self._entries[0][0] <= until:
            at, number, life = heappop(self._entries)
            shop.go_on_at(at)
            try:
                wait = next(life)
            except StopIteration:
                continue
            finally:
                begun()
            heappush(self._entries, (shop.now + wait, number, life))


def tell(shop: Shop, *, orders: int, seed: int, until: datetime, begun: Watch) -> None:
    """Fill the shop with about so many orders."""
    random = Random(seed)
    events = season.events(random, until, orders)
    people = season.people(random, max(1, orders // _ORDERS_OF_ONE))
    agenda = Agenda()
    for event in events:
        if event.announced <= until:
            agenda.add(event.announced, _announced(shop, event))
    for number in range(orders):
        # Each has a chance of its own, whatever happens to others meanwhile.
        own = Random(f"{seed}:{number}")
        at = _moment(own, until)
        wishes = _wishes(own, at, events, own.choice(people))
        life = lives.of_cart if own.random() < _ONLY_IN_CARTS else lives.of_order
        agenda.add(at, life(shop, own, wishes))
    with selling_in(shop.currency):
        agenda.run(shop, until, begun)
    shop.sweep()
    shop.close()


def beginning(until: datetime) -> datetime:
    """Before all that is told."""
    return until - 2 * HISTORY


def _announced(shop: Shop, event: Event) -> Life:
    shop.announce_event(event)
    # That is all.
    yield from ()


def _moment(random: Random, until: datetime) -> datetime:
    """More in the evening than at night, and more of late than long ago; some only just now."""
    if random.random() < _JUST_NOW:
        return until - timedelta(minutes=random.randint(1, 12))
    day = until - HISTORY * (1 - math.pow(random.random(), 0.8))
    hour = random.triangular(7, 24, 20)
    at = day.replace(hour=0, minute=0, second=0) + timedelta(hours=hour)
    return at if at <= until else at - timedelta(days=1)


def _wishes(random: Random, at: datetime, events: list[Event], person: Person) -> list[Wish]:
    """What somebody would like to see, the best first: who comes late may have to be content."""
    on_sale = [one for one in events if one.announced < at < one.begins]
    # The nearer it comes, the more want to go.
    weights = [one.appeal / (3 + (one.begins - at).days) for one in on_sale]
    liked = random.choices(on_sale, weights, k=_WISHES) if on_sale else []
    return [Wish(person, event, _units(random, event)) for event in liked]


def _units(random: Random, event: Event) -> dict[str, int]:
    number = 2 if random.random() < _OF_TWO_KINDS else 1
    kinds = random.choices(event.kinds, [kind.units for kind in event.kinds], k=number)
    return {kind.category: random.choice(_UNITS) for kind in kinds}
