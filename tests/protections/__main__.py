"""``make protections``: each protection is taken out once, and a test has to miss it."""

import os
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue

import typer

from tests.protections.removing import Protection, is_missed, run_tests
from tests.protections.table import PROTECTIONS
from tests.support.checkouts import fresh_checkout


class Checkouts:
    """Copies of the code, each lent to one at a time."""

    def __init__(self, folder: Path, number: int) -> None:
        self._free: SimpleQueue[Path] = SimpleQueue()
        for one in range(number):
            self._free.put(fresh_checkout(folder / str(one)))

    @contextmanager
    def lent(self) -> Iterator[Path]:
        checkout = self._free.get()
        try:
            yield checkout
        finally:
            self._free.put(checkout)


def main() -> int:
    number = os.cpu_count() or 1
    # In memory where that is possible: servers are started and killed here by the dozen.
    with (
        tempfile.TemporaryDirectory(prefix="nxt-protections-") as folder,
        ThreadPoolExecutor(number) as pool,
    ):
        checkouts = Checkouts(Path(folder), number)

        def judged(one: Protection) -> bool:
            with checkouts.lent() as checkout:
                return is_missed(one, checkout)

        with checkouts.lent() as checkout:
            if run_tests(checkout, *sorted({one.test for one in PROTECTIONS})):
                typer.echo("The tests fail with all protections in place.")
                return 1
        missed = list(pool.map(judged, PROTECTIONS))
    for one, is_so in zip(PROTECTIONS, missed, strict=True):
        typer.echo(f"{one.name}: {'missed by' if is_so else 'NOT MISSED by'} {one.test}")
    typer.echo(f"{sum(missed)} of {len(missed)} protections are missed when taken out.")
    return 0 if all(missed) else 1


if __name__ == "__main__":
    sys.exit(main())
