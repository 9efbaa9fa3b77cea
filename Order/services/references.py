"""Names that people read out on the telephone: no letters or digits that look alike."""

import re
import secrets

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH = 10
# As people write it: in any case, and perhaps only what differs from one to the next.
_BEGINNING = re.compile(rf"(?:ORD-?)?([{ALPHABET}]{{2,{_LENGTH}}})")


def order_reference() -> str:
    return f"ORD-{_random_text()}"


def beginning_with(text: str) -> tuple[str, str] | None:
    """The first and the last reference that begins as somebody says; None: none does.

    A range, which an index knows whatever the database sorts by.
    """
    if (found := _BEGINNING.fullmatch(text.strip().upper())) is None:
        return None
    first, last = (found[1].ljust(_LENGTH, end) for end in (ALPHABET[0], ALPHABET[-1]))
    return f"ORD-{first}", f"ORD-{last}"


def transaction_number() -> str:
    return f"TXN-{_random_text()}"


def _random_text() -> str:
    """One of 30 to the tenth; a repeated one meets a unique rule."""
    number = secrets.randbelow(len(ALPHABET) ** _LENGTH)
    text = ""
    for _ in range(_LENGTH):
        number, letter = divmod(number, len(ALPHABET))
        text += ALPHABET[letter]
    return text
