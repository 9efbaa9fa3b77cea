"""What is on sale in the demo, and who buys: drawn by a seed, the same each time."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from demo import words

# Orders go so far back, and events are announced a while before.
HISTORY = timedelta(days=90)
_AHEAD = timedelta(days=75)
_ON_SALE_FOR = timedelta(days=80)
# Of all events.
_WITH_VIP = 0.6


@dataclass(frozen=True)
class Kind:
    """Of admission: a ticket."""

    category: str
    price: Decimal
    units: int


@dataclass(frozen=True)
class Event:
    name: str
    description: str
    venue: str
    begins: datetime
    # From when on its tickets are on sale.
    announced: datetime
    kinds: tuple[Kind, ...]
    # How much is asked for it, beside others.
    appeal: float


@dataclass(frozen=True)
class Person:
    username: str
    full_name: str

    @property
    def email(self) -> str:
        # A domain that nobody can have.
        return f"{self.username}@demo.example"


def events(random: Random, now: datetime, orders: int) -> list[Event]:
    """Of the past weeks and the next ones, with stock for so many orders, which is scarce here and
    there.
    """
    names = [*_placed(words.CONCERTS, 3), *_placed(words.STAGES, 2), *_placed(words.TALKS, 1)]
    random.shuffle(names)
    step = (HISTORY + _AHEAD) / len(names)
    size = max(20, orders // 7)
    return [
        _event(random, name, description, now - HISTORY + step * (number + 1), size)
        for number, (name, description) in enumerate(names)
    ]


def people(random: Random, number: int) -> list[Person]:
    return [_person(random, one) for one in range(1, number + 1)]


def _placed(told: Mapping[str, str], times: int) -> Iterator[tuple[str, str]]:
    """What is played in several cities is an event in each."""
    for place, (name, description) in enumerate(told.items()):
        for time in range(times):
            city = words.CITIES[(place + time * 3) % len(words.CITIES)]
            yield (f"{name}, {city}" if times > 1 else name), description


def _event(random: Random, name: str, description: str, around: datetime, size: int) -> Event:
    begins = around.replace(hour=random.choice((15, 19, 20)), minute=0, second=0, microsecond=0)
    base = random.choice((18, 24, 32, 45, 60))
    size = int(size * random.uniform(0.4, 1.6))
    kinds = [
        Kind("Standard", Decimal(base), size),
        Kind("Reduced", Decimal(base * 2 // 3), max(10, size // 4)),
    ]
    if random.random() < _WITH_VIP:
        kinds.append(Kind("VIP", Decimal(base * 3), max(6, size // 10)))
    return Event(
        name,
        description,
        random.choice(words.VENUES),
        begins,
        begins - random.uniform(0.4, 1) * _ON_SALE_FOR,
        tuple(kinds),
        random.uniform(0.3, 2.5),
    )


def _person(random: Random, number: int) -> Person:
    full_name = f"{random.choice(words.GIVEN)} {random.choice(words.FAMILY)}"
    return Person(f"{_plain(full_name)}_{number}", full_name)


def _plain(name: str) -> str:
    """As a username may be."""
    bare = unicodedata.normalize("NFKD", name.lower()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z]+", "_", bare)
