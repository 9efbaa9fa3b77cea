"""The example of a storefront, served as whoever copies it does: from an origin of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from core.store.schema_version import ROOT

STOREFRONT = Path(ROOT) / "examples" / "storefront"
# What its page says until whoever copies it says something else.
_SERVICE = 'name="service" content="http://localhost:8000"'


@dataclass
class Elsewhere:
    """An origin; ``service`` is where its page finds the API."""

    origin: str = ""
    service: str = ""

    def page(self) -> bytes:
        page = (STOREFRONT / "index.html").read_text()
        assert _SERVICE in page
        return page.replace(_SERVICE, f'name="service" content="{self.service}"').encode()


class _Files(SimpleHTTPRequestHandler):
    def __init__(self, *arguments: object, elsewhere: Elsewhere) -> None:
        self._elsewhere = elsewhere
        super().__init__(*arguments, directory=str(STOREFRONT))  # type: ignore[arg-type]

    def do_GET(self) -> None:
        if self.path.partition("?")[0] != "/":
            super().do_GET()
            return
        page = self._elsewhere.page()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@contextmanager
def served_elsewhere() -> Iterator[Elsewhere]:
    elsewhere = Elsewhere()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Files, elsewhere=elsewhere)) as server:
        elsewhere.origin = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield elsewhere
        finally:
            server.shutdown()
            thread.join()
