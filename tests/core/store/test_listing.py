"""Lists that are asked in more ways than anybody could remember."""

from itertools import product

from sqlalchemy import bindparam, select

from core.pagination import ListQuery
from core.store import statements
from core.store.listing import Listing, Where
from models import tickets


def test_no_number_of_ways_to_ask_fills_the_memory() -> None:
    names = [f"price_{number}" for number in range(12)]
    filters = {name: Where(name, tickets.c.price >= bindparam(name)) for name in names}
    listing = Listing(select(tickets.c.id), tickets.c, filters)
    asked = []
    for chosen in product([None, 1], repeat=len(names)):
        own = {name: 1 for name, wanted in zip(names, chosen, strict=True) if wanted}
        way, _ = listing._asked(ListQuery(), own)
        asked.append(statements.joined((), listing._statement(way)))
    assert len(asked) == 2 ** len(names)
    assert listing._statement.cache_info().currsize <= 200
    assert statements.joined.cache_info().currsize <= 1000
