"""One browser and one served demo for all tests of pages; each person has an own context."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from core.store.schema_version import ROOT
from tests.support.client import PASSWORD
from tests.support.service import needing_browser
from tests.support.web.box_office import BoxOffice
from tests.support.web.browser import Reader, axe_source, chromium, reader
from tests.support.web.demo_site import demo_site
from tests.support.web.elsewhere import Elsewhere, served_elsewhere

People = Callable[..., Reader]


# Not for the whole session: where it runs, nothing else in this process can run an event loop.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with needing_browser(), chromium() as started:
        yield started


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the demo's files."""
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="session")
def elsewhere() -> Iterator[Elsewhere]:
    """Where a copy of the example is served, whose origin the demo lets in."""
    with served_elsewhere() as served:
        yield served


@pytest.fixture(scope="session")
def site(demo: Path, elsewhere: Elsewhere) -> Iterator[str]:
    """Where the demo is served; tests share it, and change what is their own alone."""
    with demo_site(demo, CORS_ORIGINS=elsewhere.origin) as url:
        elsewhere.service = url
        yield url


@pytest.fixture
def box_office(site: str) -> Iterator[BoxOffice]:
    with BoxOffice(site) as opened:
        yield opened


@pytest.fixture
def person(browser: Browser, site: str) -> Iterator[People]:
    """Makes people, each with a browser of their own; what nobody would forgive fails the test."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(reader(browser, site, **options))


@pytest.fixture(scope="session")
def axe() -> str:
    modules = Path(ROOT) / ".venv-clients" / "node_modules"
    if not (modules / "axe-core").exists() and "CI" not in os.environ:
        pytest.skip("axe-core is not installed: make clients")
    return axe_source(modules)


def log_in(someone: Reader, username: str, password: str) -> Any:
    page = someone.page
    page.get_by_label("Username or email").fill(username)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in", exact=True).click()
    page.get_by_role("button", name="Log out", exact=True).wait_for()
    return page


def enter(someone: Reader, username: str, password: str = PASSWORD) -> None:
    """Log in without the form, for who is to look at something else."""
    answer = someone.page.context.request.post(
        f"{someone.url}/api/auth/browser/login",
        form={"username": username, "password": password},
    )
    assert answer.ok, answer.text()
