"""Databases that are made once, and of which a test gets a copy of its own: to migrate one takes
longer than most of what is asked of it.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import URL

from core.settings import Settings
from tests.support.service import fresh_database, settings_for
from tools.postgres import new_database

# Makes of an empty database what is to be copied.
Make = Callable[[Settings], None]


class Moulds:
    def __init__(self, backend: str, request: pytest.FixtureRequest, name: str) -> None:
        self._backend, self._request, self._name = backend, request, f"{name}_mould"
        self._made: dict[Make, URL] = {}
        self._until_the_end = ExitStack()

    @contextmanager
    def copied(self, make: Make) -> Iterator[URL]:
        mould, name = str(self._mould(make).database), f"{self._name}_copy"
        if self._backend == "postgres":
            with new_database(self._request.getfixturevalue("postgres"), name, mould) as url:
                yield url
        else:
            with fresh_database("sqlite", self._request, name) as url:
                shutil.copy(mould, str(url.database))
                yield url

    def copy_to(self, file: Path, make: Make) -> Path:
        """Of SQLite; over what is there."""
        return Path(shutil.copy(str(self._mould(make).database), file))

    def break_up(self) -> None:
        self._until_the_end.close()

    def _mould(self, make: Make) -> URL:
        if make not in self._made:
            name = f"{self._name}_{len(self._made)}"
            opened = fresh_database(self._backend, self._request, name)
            url = self._until_the_end.enter_context(opened)
            make(settings_for(url))
            self._made[make] = url
        return self._made[make]
