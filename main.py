"""The service put together: its domains, its middleware, its life. No logic."""

import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.routing import iter_route_contexts
from starlette.middleware import Middleware

from Auth.addresses import ForwardedSchemeMiddleware
from Auth.limits import RateLimitMiddleware
from core.clock import Clock, utc_now
from core.http.allowed_methods import install_allowed_methods
from core.http.apart import ApartMiddleware
from core.http.docs_pages import install_docs
from core.http.head_requests import HeadMiddleware
from core.http.heads import RequestHeadMiddleware
from core.http.idempotency_key import REPLAYED
from core.http.middleware import (
    BodyLimitMiddleware,
    DeadlineMiddleware,
    RequestContextMiddleware,
    StartupRefusalMiddleware,
    TrailingSlashMiddleware,
    UnexpectedErrorMiddleware,
)
from core.http.openapi import describe
from core.http.pacing import Pace, PacingMiddleware, leave_startup_alone, take_short_turns
from core.http.problem_pages import install_problem_pages
from core.http.problems import install_error_handlers
from core.http.routes import Shortcut, install_routes
from core.http.security_headers import SecurityHeadersMiddleware, announce_mode
from core.http.serving import bound_server
from core.logs import configure_logs
from core.private_files import keep_files_private
from core.production import (
    announce_allowances,
    announce_counts,
    is_forked,
    load_safe_settings,
    require_shared_key,
)
from core.settings import ConfigurationError, Settings
from core.shutdown import on_stop
from core.store.schema_version import AwayError, prepare_schema
from database import Database
from work.chores import sweeping
from work.context import Terms
from work.domain import Deployment, Domains, load_domains, require_rights

logger = logging.getLogger("nexticket.start")

# A line for each: what it brings is in its own ``__init__``. In the order of the documentation,
# and each after those whose equipment it asks for.
DOMAINS = load_domains(
    "User",
    "Ledger",
    "Ticket",
    "Order",
    "Payment",
    "Privacy",
    "Auth",
    "web",
    "work",
)
SUMMARY = "Sell tickets: stock that is never sold twice, money exact to the cent."
DESCRIPTION = """
Tickets, carts, orders that hold stock and expire, payments, refunds and analytics.

* **Errors** are `application/problem+json`; act on `code`, which is stable. Each has a schema with
  what it brings, and its `type` leads to a page.
* **Lists** are plain arrays; follow the `Link` header to the next page. A filter that is given
  several times means any of its values.
* **Money** is a number with the decimals of the `currency`; **time** is RFC 3339 in UTC.
* **Retries**: send an `Idempotency-Key` with a POST, PUT or PATCH, and repeat it as it was when the
  answer is lost: it is carried out once, and answered again.
* **`ETag`**: send it back as `If-None-Match`, and what you have already is answered 304; as
  `If-Match`, and nothing is changed or deleted that was changed since; an operation that can't tell
  refuses it. **HEAD** is answered as GET.
* Every answer carries `X-Request-ID`.
"""
EXPOSED_HEADERS = (
    "Location",
    "ETag",
    "Link",
    "X-Total-Count",
    "X-Total-Count-At-Least",
    "X-Request-ID",
    "X-Auth-Mode",
    REPLAYED,
    "Retry-After",
    "Content-Disposition",
    "RateLimit",
    "RateLimit-Policy",
)

app: FastAPI
_making = threading.RLock()


def __getattr__(name: str) -> Any:
    """Make ``app`` once a server asks for it: who only wants the domains needs no settings."""
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    with _making:
        if name not in globals():
            globals()[name] = _from_environment()
    return globals()[name]


def __dir__() -> list[str]:
    return sorted({*globals(), "app"})


def create_app(
    settings: Settings, *, clock: Clock = utc_now, domains: Domains = DOMAINS
) -> FastAPI:
    app = FastAPI(
        title=settings.app_name,
        summary=SUMMARY,
        description=DESCRIPTION,
        version=settings.app_version,
        debug=False,  # Starlette's debug page would show traces to callers.
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        # It would ask for its providers at each request, and nobody has set one up.
        telemetry={"tracing": False, "metrics": False, "logs": False},
        lifespan=_lifespan,
    )
    app.state.settings, app.state.clock, app.state.domains = settings, clock, domains
    app.state.terms, app.state.pace = Terms.of(settings), Pace()
    domains.equip(app.state, settings, clock)
    shortcut = install_routes(app, domains.routers)
    if settings.shows_docs:
        install_docs(app)
    install_problem_pages(app)
    install_error_handlers(app)
    install_allowed_methods(app)
    require_rights(app)
    describe(
        app,
        tags=domains.tags,
        currency=settings.currency,
        amend=lambda document: _amend(app, document),
    )
    for one in reversed(_middleware(app, shortcut)):
        app.add_middleware(one.cls, *one.args, **one.kwargs)
    return app


