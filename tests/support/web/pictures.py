"""Pictures of the pages, for the documents: made by a test, and known to be of today's pages."""

from hashlib import sha256
from pathlib import Path

from core.store.schema_version import ROOT

FOLDER = ROOT / "docs" / "images"
# Says of which pages the pictures are.
MADE_OF = FOLDER / "made-of.txt"
_LOOKS = ("web/static", "web/templates")
SCHEMES = ("light", "dark")
_WIDTHS = ("wide", "narrow")
PAGES = {
    "doors": "/",
    "dashboard": "/dashboard",
    "orders": "/dashboard/orders",
    "tickets": "/dashboard/tickets",
    "shop": "/shop",
    "guide": "/guide",
}


# Where something is opened before it is looked at.
DESKS = {"orders", "tickets"}


def names() -> set[str]:
    return {name(page, scheme, width) for page in PAGES for scheme in SCHEMES for width in _WIDTHS}


def name(page: str, scheme: str, width: str) -> str:
    return f"{page}-{scheme}-{width}.png"


def digest_of_pages() -> str:
    """Of all that decides how the pages look."""
    digest = sha256()
    for folder in _LOOKS:
        for file in sorted(Path(ROOT, folder).rglob("*")):
            if file.is_file():
                digest.update(file.relative_to(ROOT).as_posix().encode() + file.read_bytes())
    return digest.hexdigest()


if __name__ == "__main__":
    # `make pictures` has made them.
    MADE_OF.write_text(f"{digest_of_pages()}\n")
