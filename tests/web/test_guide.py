"""The repository's documents as pages: all of them, nothing else, and no link that ends nowhere."""

import re
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import URL

from core.store.schema_version import ROOT
from main import create_app
from tests.support.architecture import read_sources
from tests.support.house_rules import product
from tests.support.service import local_client, settings_for
from tests.support.web.read_page import ReadPage
from tests.test_documents import anchors_of
from web import documents, markdown, shelves
from web.markdown import Picture, Places

ADDRESSES = sorted(documents.documents())
NOWHERE = Places(lambda said: said, lambda said: said, lambda said: Picture(said, 1, 1))


def rendered(text: str) -> str:
    return markdown.render(text, NOWHERE).html


def served(**settings: object) -> TestClient:
    """The pages of a service, which need no database."""
    nowhere = URL.create("sqlite", database="/nowhere/at/all.db")
    return local_client(create_app(settings_for(nowhere, **settings)))


@pytest.fixture(scope="module")
def client() -> TestClient:
    return served()


@pytest.fixture(scope="module")
def pages(client: TestClient) -> dict[str, ReadPage]:
    """All pages of the guide, by their address."""
    found = {}
    for address in ("/guide", *(f"/guide/{one}" for one in ADDRESSES)):
        answer = client.get(address)
        assert answer.status_code == 200, address
        found[address] = ReadPage(answer.text)
    return found


class TestDocuments:
    def test_every_document_is_served_and_stands_on_a_shelf(self) -> None:
        served_files = {one.path for one in documents.documents().values()}
        below_docs = {str(file.relative_to(ROOT)) for file in ROOT.glob("docs/**/*.md")}
        at_the_root = {file.name for file in ROOT.glob("*.md")}
        assert below_docs | at_the_root <= served_files
        assert {one.document for one in shelves.index()} == set(documents.documents().values())

    def test_every_link_leads_somewhere(
        self, pages: dict[str, ReadPage], client: TestClient
    ) -> None:
        others: dict[str, int] = {}
        for address, page in pages.items():
            for link in page.links:
                target, _, anchor = urljoin(address, link).partition("#")
                if "://" in target:
                    continue
                if target in pages:
                    assert not anchor or anchor in pages[target].ids, f"{address}: {link}"
                else:
                    others.setdefault(target, client.get(target).status_code)
        assert set(others.values()) == {200}, others
        assert "/openapi.json" in others

    def test_headings_have_the_ids_that_github_gives_them(self, pages: dict[str, ReadPage]) -> None:
        for address, document in documents.documents().items():
            if not document.is_code:
                assert anchors_of(ROOT / document.path) <= set(pages[f"/guide/{address}"].ids)

    def test_no_two_elements_have_one_id(self, pages: dict[str, ReadPage]) -> None:
        for address, page in pages.items():
            assert len(page.ids) == len(set(page.ids)), address

    def test_what_is_looked_for_are_the_headings_that_are_there(self) -> None:
        for found in shelves.index():
            if found.headings:
                page = documents.page(found.document.address, "", has_contract=True)
                assert page.headings[1:] == found.headings

    def test_a_reader_is_told_what_comes_next(self, pages: dict[str, ReadPage]) -> None:
        first = shelves.doors()[0].entries[0].document
        seen = [first]
        while following := shelves.neighbours(seen[-1])[1]:
            assert f"/guide/{following.address}" in pages[f"/guide/{seen[-1].address}"].links
            seen.append(following)
        assert seen == shelves.documents_on(shelves.doors()[0])


