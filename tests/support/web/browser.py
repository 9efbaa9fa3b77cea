"""A real Chromium, and a page in it that notices whatever a person would not forgive."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    ViewportSize,
    sync_playwright,
)

# As Debian has it, and others. The first is made for this: without the parts that nobody sees it
# takes half of what the others do.
_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
# It asks nobody outside for anything of its own.
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDE: ViewportSize = {"width": 1280, "height": 900}
NARROW: ViewportSize = {"width": 360, "height": 780}
# What Chromium says of an answer that is a refusal, which pages are made to meet.
_REFUSED = "Failed to load resource: the server responded with a status of"
# And of one that a test has lost on its way.
_LOST = "Failed to load resource: net::ERR_FAILED"


class BrowserUnavailableError(Exception):
    """There is no Chromium on this machine."""


@contextmanager
def chromium() -> Iterator[Browser]:
    program = next(filter(None, map(shutil.which, _NAMES)), None)
    if program is None:
        raise BrowserUnavailableError("there is no Chromium: pages are not tested")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=_ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Watched:
    """What went wrong on the pages of a context that no person should meet."""

    hosts: frozenset[str]
    loses_answers: bool = False
    faults: list[str] = field(default_factory=list)

    def watch(self, context: BrowserContext) -> None:
        context.on("request", self._hear_request)
        context.on("console", self._hear_console)
        context.on("weberror", lambda error: self.faults.append(f"error: {error.error}"))

    def _hear_request(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme in {"http", "https"} and address.netloc not in self.hosts:
            self.faults.append(f"asked another host: {request.url}")

    def _hear_console(self, message: ConsoleMessage) -> None:
        of_api = "/api/" in message.location["url"]
        is_refusal = of_api and message.text.startswith(_REFUSED)
        is_lost = of_api and self.loses_answers and message.text == _LOST
        if message.type in {"error", "warning"} and not (is_refusal or is_lost):
            self.faults.append(f"{message.type}: {message.text}")


@dataclass(frozen=True)
class Reader:
    """Somebody with a browser of their own."""

    page: Page
    url: str

    def go(self, path: str) -> Page:
        self.page.goto(self.url + path)
        return self.page


@contextmanager
def reader(
    browser: Browser, url: str, *, api: str = "", loses_answers: bool = False, **options: Any
) -> Iterator[Reader]:
    """A new person's browser; what a person would not forgive fails the test at its end.

    ``api`` is where the service is, of a page that somebody else serves.
    """
    settings = {"viewport": WIDE, "locale": "en-GB", "reduced_motion": "reduce"} | options
    context = browser.new_context(**settings)
    hosts = frozenset(urlsplit(one).netloc for one in (url, api or url))
    watched = Watched(hosts, loses_answers)
    watched.watch(context)
    # A test ends sooner than it would be given up.
    context.set_default_timeout(10_000)
    try:
        yield Reader(context.new_page(), url)
    finally:
        context.close()
    assert watched.faults == []


def axe_source(modules: Path) -> str:
    """The accessibility checker's program, from npm."""
    return (modules / "axe-core" / "axe.min.js").read_text()


def serious_findings(page: Page, axe: str) -> list[str]:
    """What keeps people from using a page as it is now, by axe's rules; and that it is too wide."""
    page.evaluate(axe)
    found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    too_wide = ["it scrolls sideways"] if scrolls_sideways(page) else []
    return too_wide + [
        f"{one['id']}: {node['html']} {node['failureSummary']}"
        for one in found["violations"]
        if one["impact"] in {"serious", "critical"}
        for node in one["nodes"]
    ]


def scrolls_sideways(page: Page) -> bool:
    return bool(page.evaluate("() => document.documentElement.scrollWidth > innerWidth"))
