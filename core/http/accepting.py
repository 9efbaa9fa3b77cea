"""What a request would like to be answered with (RFC 9110, 12.5)."""

_HTML, _JSON = "text/html", "application/json"


def prefers_html(accept: str) -> bool:
    """Whether a page is wanted rather than JSON. Who says nothing, or takes anything, is a program:
    browsers that show pages name HTML.
    """
    wanted = _wanted(accept)
    return wanted.get(_HTML, 0) > wanted.get(_JSON, 0)


def takes_gzip(accept_encoding: str) -> bool:
    return _wanted(accept_encoding).get("gzip", 0) > 0


def _wanted(said: str) -> dict[str, float]:
    """What is named, and how much it is wanted, from 0 to 1."""
    return dict(_weighed(part) for part in said.lower().split(","))


def _weighed(part: str) -> tuple[str, float]:
    name, *parameters = (one.strip() for one in part.split(";"))
    for parameter in parameters:
        key, _, weight = parameter.partition("=")
        if key.strip() == "q":
            return name, _number(weight.strip())
    return name, 1


def _number(said: str) -> float:
    try:
        return float(said)
    except ValueError:
        # Not what anybody wants, as far as that can be read.
        return 0
