"""What a page links to, and where one can be led within it."""

from html.parser import HTMLParser
from typing import Any


class ReadPage(HTMLParser):
    """A page's elements as its readers meet them: ids, links, pictures, names of elements."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.pictures: list[dict[str, str | None]] = []
        self.elements: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, Any]]) -> None:
        told = dict(attrs)
        self.elements.add(tag)
        if told.get("id"):
            self.ids.append(told["id"])
        if tag == "a":
            self.links.append(told["href"])
        if tag == "img":
            self.pictures.append(told)
