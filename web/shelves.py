"""In which order the guide's documents are read, and by whom."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from web import markdown
from web.documents import Document, documents
from web.markdown import Heading

_DECISIONS = "decisions"


@dataclass(frozen=True)
class Entry:
    document: Document
    # What it is good for, in half a line.
    says: str


@dataclass(frozen=True)
class Shelf:
    id: str
    title: str
    lead: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Found:
    """A document as it is looked for."""

    document: Document
    headings: tuple[Heading, ...]


# The three for whom the service is, each in the order in which somebody new reads.
_DOORS = (
    (
        "front-ends",
        "Front-end developers",
        "Build a shop or an app on the API.",
        {
            "guides/front-ends": "From the first request to a typed client",
            "guides/a-purchase": "Every step from the first user to the refund, with its answer",
            "guides/authentication": "How people and programs say who they are",
            "payments": "How buyers pay, next steps, and cards for tests",
            "guides/conventions": "What holds everywhere: lists, money, time, retries",
            "reference": "Every endpoint, role, error and setting",
        },
    ),
    (
        "organisers",
        "Organisers and the box office",
        "Read the figures, and do the day's work.",
        {
            "guides/organiser": "What each figure counts, and what to do when",
            "payments": "Money that goes back, and disputes",
            "privacy": "What is kept about people, and how it goes",
        },
    ),
    (
        "operators",
        "Operators",
        "Run the service for others.",
        {
            "guides/operations": "Databases, backups, production, logs",
            "payments": "Taking money by Stripe, and its books beside ours",
            "performance": "What requests cost, and how to size a deployment",
            "reliability": "What is promised, and how it is proved",
            "security": "Against whom it is defended",
            "security/asvs": "Every requirement of ASVS 5.0, level 2",
            "files/env-example": "All settings, as they are by default",
            "files/nginx-conf": "A proxy in front",
            "files/nexticket-service": "A unit for systemd",
        },
    ),
)
_MAKERS = (
    "makers",
    "Working on the service",
    "How the code is built, and where a new thing goes.",
    {
        "readme": "The repository's front door",
        "architecture": "One page: what happens to a request, and where things stand",
        "guides/add-an-operation": "Five files, in their order",
        "guides/add-a-domain": "One folder and one line",
        "contributing": "How code and tests are written here",
        _DECISIONS: "Why things are as they are",
        "changelog": "What changed",
        "reporting": "How to report a vulnerability",
        "files/license": "The licence",
    },
)


@cache
def doors() -> tuple[Shelf, ...]:
    return tuple(_shelf(*one) for one in _DOORS)


@cache
def shelves() -> tuple[Shelf, ...]:
    """The doors, who works on the service, and what nobody has given a place yet."""
    placed = (*doors(), _shelf(*_MAKERS))
    known = {entry.document for shelf in placed for entry in shelf.entries}
    rest = [one for one in documents().values() if one not in known and not is_decision(one)]
    others = Shelf("others", "Others", "", tuple(Entry(one, "") for one in rest))
    return (*placed, others) if rest else placed


def shelf_of(document: Document) -> Shelf:
    """Where a reader of a document is; decisions stand behind their index."""
    wanted = documents()[_DECISIONS] if is_decision(document) else document
    return next(shelf for shelf in shelves() if wanted in documents_on(shelf))


def neighbours(document: Document) -> tuple[Document | None, Document | None]:
    """What is read before a document, and what after it."""
    if is_decision(document):
        row = [one for one in documents().values() if is_decision(one)]
    else:
        row = documents_on(shelf_of(document))
    place = row.index(document)
    return row[place - 1] if place else None, row[place + 1] if place + 1 < len(row) else None


def documents_on(shelf: Shelf) -> list[Document]:
    return [entry.document for entry in shelf.entries]


def is_decision(document: Document) -> bool:
    return document.address.startswith(f"{_DECISIONS}/")


@cache
def index() -> tuple[Found, ...]:
    """All documents with what can be looked for in them, in the order of the shelves."""
    placed = [one for shelf in shelves() for one in documents_on(shelf)]
    decisions = [one for one in documents().values() if is_decision(one)]
    return tuple(_found(one) for one in dict.fromkeys((*placed, *decisions)))


def _found(document: Document) -> Found:
    # Decisions all have the same four headings.
    if document.is_code or is_decision(document):
        return Found(document, ())
    return Found(document, tuple(markdown.headings_of(document.text)[1:]))


def _shelf(name: str, title: str, lead: str, says: dict[str, str]) -> Shelf:
    return Shelf(name, title, lead, tuple(_entries(says)))


def _entries(says: dict[str, str]) -> Iterator[Entry]:
    for address, words in says.items():
        if address in documents():
            yield Entry(documents()[address], words)
