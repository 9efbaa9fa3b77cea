"""How often a caller may log in, register, write and read; more is refused before it runs."""

import logging
from collections.abc import Awaitable, Callable
from functools import partial
from http import HTTPStatus
from typing import TypeVar

from anyio import fail_after
from fastapi import Request
from limits.aio.storage import Storage
from limits.errors import StorageError
from starlette.datastructures import MutableHeaders
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from Auth.addresses import household_of
from Auth.attempts import Attempts
from Auth.buckets import Buckets, buckets
from Auth.credentials import comes_from_this_machine, credentials_of
from Auth.errors import RateLimitedError
from Auth.known_keys import KnownKeys
from Auth.process_storage import ProcessStorage
from Auth.pseudonyms import Pseudonyms
from Auth.quotas import Count, Quota, add, hit, quota
from core.clock import Clock
from core.http.middleware import route_path
from core.http.problems import refusal
from core.http.routes import Shortcut
from core.settings import Settings, rate_limit_storage
from User.services.tokens import KEY_PREFIX, TokenSigner, hashed
from work.access import is_signed
from work.routing import WorkRoute
from work.weights import LIST

logger = logging.getLogger("nexticket.limits")

T = TypeVar("T")

# Two ways to the same attempts.
_LOG_IN = frozenset({"/api/auth/token", "/api/auth/browser/login"})
_REGISTER = "/api/users/"
LIMITED_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})
# One address may stand for an office, and one account for a family: each alone gets more.
_MORE = 5
# Over a day an address may stand for a campus.
_MORE_A_DAY = 20
# A store that hangs must not make the service hang.
_STORE_SECONDS = 0.5
# What a write answers is what it read, rendered and may have to keep: an order of a hundred lines
# is no order of one. So many bytes beyond the first cost as much as another request.
_BYTES_OF_A_WRITE = 2048


