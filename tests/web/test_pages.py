"""The frame of all pages: what is served, how it may be kept, and what it may do."""

import gzip
import re

import pytest

from tests.support.client import Api
from tests.support.service import Service
from web.static_files import static_files

PAGES = (
    "/dashboard",
    "/dashboard/orders",
    "/dashboard/tickets",
    "/shop",
    "/guide",
    "/guide/payments",
)
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize("path", PAGES)
def test_a_page_runs_no_script_but_the_files_of_the_service(service: Service, path: str) -> None:
    answer = service.client.get(path)
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "default-src 'none';" in policy
    assert "unsafe" not in policy
    assert re.findall(r"<(?:script|link|img)[^>]*(?:src|href)=\"(?!/assets/)", answer.text) == []
    assert re.search(r"<script(?![^>]*src=)|<style| style=| on[a-z]+=", answer.text) is None


def test_all_that_a_page_names_is_served_and_kept_for_ever(service: Service) -> None:
    for page in PAGES:
        named = re.findall(r"(?:src|href)=\"(/assets/[^\"]+)\"", service.client.get(page).text)
        assert named
        for address in named:
            file = service.client.get(address)
            assert file.status_code == 200, address
            assert "immutable" in file.headers["cache-control"]


def test_a_page_of_another_release_gets_todays_files_but_not_for_keeps(service: Service) -> None:
    file = service.client.get("/assets/0123456789abcdef/css/base.css")
    assert file.status_code == 200
    assert file.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip", "gzip"),
        ("br;q=1, gzip;q=0.5", "gzip"),
        ("gzip;q=0", None),
        ("br", None),
        ("", None),
    ],
)
def test_a_file_is_compressed_for_who_takes_that(
    service: Service, accepted: str, encoding: str | None
) -> None:
    address = f"/assets/{static_files().digest}/css/base.css"
    with service.client.stream("GET", address, headers={"Accept-Encoding": accepted}) as file:
        sent = b"".join(file.iter_raw())
        assert file.headers.get("content-encoding") == encoding
        assert file.headers["vary"] == "Accept-Encoding"
    plain = static_files().by_path["css/base.css"].plain
    assert (gzip.decompress(sent) if encoding else sent) == plain


@pytest.mark.parametrize(
    "path", ["/assets/x/css/none.css", "/assets/x/../../main.py", "/assets/x/"]
)
def test_there_are_no_other_files(service: Service, path: str) -> None:
    assert service.client.get(path).status_code == 404


def test_a_page_that_a_browser_has_is_not_sent_again(service: Service) -> None:
    first = service.client.get("/dashboard")
    again = service.client.get("/dashboard", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/json, text/html", ""])
def test_a_program_gets_json_at_the_root(api: Api, accept: str) -> None:
    answer = api.client.get("/", headers={"Accept": accept})
    assert answer.json()["resources"]["tickets"] == "/api/tickets/"
    assert answer.headers["vary"] == "Accept"


def test_a_browser_gets_a_page_with_four_doors_at_the_root(service: Service) -> None:
    answer = service.client.get("/", headers={"Accept": BROWSER})
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    doors = re.findall(r'class="card door" href="([^"]+)"', answer.text)
    assert doors == ["/shop", "/dashboard", "/guide", "/docs"]
    assert answer.headers["vary"] == "Accept"


@pytest.mark.parametrize("path", PAGES)
def test_all_programs_of_a_page_take_less_than_60_kb_on_the_way(
    service: Service, path: str
) -> None:
    files = static_files()
    named = re.findall(r"(?:src|href)=\"/assets/\w+/([^\"]+\.js)\"", service.client.get(path).text)
    assert named
    assert sum(len(files.by_path[one].compressed or b"") for one in named) < 60_000
