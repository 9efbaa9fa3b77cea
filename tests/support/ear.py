"""Whoever is told something by webhooks: keeps what comes, and answers as a test wants."""

import json
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from typing import Any

PATIENCE = 20


@dataclass(frozen=True)
class Heard:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> Any:
        return json.loads(self.body)


@dataclass
class Ear:
    url: str = ""
    # What the next ones are answered; all others are heard.
    answers: deque[HTTPStatus] = field(default_factory=deque)
    _heard: Queue[Heard] = field(default_factory=Queue)

    def next(self) -> Heard:
        """What comes next, which is waited for."""
        return self._heard.get(timeout=PATIENCE)

    def about(self, payment: Any) -> Heard:
        """What comes next about a payment, or about something that belongs to it."""
        while True:
            heard = self.next()
            told = heard.event["data"]
            if payment["id"] in {told["id"], told.get("payment")}:
                return heard

    def now(self) -> Iterator[Heard]:
        """What has come by now."""
        while not self._heard.empty():
            yield self._heard.get()

    def take(self, heard: Heard) -> HTTPStatus:
        self._heard.put(heard)
        return self.answers.popleft() if self.answers else HTTPStatus.OK


@contextmanager
def listening_ear() -> Iterator[Ear]:
    ear = Ear()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            named = {name.lower(): value for name, value in self.headers.items()}
            self.send_response(ear.take(Heard(self.path, named, body)))
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        ear.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield ear
        finally:
            server.shutdown()
            thread.join()
