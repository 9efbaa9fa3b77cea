"""Names that people read out on the telephone: no letters or digits that look alike."""

import secrets

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


def order_reference() -> str:
    return f"ORD-{_random_text()}"


def transaction_number() -> str:
    return f"TXN-{_random_text()}"


def _random_text() -> str:
    """One of 30 to the tenth; a repeated one meets a unique rule."""
    return "".join(secrets.choice(ALPHABET) for _ in range(10))
