"""The application: settings, middleware, error handlers and one line per domain. No logic."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.routing import iter_route_contexts

from Auth.gatekeeper import Gatekeeper
from Auth.limits import RateLimiter, RateLimitMiddleware
from Auth.openapi import amend_with_policy, require_policy
from Auth.routers import auth
from Auth.services.passwords import Passwords
from Auth.services.tokens import TokenSigner
from core import service_routes
from core.allowed_methods import install_allowed_methods
from core.clock import Clock, utc_now
from core.docs_pages import install_docs
from core.idempotency import REPLAYED, forget_old_keys
from core.logs import configure_logs
from core.middleware import (
    BodyLimitMiddleware,
    DeadlineMiddleware,
    RequestContextMiddleware,
    StartupRefusalMiddleware,
    TrailingSlashMiddleware,
    UnexpectedErrorMiddleware,
)
from core.openapi import describe
from core.pacing import PacingMiddleware, leave_startup_alone
from core.problems import install_error_handlers
from core.production import load_safe_settings
from core.schema_version import AwayError, prepare_schema
from core.security_headers import SecurityHeadersMiddleware, announce_mode
from core.settings import ConfigurationError, Settings
from core.shutdown import on_stop
from core.sweeping import sweeping
from database import Database
from Order.routers import analytics, cart, order, transaction, user
from Order.services.expiry_service import expire_overdue_orders
from Ticket.routers import ticket

logger = logging.getLogger("nexticket.start")

ROUTERS = (
    ticket.router,
    order.router,
    cart.router,
    user.router,
    transaction.router,
    analytics.router,
    auth.router,
    service_routes.router,
)
EXPOSED_HEADERS = (
    "Location",
    "Link",
    "X-Total-Count",
    "X-Request-ID",
    "X-Auth-Mode",
    REPLAYED,
    "Retry-After",
    "RateLimit",
    "RateLimit-Policy",
)


def create_app(settings: Settings, *, clock: Clock = utc_now) -> FastAPI:
    app = FastAPI(
        title=settings.app_name,
        version=settings.app_version,
        debug=False,  # Starlette's debug page would show traces to callers.
        openapi_url="/openapi.json" if settings.docs_enabled else None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_lifespan,
    )
    app.state.settings = settings
    app.state.clock = clock
    app.state.passwords = Passwords(
        memory_kib=settings.password_hash_memory_kib, iterations=settings.password_hash_iterations
    )
    app.state.signer = TokenSigner(settings)
    app.state.gate = Gatekeeper(settings, app.state.signer, clock)
    app.state.limiter = RateLimiter(settings, app.state.signer, clock)
    for router in ROUTERS:
        app.include_router(router)
    if settings.docs_enabled:
        install_docs(app)
    install_error_handlers(app)
    install_allowed_methods(app)
    describe(app, amend=amend_with_policy)
    require_policy(app)
    _install_middleware(app, settings)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    settings: Settings = app.state.settings
    configure_logs(settings)
    announce_mode(settings)
    database = Database(settings, schema_is_known=_schema_is_known(settings))
    app.state.database = database
    try:
        async with sweeping(
            database,
            expire_overdue_orders,
            forget_old_keys,
            clock=app.state.clock,
            seconds=settings.sweep_seconds,
        ):
            with on_stop(database.refuse_newcomers):
                yield
    finally:
        database.close()


def _schema_is_known(settings: Settings) -> bool:
    """A worker that starts anew while the database is away serves once it is back.

    The server would take a start that fails for a fault that stays, and stop all its workers.
    """
    try:
        prepare_schema(settings)
    except AwayError as away:
        logger.warning("%s; all requests are answered 503 until it can", away)
        return False
    return True


def _install_middleware(app: FastAPI, settings: Settings) -> None:
    """The last one added is the outermost."""
    paths = (context.path for context in iter_route_contexts(app.routes))
    collections = frozenset(path for path in paths if path and path.endswith("/") and path != "/")
    app.add_middleware(BodyLimitMiddleware, max_bytes=settings.max_body_bytes)
    app.add_middleware(RateLimitMiddleware, limiter=app.state.limiter)
    app.add_middleware(PacingMiddleware)
    app.add_middleware(DeadlineMiddleware, seconds=settings.work_seconds)
    app.add_middleware(TrailingSlashMiddleware, collections=collections)
    app.add_middleware(UnexpectedErrorMiddleware)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_credentials="*" not in settings.cors_origins,
            allow_methods=["*"],
            allow_headers=["*"],
            expose_headers=EXPOSED_HEADERS,
        )
    app.add_middleware(SecurityHeadersMiddleware, settings=settings)
    app.add_middleware(RequestContextMiddleware)
    app.add_middleware(StartupRefusalMiddleware)


def _from_environment() -> FastAPI:
    try:
        settings = load_safe_settings()
    except ConfigurationError as error:
        raise SystemExit(f"Not started: {error}") from None
    # Here already, so that the server's first lines are like all others.
    configure_logs(settings)
    app = create_app(settings)
    leave_startup_alone()
    return app


app = _from_environment()
