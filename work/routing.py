"""Routers whose operations are units of work."""

from collections.abc import Awaitable, Callable
from inspect import signature
from typing import Any

from fastapi import APIRouter, Request, Response, params
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from core.http import idempotency_key
from core.http.bodies import FORM, JSON
from core.http.conditional import CONDITIONAL, TAGGED
from core.http.event_streams import EventsAnswer
from core.http.files import CsvAnswer
from work.access import is_repeatable, right_of
from work.arguments import Arguments
from work.conditions import is_conditional
from work.unit_of_work import UnitOfWork
from work.weights import weight_of

# What is sent while it is made has no tag.
_OF_ANY_LENGTH = (CsvAnswer, EventsAnswer)


class WorkRoute(APIRoute):
    """Makes the unit of work that an operation names as a parameter.

    Who may not ask at all is told so before the body is read.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        work = _name_of_work(endpoint)
        told = {
            idempotency_key.NOT_TAKEN: is_repeatable(endpoint),
            TAGGED: work is not None and options.get("response_class") not in _OF_ANY_LENGTH,
            CONDITIONAL: is_conditional(endpoint),
        }
        super().__init__(path, endpoint, **options | {"openapi_extra": told})
        self.right = right_of(endpoint)
        self.weight = weight_of(endpoint, options.get("response_model"))
        arguments = None if work is None else Arguments.of(endpoint, request=work)
        if work is not None and arguments is not None:
            self.app = _application(endpoint, arguments, work, self.takes)

    @property
    def takes(self) -> str | None:
        """The media type of the body that the operation takes, if it takes any."""
        if self.body_field is None:
            return None
        return FORM if isinstance(self.body_field.field_info, params.Form) else JSON

    def get_route_handler(self) -> Callable[[Request], Any]:
        """How the framework serves an operation that takes more than ``Arguments`` can read."""
        serve = super().get_route_handler()
        if _name_of_work(self.endpoint) is None:
            return serve

        async def handle(request: Request) -> Response:
            work = UnitOfWork(request.scope, request.receive)
            await work.identify(self.takes)
            response: Response = await serve(work)
            return response

        return handle


def _name_of_work(endpoint: Callable[..., Any]) -> str | None:
    """The parameter that is the unit of work; None where the operation is none."""
    kinds = {name: one.annotation for name, one in signature(endpoint).parameters.items()}
    return next((name for name, kind in kinds.items() if kind is UnitOfWork), None)


def _application(
    endpoint: Callable[..., Awaitable[Response]],
    arguments: Arguments,
    work_name: str,
    takes: str | None,
) -> ASGIApp:
    """Carries out one operation; what it raises is answered further out."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        work = UnitOfWork(scope, receive)
        await work.identify(takes)
        values = await arguments.read(work)
        response = await endpoint(**values, **{work_name: work})
        await response(scope, receive, send)

    return serve


class Router(APIRouter):
    def __init__(self, **options: Any) -> None:
        super().__init__(route_class=WorkRoute, strict_content_type=False, **options)
