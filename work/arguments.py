"""What an operation's function is given: of the path, the query and the body of a request.

The framework reads the same declarations for the document, and could serve them; but it looks for
headers, cookies, forms and dependencies in each request, and takes a query's model apart field by
field, which took a list longer than all else that is done for it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from inspect import Parameter, signature
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from fastapi import Request, params
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, TypeAdapter, ValidationError

from core.http.bodies import TWICE, said_in_body

_MISSING: Any = object()
_ABSENT = {"type": "missing", "loc": ("body",), "msg": "Field required", "input": None}


@dataclass(frozen=True)
class _Argument:
    """A parameter of the function, and where in the request its value stands."""

    name: str
    place: tuple[str, ...]
    validator: Any
    default: Any = _MISSING
    # How far a mistake's place is told.
    depth: int | None = None

    def validated(self, value: Any, errors: list[Any]) -> Any:
        try:
            return self.validator.validate_python(value, from_attributes=True)
        except ValidationError as error:
            found = error.errors(include_url=False, include_context=False, include_input=False)
            errors += ({**one, "loc": (*self.place, *one["loc"][: self.depth])} for one in found)
        return None


@dataclass(frozen=True)
class _Query(_Argument):
    """A model, each field of which is what the query says under its name."""

    # Of each, whether it may be said several times.
    is_many: Mapping[str, bool] = field(default_factory=dict)

    def read(self, request: Request, errors: list[Any]) -> Any:
        said: dict[str, Any] = {}
        twice: set[str] = set()
        for name, value in request.query_params.multi_items():
            # What is not known is told as that, however often it is there.
            if self.is_many.get(name, True):
                said.setdefault(name, []).append(value)
            elif name in said:
                twice.add(name)
            else:
                said[name] = value
        if twice:
            errors += ({**TWICE, "loc": (*self.place, name)} for name in sorted(twice))
        return self.validated(said, errors)


class Arguments:
    """The arguments of a function for requests to its path; made once for a route."""

    def __init__(self, path: list[_Argument], query: list[_Query], body: list[_Argument]) -> None:
        self._path, self._query, self._body = path, query, body

    @classmethod
    def of(cls, function: Callable[..., Any], request: str) -> "Arguments | None":
        """None for a function that takes something else than values of the path, a model of the
        query, one of the body, and its ``request``: that is the framework's business.
        """
        path: list[_Argument] = []
        query: list[_Query] = []
        body: list[_Argument] = []
        hints = get_type_hints(function, include_extras=True)
        for name, parameter in signature(function).parameters.items():
            if name == request:
                continue
            hint, kind = hints[name], _marked(hints[name])
            default = _MISSING if parameter.default is Parameter.empty else parameter.default
            if isinstance(kind, params.Path):
                path.append(_Argument(name, ("path", name), _validator_of(hint)))
            elif isinstance(kind, params.Query) and _is_flat(get_args(hint)[0]):
                query.append(_query_of(name, get_args(hint)[0]))
            elif kind is None and _is_model(hint) and not body:
                body.append(_Argument(name, ("body",), _validator_of(hint), default))
            else:
                return None
        return cls(path, query, body)

    async def read(self, request: Request) -> dict[str, Any]:
        """The arguments by name; raises with all that is wrong with them."""
        errors: list[Any] = []
        values: dict[str, Any] = {}
        for one in self._path:
            values[one.name] = one.validated(request.path_params[one.name], errors)
        for one in self._query:
            values[one.name] = one.read(request, errors)
        for one in self._body:
            sent = await said_in_body(request, nothing=_MISSING)
            if sent is not _MISSING:
                values[one.name] = one.validated(sent, errors)
            elif one.default is _MISSING:
                errors.append(_ABSENT)
            else:
                values[one.name] = one.default
        if errors:
            raise RequestValidationError(errors)
        return values


@cache
def _validator_of(hint: Any) -> Any:
    """A model has its own; others are made once, for many operations take the same."""
    is_model = isinstance(hint, type) and issubclass(hint, BaseModel)
    return hint.__pydantic_validator__ if is_model else TypeAdapter(hint).validator


def _marked(hint: Any) -> Any:
    """What an annotation says of where the value stands."""
    if get_origin(hint) is not Annotated:
        return None
    return next((one for one in get_args(hint)[1:] if isinstance(one, _PLACES)), None)


_PLACES = (params.Param, params.Body, params.Depends)


def _is_model(hint: Any) -> bool:
    """A model, or one that may be left out."""
    kinds = [one for one in get_args(hint) if one is not type(None)] or [hint]
    return all(isinstance(one, type) and issubclass(one, BaseModel) for one in kinds)


def _is_flat(model: Any) -> bool:
    """Whether each field of the model is one value, or a list of them, by its own name."""
    return _is_model(model) and all(
        one.alias is None
        and one.validation_alias is None
        and not _kinds_of(one.annotation) & {set, tuple, frozenset, dict}
        for one in model.model_fields.values()
    )


def _query_of(name: str, model: Any) -> _Query:
    fields = model.model_fields.items()
    is_many = {key: list in _kinds_of(one.annotation) for key, one in fields}
    # Which of a parameter's values is wrong, the caller sees.
    return _Query(name, ("query",), _validator_of(model), depth=1, is_many=is_many)


def _kinds_of(annotation: Any) -> set[Any]:
    """What an annotation is of, and what its alternatives are, without what is said of them."""
    if get_origin(annotation) is Annotated:
        return _kinds_of(get_args(annotation)[0])
    if get_origin(annotation) in {Union, UnionType}:
        return set().union(*map(_kinds_of, get_args(annotation)))
    return {get_origin(annotation) or annotation}
