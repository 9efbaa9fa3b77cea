"""Passwords on the wire: long enough, and none that everybody tries first."""

from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

# The 3,000 most common ones of eight characters and more, from the lists that zxcvbn (MIT) ranks.
_COMMON = Path(__file__).with_name("common_passwords.txt")


@cache
def _common_passwords() -> frozenset[str]:
    return frozenset(_COMMON.read_text("utf-8").split("\n"))


def _uncommon(value: str) -> str:
    if value.casefold() in _common_passwords():
        raise PydanticCustomError("password_too_common", "is one of the most common passwords")
    return value


def _encodable(value: str) -> str:
    if "\0" in value:
        raise PydanticCustomError("control_character", "must not contain a zero byte")
    return value


Password = Annotated[
    str,
    StringConstraints(min_length=8, max_length=128),
    AfterValidator(_uncommon),
    AfterValidator(_encodable),
    Field(json_schema_extra={"format": "password", "writeOnly": True, "pattern": r"^[^\u0000]*$"}),
]

# One that is compared with what is stored: whatever it once was allowed to be.
GivenPassword = Annotated[
    str,
    StringConstraints(max_length=128),
    Field(json_schema_extra={"format": "password", "writeOnly": True}),
]
