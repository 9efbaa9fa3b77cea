"""Names that people read out on the telephone: no letters or digits that look alike."""

import secrets

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH = 10


def order_reference() -> str:
    return f"ORD-{_random_text()}"


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
