"""What a request would like to be answered with (RFC 9110, 12.5.1)."""

_HTML, _JSON = "text/html", "application/json"


def prefers_html(accept: str) -> bool:
    """Whether a page is wanted rather than JSON. Who says nothing, or takes anything, is a program:
    browsers that show pages name HTML.
    """
    wanted = dict(_wanted(part) for part in accept.lower().split(","))
    return wanted.get(_HTML, 0) > wanted.get(_JSON, 0)


def _wanted(part: str) -> tuple[str, float]:
    """A media type and how much it is wanted, from 0 to 1."""
    name, *parameters = (one.strip() for one in part.split(";"))
    for parameter in parameters:
        key, _, said = parameter.partition("=")
        if key.strip() == "q":
            return name, _weight(said.strip())
    return name, 1


def _weight(said: str) -> float:
    try:
        return float(said)
    except ValueError:
        # Not what anybody wants, as far as that can be read.
        return 0
