"""Passwords on the wire: long enough, and none that everybody tries first."""

import unicodedata
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from core.text import account_key

# The 3,000 most common ones of eight characters and more, from the lists that zxcvbn (MIT) ranks.
_COMMON = Path(__file__).with_name("common_passwords.txt")

# What somebody thinks of who needs a password for this very program; docs/security.md lists them.
OWN_WORDS = frozenset({"nexticket", "nextickets", "nexticketapi", "ticketservice", "boxoffice"})

# Of repeated letters and blanks there are more than a list could hold.
_DIFFERENT = 4

_LONGEST = 128
# A letter that one keyboard sends as one character another sends as up to four.
_LONGEST_TYPED = 4 * _LONGEST


def as_hashed(password: str) -> str:
    """A password as it is judged and hashed, however a keyboard spells its letters: an ``ü`` of one
    character or of two, of full width or of half (NFKC, as NIST SP 800-63B has it).
    """
    return unicodedata.normalize("NFKC", password)


def _spelled_once(value: Any) -> Any:
    return as_hashed(value) if isinstance(value, str) and len(value) <= _LONGEST_TYPED else value


@cache
def _common_passwords() -> frozenset[str]:
    return frozenset(_COMMON.read_text("utf-8").split("\n"))


def _uncommon(value: str) -> str:
    if value.casefold() in _common_passwords():
        raise PydanticCustomError("password_too_common", "is one of the most common passwords")
    return value


def _varied(value: str) -> str:
    if len(set(value.casefold().replace(" ", ""))) < _DIFFERENT:
        raise PydanticCustomError("password_too_simple", "is made of too few different characters")
    return value


def _unlike_the_product(value: str) -> str:
    letters = "".join(filter(str.isalpha, account_key(value)))
    if letters in OWN_WORDS:
        raise PydanticCustomError("password_is_a_name", "is the name of this service")
    return value


def is_named(password: str, *names: str) -> bool:
    """Whether a password is what everybody knows of its owner: a name, or an address or its part
    before the ``@``.
    """
    known = {account_key(part) for name in names for part in (name, name.partition("@")[0])}
    return account_key(password).strip() in known


def _encodable(value: str) -> str:
    if "\0" in value:
        raise PydanticCustomError("control_character", "must not contain a zero byte")
    return value


Password = Annotated[
    str,
    StringConstraints(min_length=8, max_length=_LONGEST),
    AfterValidator(_uncommon),
    AfterValidator(_varied),
    AfterValidator(_unlike_the_product),
    AfterValidator(_encodable),
    BeforeValidator(_spelled_once),
    Field(json_schema_extra={"format": "password", "writeOnly": True, "pattern": r"^[^\u0000]*$"}),
]

# One that is compared with what is stored: whatever it once was allowed to be.
GivenPassword = Annotated[
    str,
    StringConstraints(max_length=_LONGEST_TYPED),
    Field(json_schema_extra={"format": "password", "writeOnly": True}),
]
