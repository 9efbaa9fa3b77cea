"""A text that is there can be seen."""

from typing import Any

import pytest

from tests.support.client import Api

INVISIBLE = {
    "zero-width space": "\N{ZERO WIDTH SPACE}",
    "joiners and blanks": " \N{ZERO WIDTH JOINER} \N{ZERO WIDTH NON-JOINER}\N{NO-BREAK SPACE}",
    "byte order mark": "\N{ZERO WIDTH NO-BREAK SPACE}\N{WORD JOINER}",
    "fillers": "\N{HANGUL FILLER}\N{HALFWIDTH HANGUL FILLER}\N{BRAILLE PATTERN BLANK}",
    "variations and tags": "\N{VARIATION SELECTOR-16}\N{TAG LATIN SMALL LETTER A}",
    "a joiner and tags without a picture": "\N{ZERO WIDTH JOINER}"
    "\N{TAG LATIN SMALL LETTER G}\N{TAG LATIN SMALL LETTER B}\N{CANCEL TAG}",
    "soft hyphen": "\N{SOFT HYPHEN}",
}
# What is not seen has its place inside of these.
WORDS = [
    "\N{MAN}\N{ZERO WIDTH JOINER}\N{WOMAN}\N{ZERO WIDTH JOINER}\N{GIRL}",
    "\N{HEAVY BLACK HEART}\N{VARIATION SELECTOR-16}",
    "می\N{ZERO WIDTH NON-JOINER}خواهم",
    "क\N{DEVANAGARI SIGN VIRAMA}\N{ZERO WIDTH JOINER}ष",
    "an\N{SOFT HYPHEN}nounce\N{ZERO WIDTH SPACE}",
    f"🏴{''.join(chr(0xE0000 + ord(letter)) for letter in 'gbeng')}\N{CANCEL TAG}",
]
TICKET = {
    "event_date": "2027-12-25T20:00:00Z",
    "price": 1,
    "total_quantity": 1,
    "event_name": "Gala",
    "venue": "Arena",
    "category": "VIP",
}
USER = {"username": "max", "email": "max@example.com", "full_name": "Max"}
# (what is sent where, the field): texts of all kinds, names and notes.
FIELDS: list[tuple[str, str, dict[str, Any], str]] = [
    *(("POST", "/api/tickets/", TICKET, name) for name in ("event_name", "venue", "category")),
    ("POST", "/api/tickets/", TICKET, "event_description"),
    ("PUT", "/api/tickets/1", {}, "event_name"),
    *(("POST", "/api/users/", USER, name) for name in ("username", "full_name")),
    ("POST", "/api/orders/", {"user_id": 1, "items": []}, "notes"),
    ("PUT", "/api/orders/1", {}, "notes"),
    ("POST", "/api/orders/1/cancel", {}, "reason"),
    ("POST", "/api/orders/1/users", {}, "recipient"),
    ("POST", "/api/transactions/", {"order_id": 1}, "payment_method"),
    ("POST", "/api/auth/api-keys", {"role": "staff"}, "name"),
]


@pytest.mark.parametrize("text", INVISIBLE.values(), ids=INVISIBLE)
def test_one_that_shows_nothing_is_refused(api: Api, text: str) -> None:
    before = world(api)
    for method, path, body, name in FIELDS:
        problem = api.refused(method, path, {**body, name: text})
        assert (problem["status"], problem["code"]) == (422, "validation_error"), (path, name)
        assert [error["pointer"] for error in problem["errors"]] == [f"#/{name}"]
    assert seen(api) == before


def test_it_says_why(api: Api) -> None:
    problem = api.refused("POST", "/api/tickets/", {**TICKET, "venue": "\N{ZERO WIDTH SPACE}"})
    assert problem["errors"] == [
        {
            "pointer": "#/venue",
            "detail": "must contain something that can be seen",
            "code": "nothing_visible",
        }
    ]


@pytest.mark.parametrize("hidden", ["\N{ZERO WIDTH SPACE}", "\N{SOFT HYPHEN}"])
def test_a_reference_hides_nothing(api: Api, hidden: str) -> None:
    """Whoever settles it would take it for another one that was paid for already."""
    world(api)
    body = {"order_id": 1, "payment_method": "card", "transaction_reference": f"ch_{hidden}7"}
    problem = api.refused("POST", "/api/transactions/", body)
    (error,) = problem["errors"]
    assert (error["pointer"], error["code"]) == ("#/transaction_reference", "hidden_character")


def test_words_keep_what_is_not_seen_in_them(api: Api) -> None:
    for word in WORDS:
        ticket = api.ticket(event_name=word, venue=word, category=word, event_description=word)
        assert {ticket[name] for name in ("event_name", "venue", "category")} == {word}
        assert api.get("/api/tickets/", event_name=word) == [ticket]
        api.delete(f"/api/tickets/{ticket['id']}")


def test_notes_may_be_empty(api: Api) -> None:
    world(api)
    assert api.put("/api/orders/1", {"notes": "  "})["notes"] == ""


def world(api: Api) -> Any:
    """A ticket, a user and an order, each with the id 1."""
    api.order(api.user(), (api.ticket(), 1))
    return seen(api)


def seen(api: Api) -> Any:
    kinds = ("tickets", "users", "orders", "transactions", "auth/api-keys")
    return [api.get(f"/api/{kind}{'' if '/' in kind else '/'}") for kind in kinds]