class RateLimiter:
    def __init__(
        self,
        settings: Settings,
        signer: TokenSigner,
        clock: Clock,
        known_keys: KnownKeys,
        pseudonyms: Pseudonyms,
    ) -> None:
        self._settings = settings
        self._signer = signer
        self._clock = clock
        self._known_keys = known_keys
        self._pseudonyms = pseudonyms
        # Counts for this process alone, always or while a shared store does not answer.
        self._own_store = ProcessStorage()
        self._store = _shared_store(settings) or self._own_store
        self._log_in = _log_in_quotas(settings, "login", 1, 1)
        self._log_in_account = _log_in_quotas(settings, "login-account", _MORE, _MORE)
        self._log_in_address = _log_in_quotas(settings, "login-address", _MORE, _MORE_A_DAY)
        self._registration = quota("registration", settings.registration_rate_limit)
        self._write = quota("write", settings.write_rate_limit)
        # These cost no message to a store, whatever counts the others.
        self._write_address = buckets("write-address", settings.write_rate_limit, times=_MORE)
        self._read = buckets("read", settings.read_rate_limit)
        self._read_address = buckets("read-address", settings.read_rate_limit, times=_MORE)
        self._unsigned = buckets("unsigned", settings.write_rate_limit)
        self._account_change = quota("account", settings.account_rate_limit)
        self._share = quota("share", settings.share_rate_limit)

    async def admit(self, scope: Scope, route: Route | None) -> None:
        """Count a request of ``LIMITED_METHODS`` for its path; raises if it is one too many."""
        if self._is_exempt(scope):
            return
        path = route_path(scope)
        if not path.startswith("/api/"):
            return
        address = self._address(scope)
        if _is_signed(route):
            self._require_signer(scope, address)
            return
        if scope["method"] == "POST" and path in _LOG_IN:
            for one in self._log_in_address:
                await self._take(scope, one, address)
        if scope["method"] == "POST" and path == _REGISTER:
            await self._take(scope, self._registration, address)
        account = self._account(scope, route)
        await self._take(scope, self._write, account or f"address:{address}")
        if account is not None:
            _take_here(scope, self._write_address, address, 1)

    def admit_read(self, scope: Scope, route: Route | None) -> None:
        """Count what a request that reads costs; raises if it is too much.

        Not for who looks whether we live: they ask as often as they have to.
        """
        if self._read is None or (route is not None and _is_indifferent(route)):
            return
        units = route.weight if isinstance(route, WorkRoute) else LIST
        address = self._address(scope)
        account = self._account(scope, route) or f"address:{address}"
        try:
            # First the account: what it is refused is nothing that the address has had.
            _take_here(scope, self._read, account, units)
            _take_here(scope, self._read_address, address, units)
        except RateLimitedError:
            if not self._is_exempt(scope):
                raise

    async def admit_log_in(self, scope: Scope, account: str, *, is_known_here: bool) -> None:
        """Count an attempt on an account; raises if it is one too many.

        The account and the address together have the small quota. All addresses together have one
        as well, against many that guess a little each; but where the account logged in before, a
        stranger elsewhere who guesses does not lock the owner out.
        """
        if self._is_exempt(scope):
            return
        # As long as a name may be, a counter's is short.
        account, address = self._pseudonyms.counted(account), self._address(scope)
        for one in self._log_in:
            await self._take(scope, one, f"{account} {address}")
        for one in () if is_known_here else self._log_in_account:
            await self._take(scope, one, account)

    def attempts(self, scope: Scope) -> Attempts:
        count = partial(self.admit_log_in, scope)
        return Attempts(count, self._signer.marks(f"place {self._address(scope)}"))

    async def weigh(self, scope: Scope, route: Route | None, answered: int) -> None:
        """Count what a write has cost beyond the request itself, by the bytes of its answer."""
        more = answered // _BYTES_OF_A_WRITE
        if not more or self._write is None or self._is_exempt(scope):
            return
        write, address = self._write, self._address(scope)
        account = self._account(scope, route)
        if account is not None and self._write_address is not None:
            self._write_address.add(address, more)
        key = self._named(account or f"address:{address}")
        await self._ask(lambda store: add(store, write, more, key))

    def note_unsigned(self, scope: Scope) -> None:
        """Count what claimed to be signed, and was not; who sends too much of that is not heard."""
        if self._unsigned is not None and not self._is_exempt(scope):
            self._unsigned.add(self._address(scope), 1)

    def _require_signer(self, scope: Scope, address: str) -> None:
        wait = 0.0 if self._unsigned is None else self._unsigned.wait(address)
        if self._unsigned is not None and wait > 0:
            _require(scope, self._unsigned.count(wait))

    async def admit_account_change(self, scope: Scope, user_id: int) -> None:
        """Count a change of a user's own names; raises if it is one too many."""
        await self._take(scope, self._account_change, str(user_id))

    async def admit_share(self, scope: Scope, user_id: int) -> None:
        """Count a user's try to share an order; raises if it is one too many."""
        await self._take(scope, self._share, str(user_id))

    def _is_exempt(self, scope: Scope) -> bool:
        """On their own machine nobody is an attacker, and load tests are welcome."""
        return (
            self._settings.is_open
            and credentials_of(scope) is None
            and comes_from_this_machine(scope, self._settings.cors_origins)
        )

    def _address(self, scope: Scope) -> str:
        return household_of(scope, self._settings.trusted_proxies)

    def _account(self, scope: Scope, route: Route | None) -> str | None:
        """Whose account pays besides the address; None for whom only the address does.

        That is who proves nothing: an operation that looks at no credentials does not find out
        whether they are good, and a key that nobody has verified yet may have been made up.
        """
        credentials = None if route is None or _is_indifferent(route) else credentials_of(scope)
        if credentials is None:
            return None
        if credentials.secret.startswith(KEY_PREFIX):
            key_hash = hashed(credentials.secret)
            return f"key:{key_hash}" if key_hash in self._known_keys else None
        token = self._signer.read(credentials.secret, now=self._clock())
        return None if token is None else f"user:{token.user_id}"

    def _named(self, caller: str) -> str:
        """What stands for a caller in the store: one that is shared may belong to others."""
        is_own = self._store is self._own_store
        return caller if is_own else self._pseudonyms.counted(caller)

    async def _take(self, scope: Scope, quota: Quota | None, caller: str) -> None:
        if quota is not None:
            key = self._named(caller)
            _require(scope, await self._ask(lambda store: hit(store, quota, key)))

    async def _ask(self, ask: Callable[[Storage], Awaitable[T]]) -> T:
        if self._store is self._own_store:
            return await ask(self._own_store)
        try:
            with fail_after(_STORE_SECONDS):
                return await ask(self._store)
        except (StorageError, OSError) as error:  # A TimeoutError is an OSError.
            logger.warning(
                "the store of rate limits does not answer: this process counts alone",
                extra={"reason": type(error).__name__},
            )
            return await ask(self._own_store)