class TestAddresses:
    @pytest.mark.parametrize(
        "path",
        [
            "/guide/none",
            "/guide/guides",
            "/guide/%2e%2e/main.py",
            "/guide/..%2fmain.py",
            "/guide/%2e%2e/%2e%2e/etc/passwd",
            "/guide/guides/%2e%2e/payments",
            "/guide//etc/passwd",
            "/guide/payments.md",
            "/guide/main.py",
            "/guide/files/.env",
            "/guide/images/",
            "/guide/images/%2e%2e/architecture.md",
            "/guide/images/..%2f..%2f.env.example",
        ],
    )
    def test_nothing_else_is_reached(self, client: TestClient, path: str) -> None:
        answer = client.get(path)
        assert answer.status_code == 404
        assert answer.json()["code"] == "not_found"

    def test_a_page_that_a_browser_has_is_not_sent_again(self, client: TestClient) -> None:
        first = client.get("/guide/payments")
        assert first.headers["cache-control"] == "no-cache"
        again = client.get("/guide/payments", headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")

    def test_below_the_path_of_a_proxy_links_have_it_as_well(self) -> None:
        page = documents.page("guides/front-ends", "/shop", has_contract=True)
        inner = [one for one in ReadPage(page.html).links if "://" not in one]
        assert inner
        assert all(one.startswith("/shop/") for one in inner)

    def test_where_the_contract_is_not_served_its_file_is_named(self) -> None:
        client = served(docs_enabled=False)
        assert client.get("/openapi.json").status_code == 404
        page = client.get("/guide/guides/front-ends").text
        assert "/openapi.json" not in ReadPage(page).links
        assert "<code>docs/openapi.json</code>" in page

    def test_where_there_are_no_pages_there_is_no_guide(self) -> None:
        client = served(pages_enabled=False)
        for path in ("/guide", "/guide/payments", "/guide/files/license"):
            assert client.get(path).status_code == 404

    def test_who_serves_the_api_alone_does_not_load_what_reads_markdown(self) -> None:
        loading = {
            path: [line for line in text.splitlines() if "import" in line and "markdown_it" in line]
            for path, text in product(read_sources()).items()
        }
        (lines,) = filter(None, loading.values())
        # Indented: within a function, which the first reader calls.
        assert [line.strip() for line in lines] != lines


class TestMarkdown:
    @pytest.mark.parametrize(
        "text",
        [
            "<script>alert(1)</script>",
            "<div onclick=x>",
            "a <img src=x onerror=alert(1)> b",
            "[a](javascript:alert(1))",
            "```\n</code></pre><script>\n```",
            "```<b>\nx\n```",
            "# <b>Title</b>\n\n## <i>x</i>",
            "```mermaid\nstateDiagram-v2\n    <b> --> <i>: <u>\n```",
            "| a |\n|---|\n| <b>x</b> |",
        ],
    )
    def test_html_of_a_document_is_text(self, text: str) -> None:
        read = ReadPage(rendered(text))
        assert not read.elements & {"script", "b", "i", "u", "img"}
        assert not [link for link in read.links if link.startswith("javascript")]

    def test_headings_that_are_called_the_same_are_told_apart(self) -> None:
        page = markdown.render("# A\n\n### `x_y`, *too*\n\n#### Deep\n\n### B\n\n### B\n", NOWHERE)
        assert [(one.level, one.id) for one in page.headings] == [
            (1, "a"),
            (2, "x_y-too"),
            (3, "deep"),
            (2, "b"),
            (2, "b-1"),
        ]

    def test_states_are_told_in_words(self) -> None:
        text = "```mermaid\nstateDiagram-v2\n    [*] --> open\n    open --> shut: wind\n```\n"
        assert "<td>(it begins)</td><td><code>open</code></td>" in rendered(text)
        assert "<td><code>shut</code></td><td>wind</td>" in rendered(text)
        other = text.replace("open --> shut", "note right of open")
        assert "note right of open" in rendered(other)

    def test_what_nothing_serves_is_named(self, pages: dict[str, ReadPage]) -> None:
        assert "/guide/payments" in pages
        html = documents.page("payments", "", has_contract=True).html
        shown = '<span>localstripe</span> <span class="elsewhere">(<code>tests/support/localstripe'
        assert shown in html
        assert re.search(r'href="[^"]*tests/', html) is None


class TestPictures:
    @pytest.fixture
    def picture(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[bytes]:
        """A repository that has one document, with one picture."""
        content = png(320, 200)
        (tmp_path / "docs/images").mkdir(parents=True)
        (tmp_path / "docs/images/x.png").write_bytes(content)
        (tmp_path / "docs/a.md").write_text("# A\n\n![What it shows](images/x.png)\n")
        monkeypatch.setattr(documents, "ROOT", tmp_path)
        forget()
        yield content
        forget()

    def test_a_picture_has_its_room_before_it_is_there(
        self, picture: bytes, client: TestClient
    ) -> None:
        assert picture
        (shown,) = ReadPage(documents.page("a", "", has_contract=True).html).pictures
        assert (shown["width"], shown["height"]) == ("320", "200")
        assert (shown["alt"], shown["loading"]) == ("What it shows", "lazy")
        file = client.get(shown["src"] or "")
        assert (file.content, file.headers["content-type"]) == (picture, "image/png")
        assert "immutable" in file.headers["cache-control"]

    def test_a_picture_that_is_not_there_is_told_in_words(self) -> None:
        nowhere = Places(lambda said: said, lambda said: said, lambda _: None)
        html = markdown.render("# A\n\n![What *it* shows](x.png)\n", nowhere).html
        assert "What it shows</em>" in html
        assert not ReadPage(html).pictures

    def test_a_picture_is_kept_for_ever_only_under_its_own_address(
        self, picture: bytes, client: TestClient
    ) -> None:
        file = client.get("/guide/images/x.png?v=other")
        assert (file.content, file.headers["cache-control"]) == (picture, "no-cache")
        again = client.get("/guide/images/x.png", headers={"If-None-Match": file.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


def forget() -> None:
    for kept in (documents.documents, documents.images, documents.page, shelves.index):
        kept.cache_clear()


def png(width: int, height: int) -> bytes:
    """A grey picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + b"\x80" * width for _ in range(height)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