def _amend(app: FastAPI, document: dict[str, Any]) -> None:
    domains: Domains = app.state.domains
    domains.amend(document, Deployment(app.state.settings, domains, require_rights(app)))


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    settings: Settings = app.state.settings
    configure_logs(settings)
    bound_server(settings)
    announce_mode(settings)
    announce_counts(settings)
    database = Database(settings, schema_is_known=_schema_is_known(settings))
    app.state.database = database
    try:
        upkeep = app.state.domains.upkeep(app.state)
        async with sweeping(database, upkeep, clock=app.state.clock):
            with on_stop(lambda: _stop(app)):
                yield
    finally:
        _stop(app)
        await database.finish()
        database.close()
        await app.state.domains.close(app.state)


def _stop(app: FastAPI) -> None:
    """End what would go on, and begin nothing more."""
    app.state.database.refuse_newcomers()
    app.state.domains.stop(app.state)


def _schema_is_known(settings: Settings) -> bool:
    """A worker that starts anew while the database is away serves once it is back.

    The server would take a start that fails for a fault that stays, and stop all its workers.
    """
    try:
        prepare_schema(settings, may_make_file=not is_forked())
    except AwayError as away:
        logger.warning("%s; all requests are answered 503 until that has changed", away)
        return False
    return True


def _middleware(app: FastAPI, shortcut: Shortcut) -> list[Middleware]:
    """In the order in which a request meets them."""
    settings: Settings = app.state.settings
    paths = (context.path for context in iter_route_contexts(app.routes))
    collections = frozenset(path for path in paths if path and path.endswith("/") and path != "/")
    cors = Middleware(
        CORSMiddleware,
        allow_origins=settings.cors_origins,
        allow_credentials="*" not in settings.cors_origins,
        allow_methods=["*"],
        allow_headers=["*"],
        expose_headers=EXPOSED_HEADERS,
    )
    proxies = settings.trusted_proxies
    forwarded = Middleware(ForwardedSchemeMiddleware, trusted_proxies=proxies)
    apart = app.state.domains.apart(app)
    return [
        Middleware(StartupRefusalMiddleware),
        *([Middleware(ApartMiddleware, served=apart)] if apart else []),
        Middleware(
            RequestContextMiddleware,
            household=app.state.pseudonyms.household,
            currency=settings.currency,
        ),
        *([forwarded] if proxies else []),
        Middleware(SecurityHeadersMiddleware, settings=settings, caching=app.state.domains.caching),
        *([cors] if settings.cors_origins else []),
        Middleware(HeadMiddleware),
        Middleware(UnexpectedErrorMiddleware),
        Middleware(RequestHeadMiddleware),
        Middleware(TrailingSlashMiddleware, collections=collections),
        Middleware(DeadlineMiddleware, seconds=settings.work_seconds),
        Middleware(PacingMiddleware, pace=app.state.pace),
        Middleware(RateLimitMiddleware, limiter=app.state.limiter, shortcut=shortcut),
        Middleware(BodyLimitMiddleware, max_bytes=settings.max_body_bytes),
    ]


def _from_environment() -> FastAPI:
    keep_files_private()
    try:
        settings = load_safe_settings()
        require_shared_key(settings)
    except ConfigurationError as error:
        raise SystemExit(f"Not started: {error}") from None
    # Here already, so that the server's first lines are like all others.
    configure_logs(settings)
    announce_allowances(settings)
    try:
        made = create_app(settings)
    except ConfigurationError as error:
        raise SystemExit(f"Not started: {error}") from None
    except AttributeError as error:
        # A server would take it for there being no ``app``, and hide the trace.
        raise RuntimeError("the application can't be made") from error
    leave_startup_alone()
    take_short_turns()
    return made