class RateLimitMiddleware:
    """Refuses what is too much before it reaches a route, and tells what is left."""

    def __init__(self, app: ASGIApp, *, limiter: RateLimiter, shortcut: Shortcut) -> None:
        self.app = app
        self._limiter = limiter
        self._route_of = shortcut.route_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        route = self._route_of(scope)
        try:
            if scope["method"] in LIMITED_METHODS:
                await self._limiter.admit(scope, route)
            else:
                self._limiter.admit_read(scope, route)
        except RateLimitedError as error:
            # The log names routes, and this request does not get to its own.
            scope["route"] = route
            await refusal(Request(scope), error)(scope, receive, _telling(scope, send))
            return
        if scope["method"] in LIMITED_METHODS:
            await self._write(scope, route, receive, send)
        else:
            is_told = "rate_limits" in scope["state"]
            await self.app(scope, receive, _telling(scope, send) if is_told else send)

    async def _write(self, scope: Scope, route: Route | None, receive: Receive, send: Send) -> None:
        answered, status = 0, 0

        async def measured_send(message: Message) -> None:
            nonlocal answered, status
            answered += len(message.get("body", b""))
            status = message.get("status", status)
            await send(message)

        await self.app(scope, receive, _telling(scope, measured_send))
        if not _is_signed(route):
            await self._limiter.weigh(scope, route, answered)
        elif status == HTTPStatus.BAD_REQUEST:
            self._limiter.note_unsigned(scope)


def _is_indifferent(route: Route) -> bool:
    """Whether it looks at no credentials, so that nobody knows whether they are good."""
    right = route.right if isinstance(route, WorkRoute) else None
    return right is not None and right.ignores_credentials


def _is_signed(route: Route | None) -> bool:
    return route is not None and is_signed(route.endpoint)


def _take_here(scope: Scope, own: Buckets | None, name: str, units: int) -> None:
    """Take units from a bucket of this process; raises if there are not so many."""
    if own is None:
        return
    wait = own.take(name, units)
    if own.is_little(wait):
        _require(scope, own.count(wait))


def _require(scope: Scope, count: Count) -> None:
    scope["state"].setdefault("rate_limits", []).append(count)
    if not count.is_within:
        raise RateLimitedError(count.seconds)


def _shared_store(settings: Settings) -> Storage | None:
    url = settings.rate_limit_storage
    return None if url.startswith("memory:") else rate_limit_storage(url)


def _log_in_quotas(settings: Settings, name: str, times: int, times_a_day: int) -> list[Quota]:
    """For a short while and for a day: who guesses slowly guesses for long."""
    short = quota(name, settings.login_rate_limit, times=times)
    day = quota(f"{name}-day", settings.login_day_rate_limit, times=times_a_day)
    return [one for one in (short, day) if one is not None]


def _telling(scope: Scope, send: Send) -> Send:
    """Tell with the answer what is left of the quotas that were counted."""

    async def telling_send(message: Message) -> None:
        if message["type"] == "http.response.start":
            _tell(message, scope["state"].get("rate_limits", []))
        await send(message)

    return telling_send


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
