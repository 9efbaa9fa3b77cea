"""``make audit``: known vulnerabilities of what is locked, or who could not tell.

Needs nothing but the standard library and the program ``pip-audit`` beside this Python. That ends
well also where the service knew none of the packages, so what it says is read, and counted.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tools.locks import CLIENTS, DEVELOPMENT, TOOLS

NONE_KNOWN, VULNERABLE, NOT_TOLD = 0, 1, 3
# What the service needs, with and without Stripe, is in the lock for development, too. What
# generates clients has a package in another release, of which pip-audit takes one at a time.
_LOCKS = ((DEVELOPMENT, TOOLS), (CLIENTS,))
_SECONDS = 600


def audit(program: Sequence[str], service: str) -> int:
    """Print what is known in lines; which of the three it is, is the exit status."""
    found: dict[tuple[str, str], Any] = {}
    for locks in _LOCKS:
        packages, failure = _ask([*program, "--vulnerability-service", service], locks)
        if packages is None:
            print(f"Not audited: {service} did not answer: {failure}")
            return NOT_TOLD
        found |= {(package["name"], package.get("version", "")): package for package in packages}
    return _judge(list(found.values()), service)


def _judge(told: list[Any], service: str) -> int:
    vulnerable = [line for package in told for line in _vulnerabilities(package)]
    unknown = [package["name"] for package in told if "skip_reason" in package]
    print(*vulnerable, sep="\n", end="\n" if vulnerable else "")
    if unknown or not told:
        print(f"Not audited: {service} knows nothing of {len(unknown)} of {len(told)} packages")
    else:
        print(f"{len(told)} packages, {len(vulnerable)} known vulnerabilities")
    if vulnerable:
        return VULNERABLE
    return NOT_TOLD if unknown or not told else NONE_KNOWN


def _ask(program: Sequence[str], locks: Sequence[Path]) -> tuple[list[Any] | None, str]:
    """What is said of each package, or None and why nothing is said."""
    files = [word for lock in locks for word in ("--requirement", str(lock))]
    options = ["--disable-pip", "--require-hashes", "--format", "json", "--progress-spinner", "off"]
    try:
        done = subprocess.run(
            [*program, *files, *options],
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        return json.loads(done.stdout)["dependencies"], ""
    except subprocess.TimeoutExpired:
        return None, f"nothing was heard for {_SECONDS} seconds"
    except (ValueError, KeyError):
        return None, next(reversed(done.stderr.split("\n\n")[0].splitlines()), "nothing was said")


def _vulnerabilities(package: dict[str, Any]) -> list[str]:
    return [
        f"{package['name']} {package['version']}: {', '.join([found['id'], *found['aliases']])};"
        f" mended in {', '.join(found['fix_versions']) or 'no version yet'}"
        for found in package.get("vulns", [])
    ]


def _main() -> int:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--service", choices=["pypi", "osv"], default="pypi")
    program = Path(sys.executable).with_name("pip-audit")
    return audit([str(program)], words.parse_args().service)


if __name__ == "__main__":
    sys.exit(_main())
