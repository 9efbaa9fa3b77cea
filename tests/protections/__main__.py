"""``make protections``: each protection is taken out once, and a test has to miss it."""

import sys
import tempfile
from pathlib import Path

import typer

from tests.protections.removing import copy_of_the_code, is_missed, run_tests
from tests.protections.table import PROTECTIONS


def main() -> int:
    # In memory where that is possible: servers are started and killed here by the dozen.
    with tempfile.TemporaryDirectory(prefix="nxt-protections-") as folder:
        checkout = copy_of_the_code(Path(folder))
        if run_tests(checkout, *sorted({one.test for one in PROTECTIONS})):
            typer.echo("The tests fail with all protections in place.")
            return 1
        missed = {one.name: is_missed(one, checkout) for one in PROTECTIONS}
    for one in PROTECTIONS:
        verdict = "missed by" if missed[one.name] else "NOT MISSED by"
        typer.echo(f"{one.name}: {verdict} {one.test}")
    typer.echo(f"{sum(missed.values())} of {len(missed)} protections are missed when taken out.")
    return 0 if all(missed.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
