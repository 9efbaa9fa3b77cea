"""What this service is, and whether it is well."""

import logging
from typing import Literal

from fastapi import Request, Response
from pydantic import BaseModel, Field
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from core.errors import StoppingError, UnavailableError
from core.http.accepting import prefers_html
from core.http.problems import responses
from core.settings import Settings
from core.store.errors import is_lasting
from core.store.fitness import MisconfiguredError, ReadOnlyError, require_fitness
from core.store.schema_version import SchemaOutdatedError, schema_problem
from core.traces import reason
from database import Database
from work.access import INDIFFERENT, allowed
from work.domain import Domains
from work.routing import Router

logger = logging.getLogger("nexticket.health")

router = Router(tags=["Service"])


_PAGE = {"schema": {"type": "string"}, "example": "<!doctype html>…"}


class ServiceInfo(BaseModel):
    name: str = Field(examples=["Nexticket API"])
    version: str = Field(examples=["0.1.0"])
    docs: str | None = Field(description="Null where they are off.", examples=["/docs"])
    redoc: str | None = Field(examples=["/redoc"])
    openapi: str | None = Field(examples=["/openapi.json"])
    health: str = Field(examples=["/health"])
    auth_mode: Literal["open", "required"] = Field(
        description="Open: this machine needs no identity, as in development.",
        examples=["required"],
    )
    resources: dict[str, str] = Field(examples=[{"tickets": "/api/tickets/"}])


class Health(BaseModel):
    status: Literal["ok"]
    version: str = Field(examples=["0.1.0"])


@router.get(
    "/",
    summary="What this service is",
    operation_id="get_service",
    response_model=ServiceInfo,
    responses={200: {"content": {"text/html": _PAGE}}},
)
@allowed(INDIFFERENT)
async def get_service(request: Request, response: Response) -> ServiceInfo | Response:
    """Name, version and where to go from here; a browser gets a page of that."""
    # Where pages are served, web/equipment.py has put it there.
    front_page = getattr(request.app.state, "front_page", None)
    if front_page is not None and prefers_html(request.headers.get("accept", "")):
        page: Response = front_page(request)
        return page
    response.headers["Vary"] = "Accept"
    return _told(request)


def _told(request: Request) -> ServiceInfo:
    settings: Settings = request.app.state.settings
    domains: Domains = request.app.state.domains
    prefix = request.scope.get("root_path", "")
    return ServiceInfo(
        name=settings.app_name,
        version=settings.app_version,
        docs=f"{prefix}/docs" if settings.shows_docs else None,
        redoc=f"{prefix}/redoc" if settings.shows_docs else None,
        openapi=f"{prefix}/openapi.json" if settings.shows_docs else None,
        health=f"{prefix}/health",
        auth_mode="open" if settings.is_open else "required",
        resources={name: f"{prefix}{path}" for name, path in domains.resources.items()},
    )


@router.get("/health", summary="Is the process alive?", operation_id="get_health")
@allowed(INDIFFERENT)
async def get_health(request: Request) -> Health:
    """Answers as long as the process can answer at all; it asks nothing of the database."""
    return Health(status="ok", version=request.app.state.settings.app_version)


@router.get(
    "/health/ready",
    summary="Can the service do its work?",
    operation_id="get_readiness",
    response_model=Health,
    responses=responses(SchemaOutdatedError, MisconfiguredError, ReadOnlyError, parameters=False),
)
@allowed(INDIFFERENT)
async def get_readiness(request: Request) -> Response:
    """200 when the database answers, has this release's schema and takes changes; 503 otherwise."""
    database: Database = request.app.state.database
    try:
        await database.probe(_require_all)
    except (UnavailableError, DBAPIError) as error:
        refusal = _meant(database, error)
        _log(refusal)
        raise refusal from error.__cause__
    health = Health(status="ok", version=request.app.state.settings.app_version)
    return Response(health.model_dump_json(), media_type="application/json")


def _require_all(session: Session) -> None:
    connection: Connection = session.connection()
    if problem := schema_problem(connection):
        raise SchemaOutdatedError(problem)
    require_fitness(connection)


def _meant(database: Database, error: Exception) -> Exception:
    """A database that does not answer may come back; one that refuses us has to be mended first."""
    cause = error if isinstance(error, DBAPIError) else error.__cause__
    if isinstance(cause, DBAPIError) and not database.settings.is_sqlite and is_lasting(cause):
        return MisconfiguredError(reason(cause))
    return error


def _log(refusal: Exception) -> None:
    if isinstance(refusal, UnavailableError) and not isinstance(refusal, StoppingError):
        why = getattr(refusal, "why", None) or reason(refusal.__cause__ or refusal)
        logger.warning("not ready", extra={"code": refusal.code, "reason": why})
