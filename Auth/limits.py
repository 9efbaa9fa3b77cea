"""How often a caller may log in, register and write; more is refused before it runs."""

import hashlib
import logging

from anyio import fail_after
from fastapi import Request
from fastapi.routing import iter_route_contexts
from limits.aio.storage import Storage
from limits.errors import StorageError
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from Auth.addresses import client_address, household
from Auth.credentials import Credentials, comes_from_this_machine, credentials_of
from Auth.errors import RateLimitedError
from Auth.process_storage import ProcessStorage
from Auth.quotas import Count, Quota, hit, quota
from core.clock import Clock
from core.http.middleware import route_path
from core.http.problems import refusal
from core.settings import Settings, rate_limit_storage
from core.text import case_key
from User.services.tokens import KEY_PREFIX, TokenSigner

logger = logging.getLogger("nexticket.limits")

_LOG_IN, _REGISTER = "/api/auth/token", "/api/users/"
LIMITED_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})
# One address may stand for an office, and one account for a family: each alone gets more.
_MORE = 5
# A store that hangs must not make the service hang.
_STORE_SECONDS = 0.5


class RateLimiter:
    def __init__(self, settings: Settings, signer: TokenSigner, clock: Clock) -> None:
        self._settings = settings
        self._signer = signer
        self._clock = clock
        # Counts for this process alone, always or while a shared store does not answer.
        self._own_store = ProcessStorage()
        self._store = _shared_store(settings) or self._own_store
        log_in = settings.login_rate_limit
        self._log_in = quota("login", log_in)
        self._log_in_account = quota("login-account", log_in, times=_MORE)
        self._log_in_address = quota("login-address", log_in, times=_MORE)
        self._registration = quota("registration", settings.registration_rate_limit)
        self._write = quota("write", settings.write_rate_limit)

    async def admit(self, scope: Scope) -> None:
        """Count a request of ``LIMITED_METHODS`` for its path; raises if it is one too many."""
        if self._is_exempt(scope):
            return
        path = route_path(scope)
        if not path.startswith("/api/"):
            return
        if scope["method"] == "POST" and path == _LOG_IN:
            await self._take(scope, self._log_in_address, self._address(scope))
        if scope["method"] == "POST" and path == _REGISTER:
            await self._take(scope, self._registration, self._address(scope))
        await self._take(scope, self._write, self._principal(scope))

    async def admit_log_in(self, scope: Scope, name: str) -> None:
        """Count a log-in for its account; raises if it is one too many.

        The account and the address together have the small quota, so that a stranger elsewhere
        who guesses does not lock the owner out.
        """
        if self._is_exempt(scope):
            return
        account = _digest(case_key(name))
        await self._take(scope, self._log_in, account, self._address(scope))
        await self._take(scope, self._log_in_account, account)

    def _is_exempt(self, scope: Scope) -> bool:
        """On their own machine nobody is an attacker, and load tests are welcome."""
        return (
            self._settings.is_open
            and credentials_of(scope) is None
            and comes_from_this_machine(scope, self._settings.cors_origins)
        )

    def _address(self, scope: Scope) -> str:
        return household(client_address(scope, self._settings.trusted_proxies))

    def _principal(self, scope: Scope) -> str:
        """Who writes, as far as it shows without asking the database."""
        credentials = credentials_of(scope)
        return (credentials and self._known(credentials)) or f"address:{self._address(scope)}"

    def _known(self, credentials: Credentials) -> str | None:
        if credentials.secret.startswith(KEY_PREFIX):
            return f"key:{_digest(credentials.secret)}"
        token = self._signer.read(credentials.secret, now=self._clock())
        return None if token is None else f"user:{token.user_id}"

    async def _take(self, scope: Scope, quota: Quota | None, *key: str) -> None:
        if quota is None:
            return
        count = await self._count(quota, *key)
        scope.setdefault("state", {}).setdefault("rate_limits", []).append(count)
        if not count.is_within:
            raise RateLimitedError(count.seconds)

    async def _count(self, quota: Quota, *key: str) -> Count:
        if self._store is self._own_store:
            return await hit(self._own_store, quota, *key)
        try:
            with fail_after(_STORE_SECONDS):
                return await hit(self._store, quota, *key)
        except (StorageError, OSError) as error:  # A TimeoutError is an OSError.
            logger.warning(
                "the store of rate limits does not answer: this process counts alone",
                extra={"reason": type(error).__name__},
            )
            return await hit(self._own_store, quota, *key)


class RateLimitMiddleware:
    """Refuses what is too much before it reaches a route, and tells what is left."""

    def __init__(self, app: ASGIApp, *, limiter: RateLimiter) -> None:
        self.app = app
        self._limiter = limiter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in LIMITED_METHODS:
            await self.app(scope, receive, send)
            return

        async def telling_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                _tell(message, scope.get("state", {}).get("rate_limits", []))
            await send(message)

        try:
            await self._limiter.admit(scope)
        except RateLimitedError as error:
            _name_route(scope)
            await refusal(Request(scope), error)(scope, receive, telling_send)
        else:
            await self.app(scope, receive, telling_send)


def _shared_store(settings: Settings) -> Storage | None:
    url = settings.rate_limit_storage
    return None if url.startswith("memory:") else rate_limit_storage(url)


def _digest(text: str) -> str:
    """The store may belong to others: it sees neither secrets nor names."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def _tell(message: Message, counts: list[Count]) -> None:
    """As draft-ietf-httpapi-ratelimit-headers has it, one member for each quota."""
    if not counts:
        return
    headers = MutableHeaders(scope=message)
    headers["RateLimit"] = ", ".join(
        f'"{count.quota.name}";r={count.remaining};t={count.seconds}' for count in counts
    )
    headers["RateLimit-Policy"] = ", ".join(
        f'"{count.quota.name}";q={count.quota.requests};w={count.quota.seconds}' for count in counts
    )


def _name_route(scope: Scope) -> None:
    """The log names routes, and a request that is refused here does not get to its own."""
    path = route_path(scope)
    for route in iter_route_contexts(scope["app"].routes):
        if scope["method"] in (route.methods or ()) and route.path_regex.match(path):
            scope["route"] = route
            return
