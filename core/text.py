"""Keys under which text is found again: the databases' own ``lower()`` knows only ASCII."""

import re
import unicodedata

from email_validator import EmailNotValidError, validate_email

# What Unicode says is not drawn by itself (Default_Ignorable_Code_Point): joiners, marks of
# direction, soft hyphens, variations, fillers. They may be needed inside of words and emoji.
UNSEEN = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_UNSEEN = re.compile(f"[{UNSEEN}]+")
# What of that makes one picture of several characters, where it stands in its place: the joiner
# between two pictures (a family, an astronaut, the rainbow on a flag), and behind a black flag the
# tags that tell whose it is, to the last of them. Elsewhere it shows nothing.
_JOINER, _TAGS, _LAST_TAG = "\u200d", "\U000e0020-\U000e007e", "\U000e007f"
_PICTURE = "[\u2194-\u2199\u23cf-\u23ff\u25aa-\u27bf\u2934\u2935\u2b00-\u2b55\U0001f000-\U0001faff]"
_NEVER_SEEN = re.compile(f"(?![{_JOINER}{_TAGS}{_LAST_TAG}])[{UNSEEN}]")
_PICTURED = re.compile(
    f"((?<={_PICTURE}){_JOINER}(?={_PICTURE})|(?<=\U0001f3f4)[{_TAGS}]+{_LAST_TAG})"
    f"|[{_JOINER}{_TAGS}{_LAST_TAG}]"
)
_SHOWN = re.compile(rf"[^\s{UNSEEN}]")
# Longer is no address.
_LONGEST_ADDRESS = 320


def name_key(value: str) -> str:
    """The same for every spelling of a name that says the same: whatever groups, filters or
    compares the names of events, venues, categories or ways to pay does so by this.

    Case, the way in which accents are written, blanks, and what is not seen do not tell two names
    apart. What looks different does: ``10²`` is not ``102``, and England's flag is not Scotland's.
    """
    if not value.isascii():
        folded = unicodedata.normalize("NFD", _seen(value)).casefold()
        value = unicodedata.normalize("NFC", folded)
    return " ".join(value.casefold().split())


def _seen(value: str) -> str:
    """Without what makes no difference to the eye."""
    return _PICTURED.sub(lambda found: found[1] or "", _NEVER_SEEN.sub("", value))


def kept_name(typed: str) -> str:
    """A name or an address of an account as it is kept, whoever types it: to register, to log in,
    on the command line, or to find somebody.

    Letters are kept as they are compared: an address with a ligature is another's for a mail server
    and the same here, so nobody could have both. Of an address the domain may be written in two
    ways: ``bücher.example`` is ``xn--bcher-kva.example``.
    """
    name = _trimmed(unicodedata.normalize("NFKC", typed))
    has_two_ways = not name.isascii() or "xn--" in name.lower()
    if "@" not in name or not has_two_ways or len(name) > _LONGEST_ADDRESS:
        return name
    try:
        return str(validate_email(name, check_deliverability=False).normalized)
    except EmailNotValidError:
        return name  # Nobody's, for nobody can register it.


def _trimmed(text: str) -> str:
    """Without what comes along unseen when a name is copied from elsewhere."""
    first, last = _SHOWN.search(text), _SHOWN.search(text[::-1])
    return text[first.start() : len(text) - last.start()] if first and last else ""


def account_key(value: str) -> str:
    """The one form in which names and addresses of accounts are compared.

    Case, width, ligatures and the way marks are written say nothing: what a reader takes for the
    same letters is the same (Unicode's compatibility caseless match).
    """
    decomposed = unicodedata.normalize("NFD", kept_name(value))
    folded = unicodedata.normalize("NFKC", decomposed.casefold())
    return unicodedata.normalize("NFKC", folded.casefold())


def search_key(value: str) -> str:
    """Like :func:`name_key`, and blind to accents: ``Café`` and ``cafe`` are one word.

    Lines stay lines. A joined picture is found by each of its parts, for a search may find more.
    """
    decomposed = unicodedata.normalize("NFKD", _UNSEEN.sub("", value).casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char)).casefold()
