"""Clients that are generated from docs/openapi.json compile, and buy a ticket.

What they are generated with is installed by ``make clients``, from locks of its own.
"""

from collections.abc import Iterator

import pytest

from tests.support.forked import forked_server


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    database = tmp_path_factory.mktemp("shop") / "shop.db"
    with forked_server({"DATABASE_URL": f"sqlite:///{database}"}) as url:
        yield url
