"""A provider's books beside ours, page by page: nothing is written, on either side."""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Protocol, TypeVar

from Payment.port import Provider
from Payment.services import provider_books
from Payment.services.provider_books import Difference, Found
from work.context import Context

T = TypeVar("T")
# What is compared at a time.
_PAGE = 200


class Reads(Protocol):
    """Who asks the database, for a command that nobody waits for besides whoever typed it."""

    def __call__(self, service: Callable[[Context], T], /) -> T: ...


async def compare(provider: Provider, since: datetime, read: Reads) -> AsyncIterator[Difference]:
    """What differs of the payments and the refunds that were begun since then, both ways."""
    name = provider.name
    pairs = (
        _compared(
            provider.payments_since(since),
            partial(provider_books.compare_payments, name=name),
            partial(provider_books.missing_payments, name=name, since=since),
            read,
        ),
        _compared(
            provider.refunds_since(since),
            partial(provider_books.compare_refunds, name=name),
            partial(provider_books.missing_refunds, name=name, since=since),
            read,
        ),
    )
    for found in pairs:
        async for difference in found:
            yield difference


async def _compared(
    reports: AsyncIterator[T],
    compare_page: Callable[..., Found],
    missing: Callable[..., Sequence[Difference]],
    read: Reads,
) -> AsyncIterator[Difference]:
    """First what the provider has, then what it lacks."""
    seen: set[int] = set()
    async for page in _pages(reports):
        found = read(partial(compare_page, reports=page))
        seen |= set(found.seen)
        for difference in found.differences:
            yield difference
    for difference in read(partial(missing, seen=seen)):
        yield difference


async def _pages(reports: AsyncIterator[T]) -> AsyncIterator[list[T]]:
    page: list[T] = []
    async for report in reports:
        page.append(report)
        if len(page) == _PAGE:
            yield page
            page = []
    if page:
        yield page
