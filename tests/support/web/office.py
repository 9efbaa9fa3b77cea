"""A box office that a test sees by the API, while a person looks at its pages."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any, cast

from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Client
from playwright.sync_api import Page, Request, Route

from core.store.schema_version import ROOT
from tests.support.client import Api
from tests.support.clock import ManualClock

_NUMBERS = count(1)


class _Documented:
    """What the service says of itself: written down, for to make it anew takes it seconds."""

    def openapi(self) -> Any:
        return json.loads((ROOT / "docs" / "openapi.json").read_text())


@contextmanager
def office(url: str, username: str = "ada") -> Iterator[Api]:
    """The served demo over the API, for a member of its box office."""
    with Client(base_url=url) as client:
        api = Api(cast("TestClient", client), ManualClock(), cast("FastAPI", _Documented()))
        yield api.bearer(api.log_in(username)["access_token"])


def own_name(word: str) -> str:
    """A name that no other test has, on a site that they share."""
    return f"{word}{next(_NUMBERS):03}"


@dataclass
class Changes:
    """The requests by which a page changes something."""

    sent: list[Request]

    @classmethod
    def of(cls, page: Page) -> "Changes":
        changes = cls([])
        page.on("request", changes._hear)
        return changes

    def _hear(self, request: Request) -> None:
        if request.method != "GET" and "/api/auth/" not in request.url:
            self.sent.append(request)

    @property
    def keys(self) -> set[str]:
        return {request.headers["idempotency-key"] for request in self.sent}


def lose_the_first_answer(page: Page, address: str) -> None:
    """The request arrives, and what comes back does not."""

    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route(address, lose, times=1)
