"""What a domain brings to the service, as one value; ``main.py`` lists the domains."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from importlib import import_module
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import iter_route_contexts
from starlette.datastructures import State
from starlette.types import ASGIApp

from core.clock import Clock
from core.http.security_headers import Caching
from core.settings import Settings
from work.access import Right, right_of
from work.chores import Chore, Errand, Upkeep
from work.routing import WorkRoute
from work.rules import Rule


@dataclass(frozen=True)
class Deployment:
    """How this process serves, for what a domain has to say in the OpenAPI document."""

    settings: Settings
    domains: "Domains"
    # By operation id.
    rights: Mapping[str, Right]


# Puts what the routes of a domain share (a signer, a client of a provider) into the app's state.
Equip = Callable[[State, Settings, Clock], None]
Close = Callable[[State], Awaitable[None]]
Stop = Callable[[State], None]
# Applications that are served at addresses of their own, and are no part of the API: about what
# they answer nothing that holds for the service is asked. {address: application}
Apart = Callable[[FastAPI], Mapping[str, ASGIApp]]
# Adds what FastAPI can't know to the finished OpenAPI document.
Amend = Callable[[dict[str, Any], Deployment], None]


@dataclass(frozen=True, kw_only=True)
class Domain:
    """All parts are optional: a domain without routers is there for others."""

    routers: Sequence[APIRouter] = ()
    # Of the OpenAPI document: {name: description}.
    tags: Mapping[str, str] = field(default_factory=dict)
    # Where to go from ``/``: {name: address}.
    resources: Mapping[str, str] = field(default_factory=dict)
    # What caches may keep of the answers below an address; all others are private.
    caching: Mapping[str, Caching] = field(default_factory=dict)
    chores: Sequence[Chore] = ()
    # Those that wait for somebody outside.
    errands: Sequence[Errand] = ()
    # Why things move in the ledger.
    causes: type[Enum] | tuple[()] = ()
    # What is done that the audit remembers.
    actions: type[Enum] | tuple[()] = ()
    rules: Sequence[Rule] = ()
    equip: Equip | None = None
    apart: Apart | None = None
    # Ends what would go on for as long as its caller stays, once the process was asked to stop.
    stop: Stop | None = None
    # Lets go of what ``equip`` made, once nothing is served any more.
    close: Close | None = None
    amend: Amend | None = None


@dataclass(frozen=True)
class Domains:
    """All domains of the service, and what they bring together."""

    all: tuple[Domain, ...]

    def __post_init__(self) -> None:
        """Raises where two domains bring the same thing, of which one would hide the other."""
        for part in ("tags", "resources", "caching"):
            _merged(getattr(domain, part) for domain in self.all)

    @property
    def routers(self) -> list[APIRouter]:
        return [router for domain in self.all for router in domain.routers]

    @property
    def tags(self) -> dict[str, str]:
        return _merged(domain.tags for domain in self.all)

    @property
    def resources(self) -> dict[str, str]:
        return _merged(domain.resources for domain in self.all)

    @property
    def caching(self) -> dict[str, Caching]:
        return _merged(domain.caching for domain in self.all)

    def upkeep(self, state: State) -> Upkeep:
        """All that comes back; ``state`` is what ``equip`` has filled."""
        errands = [errand for domain in self.all for errand in domain.errands]
        return Upkeep(self.chores, errands, state)

    @property
    def chores(self) -> list[Chore]:
        return [chore for domain in self.all for chore in domain.chores]

    @property
    def causes(self) -> list[str]:
        return [str(cause.value) for domain in self.all for cause in domain.causes]

    @property
    def actions(self) -> list[str]:
        return [str(action.value) for domain in self.all for action in domain.actions]

    @property
    def rules(self) -> list[Rule]:
        """Those that compare rows with one another first."""
        rules = [rule for domain in self.all for rule in domain.rules]
        return sorted(rules, key=lambda rule: rule.is_about_the_ledger)

    def equip(self, state: State, settings: Settings, clock: Clock) -> None:
        for domain in self.all:
            if domain.equip is not None:
                domain.equip(state, settings, clock)

    def apart(self, app: FastAPI) -> dict[str, ASGIApp]:
        return _merged(domain.apart(app) for domain in self.all if domain.apart is not None)

    def stop(self, state: State) -> None:
        for domain in self.all:
            if domain.stop is not None:
                domain.stop(state)

    async def close(self, state: State) -> None:
        for domain in reversed(self.all):
            if domain.close is not None:
                await domain.close(state)

    def amend(self, document: dict[str, Any], deployment: Deployment) -> None:
        for domain in self.all:
            if domain.amend is not None:
                domain.amend(document, deployment)


def require_rights(app: FastAPI) -> dict[str, Right]:
    """What each role may do, by operation: one without a right would be open to all, so there is
    no app with one. Nor is there one with a router that does not make units of work.
    """
    if foreign := sorted(
        str(route.path)
        for route in iter_route_contexts(app.routes)
        if getattr(route, "include_in_schema", False)
        and not isinstance(route.original_route, WorkRoute)
    ):
        raise RuntimeError(f"routers that are not of work/routing.py: {foreign}")
    rights = {
        route.operation_id or str(route.name): right_of(route.endpoint)
        for route in iter_route_contexts(app.routes)
        if getattr(route, "include_in_schema", False)
    }
    if missing := sorted(name for name, right in rights.items() if right is None):
        raise RuntimeError(f"operations without a right, see work/access.py: {missing}")
    return {name: right for name, right in rights.items() if right is not None}


def load_domains(*packages: str) -> Domains:
    """The ``DOMAIN`` of each package."""
    return Domains(tuple(import_module(package).DOMAIN for package in packages))


def _merged(parts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for part in parts:
        if twice := merged.keys() & part.keys():
            raise RuntimeError(f"two domains bring {sorted(twice)}")
        merged |= part
    return merged
