"""What a change depends on, by what its request says in ``If-Match`` and ``If-None-Match``.

A condition that was sent is never passed over: an operation that acts on one object with a state
compares it inside the transaction that writes, and every other operation refuses it.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from starlette.types import Scope

from core.errors import ConditionNotSupportedError
from core.etags import Precondition, is_any
from core.http.middleware import all_said

F = TypeVar("F", bound=Callable[..., Any])

_NAME = "__conditional__"
_HEADERS = {b"if-match": "If-Match", b"if-none-match": "If-None-Match"}


def conditional(endpoint: F) -> F:
    """Say that an endpoint acts on one object that has a state; below ``@allowed``.

    Its service compares that with what is asked for: ``context.require_current`` or
    ``require_meant``. Where it does not, nothing is committed.
    """
    setattr(endpoint, _NAME, True)
    return endpoint


def is_conditional(endpoint: Any) -> bool:
    return getattr(endpoint, _NAME, False)


def precondition_of(scope: Scope) -> Precondition | None:
    """None where a change depends on nothing; refused where its operation can't tell."""
    said = {name for name, _ in scope["headers"] if name in _HEADERS}
    if not said:
        return None
    if not is_conditional(scope["endpoint"]):
        raise ConditionNotSupportedError(*sorted(_HEADERS[name] for name in said))
    unless = all_said(scope, b"if-none-match")
    if unless is None:
        return Precondition.said(all_said(scope, b"if-match") or b"")
    if not is_any(unless):
        # That it be any state but one: who knows a state means that one.
        raise ConditionNotSupportedError("If-None-Match", understood="*")
    return Precondition.absence()
