"""Keys under which text is found again: the databases' own ``lower()`` knows only ASCII."""

import unicodedata


def case_key(value: str) -> str:
    """The same for every spelling that differs in case only, in any script."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", value).casefold())


def account_key(value: str) -> str:
    """The one form in which names and addresses of accounts are compared.

    Case, width, ligatures and the way marks are written say nothing: what a reader takes for the
    same letters is the same (Unicode's compatibility caseless match).
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFD", value).casefold())
    return unicodedata.normalize("NFKC", folded.casefold())


def search_key(value: str) -> str:
    """Like :func:`case_key`, and blind to accents: ``Café`` and ``cafe`` are one word."""
    decomposed = unicodedata.normalize("NFKD", value.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char)).casefold()
