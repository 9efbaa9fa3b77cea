"""What an operation that reads costs beside one that reads a single object; limits count it so."""

from collections.abc import Callable
from typing import Any, TypeVar, get_origin

F = TypeVar("F", bound=Callable[..., Any])

OBJECT, LIST, SEARCH, REPORT = 1, 5, 10, 20

_NAME = "__weight__"


def weighs(units: int) -> Callable[[F], F]:
    """Say what an endpoint costs, where it is neither an object nor a list; below ``@allowed``."""

    def mark(endpoint: F) -> F:
        setattr(endpoint, _NAME, units)
        return endpoint

    return mark


def weight_of(endpoint: Any, served: Any) -> int:
    """What an endpoint says itself, or else what it serves costs."""
    by_kind = LIST if get_origin(served) is list else OBJECT
    return int(getattr(endpoint, _NAME, by_kind))
