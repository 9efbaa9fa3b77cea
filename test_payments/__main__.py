"""``python -m test_payments``: the provider in a process of its own, for this machine alone."""

import argparse
import json
import os

import uvicorn
from starlette.applications import Starlette

from test_payments.app import create_app
from test_payments.background import Receiver
from test_payments.provider import Options

# How what was said on the command line reaches the processes that the server starts.
_SAID = "TEST_PAYMENTS_SAID"


def main() -> None:
    said = parser().parse_args()
    # The file has secrets of payments in it.
    os.umask(0o077)
    os.environ[_SAID] = json.dumps(vars(said))
    uvicorn.run(
        "test_payments.__main__:app_as_said",
        factory=True,
        host=said.host,
        port=said.port,
        fd=said.fd,
        workers=said.workers,
        log_level="warning",
        # Keeps connections that carry nothing for as long as a shop keeps them.
        timeout_keep_alive=75,
    )


def app_as_said() -> Starlette:
    said = json.loads(os.environ[_SAID])
    return create_app(
        Options(
            file=said["file"],
            secrets=said["secret"],
            receiver=Receiver(said["webhook"]),
            slow_seconds=said["slow_seconds"],
        )
    )


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m test_payments", description=__doc__)
    add = parser.add_argument
    add("--host", default="127.0.0.1")
    add("--port", type=int, default=8900)
    add("--fd", type=int, help="a socket that listens already, in place of host and port")
    add("--workers", type=int, default=1)
    add("--file", default="./test-payments.db", help="what it remembers (SQLite)")
    add("--secret", action="append", required=True, help="as in TEST_PAYMENTS_SECRETS, for each")
    add(
        "--webhook",
        default="",
        help="where it tells what happens; {channel} stands for the payment method",
    )
    add("--slow-seconds", type=float, default=8.0, help="what a slow answer takes")
    return parser


if __name__ == "__main__":
    main()
