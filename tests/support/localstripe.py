"""A fake Stripe in a process of its own, and somebody who takes the webhooks that it sends.

localstripe is under the GPL: it is run, and no process of ours imports it.
"""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue
from threading import Thread
from typing import Any

import httpx2

from tools.server import LOCALLY

SECRET_KEY = "sk_test_51HeldByNobody"  # noqa: S105 - the fake takes any
_PATIENCE = 20
# At a socket that listens already, so that nobody has to wait for it, and nobody else reaches it.
_PROGRAM = """
import socket, sys
from aiohttp import web
from localstripe.server import app
web.run_app(app, sock=socket.socket(fileno=int(sys.argv[1])), print=None, access_log=None)
"""


class Mailbox:
    """An address for webhooks: what comes is kept as it was sent, each with its headers."""

    def __init__(self) -> None:
        self.arrived: SimpleQueue[tuple[bytes, dict[str, str]]] = SimpleQueue()
        arrived = self.arrived

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                arrived.put((body, headers))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def about(self, reference: str) -> tuple[bytes, dict[str, str]]:
        """The next one about a payment; those of tests that have ended come in between."""
        while reference.encode() not in (arrived := self.arrived.get(timeout=_PATIENCE))[0]:
            pass
        return arrived


class LocalStripe:
    """What a buyer does at Stripe, and what is asked about it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.client = httpx2.Client(
            base_url=url,
            headers={"Authorization": f"Bearer {SECRET_KEY}"},
            timeout=_PATIENCE,
            **LOCALLY,
        )

    def send_webhooks_to(self, mailbox: Mailbox, secret: str) -> None:
        address = {"url": mailbox.url, "secret": secret}
        self.client.post("/_config/webhooks/tests", json=address).raise_for_status()

    def intent(self, reference: str) -> Any:
        return self.client.get(f"/v1/payment_intents/{reference}").raise_for_status().json()

    def confirm(self, reference: str, card: str = "pm_card_visa") -> httpx2.Response:
        """What Stripe's library does in the browser, with one of the cards for tests."""
        path = f"/v1/payment_intents/{reference}"
        self.client.post(path, data={"payment_method": card}).raise_for_status()
        return self.client.post(f"{path}/confirm")

    def cancel(self, reference: str) -> None:
        self.client.post(f"/v1/payment_intents/{reference}/cancel").raise_for_status()


@contextmanager
def localstripe() -> Iterator[LocalStripe]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port, descriptor = listener.getsockname()[1], listener.fileno()
        words = [sys.executable, "-c", _PROGRAM, str(descriptor)]
        process = subprocess.Popen(words, pass_fds=(descriptor,))
    try:
        fake = LocalStripe(f"http://127.0.0.1:{port}")
        with fake.client:
            yield fake
    finally:
        process.kill()
        process.wait(_PATIENCE)


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    box = Mailbox()
    thread = Thread(target=box.server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield box
    finally:
        box.server.shutdown()
        box.server.server_close()
        thread.join(_PATIENCE)
