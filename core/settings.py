"""Every setting, from the environment or ``.env``; a bad one stops the start with one line."""

import difflib
import os
import re
from decimal import Decimal
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import limits
from limits.aio.storage import SlidingWindowCounterSupport, Storage
from limits.storage import storage_from_string
from pydantic import (
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from core.currencies import CURRENCIES
from core.env_file import EnvFileError, read_env_file
from core.slips import slips
from core.zones import time_zone

ENV_FILE = Path(__file__).resolve().parent.parent / ".env"

# An address alone is the network of this one address.
Network = IPv4Network | IPv6Network

# What production refuses, but for a reason that somebody may have to do it all the same.
Allowance = Literal["limits", "hashing", "tls", "files"]
# Who takes money; each is a file in ``Payment/providers/``.
ProviderName = Literal["test", "test_confirm", "stripe", "stripe_checkout"]

_SHARE_OF_WORK = 0.9
# Younger entries of the audit are not removed by the database, whoever asks.
_AUDIT_DAYS = 365

_POSTGRES_NAMES = {"postgres", "postgresql", "postgresql+psycopg2"}

# Switches that may be left to what suits the environment.
_SWITCHES = ("auth_required", "docs_enabled", "second_factor")


class ConfigurationError(Exception):
    """The service can't start as configured; the message is one line for the operator."""


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_file=ENV_FILE, env_file_encoding="utf-8", extra="forbid", frozen=True
    )

    database_url: str = "sqlite:///./nexticket.db"
    database_pool_size: int = Field(default=8, ge=1, le=200)
    app_name: str = Field(default="Nexticket API", min_length=1)
    app_version: str = Field(default="0.1.0", min_length=1)
    environment: Literal["development", "test", "staging", "production"] = "development"
    debug: bool = False
    secret_key: SecretStr = SecretStr("")
    secret_key_previous: SecretStr = SecretStr("")
    algorithm: Literal["HS256", "HS384", "HS512"] = "HS256"
    # None: open to this machine in development, required everywhere else.
    auth_required: bool | None = None
    # None: required in production, optional everywhere else.
    second_factor: Literal["required", "optional"] | None = None
    password_hash_memory_kib: int = Field(default=19_456, ge=8, le=1_048_576)
    password_hash_iterations: int = Field(default=2, ge=1, le=20)
    access_token_expire_minutes: float = Field(default=30, gt=0, allow_inf_nan=False)
    login_max_days: float = Field(default=90, gt=0, le=3650, allow_inf_nan=False)
    refresh_grace_seconds: float = Field(default=30, ge=0, le=300, allow_inf_nan=False)
    max_api_keys_per_user: int = Field(default=20, ge=1, le=1000)
    api_key_max_days: float = Field(default=365, gt=0, le=3650, allow_inf_nan=False)
    cors_origins: Annotated[tuple[str, ...], NoDecode] = ()
    behind_proxy: bool = False
    trusted_proxies: Annotated[tuple[Network, ...], NoDecode] = ()
    # None: on, except in production.
    docs_enabled: bool | None = None
    pages_enabled: bool = True
    allow_unsafe: Annotated[tuple[Allowance, ...], NoDecode] = ()
    rate_limit_storage: str = "memory://"
    # Empty: not limited.
    login_rate_limit: str = "10/minute"
    login_day_rate_limit: str = "100/day"
    registration_rate_limit: str = "20/hour"
    write_rate_limit: str = "600/minute"
    read_rate_limit: str = "6000/minute"
    stored_answers_rate_limit: str = "2000/day"
    stored_bytes_rate_limit: str = "10000000/day"
    account_rate_limit: str = "10/hour"
    share_rate_limit: str = "30/hour"
    currency: str = "USD"
    timezone: str = "UTC"
    hold_minutes: float = Field(default=15, gt=0, le=60 * 24 * 365, allow_inf_nan=False)
    late_payment_hours: float = Field(default=24, ge=0, le=24 * 365, allow_inf_nan=False)
    # 0: not limited.
    refund_limit: Decimal = Field(default=Decimal(0), ge=0, le=10**15, allow_inf_nan=False)
    own_orders_by_staff: bool = False
    # None: ``test`` in development, and none everywhere else.
    payment_providers: Annotated[tuple[ProviderName, ...] | None, NoDecode] = None
    payment_minutes: float = Field(default=10, ge=0, le=60 * 24, allow_inf_nan=False)
    payment_timeout_seconds: float = Field(default=10, ge=0.1, le=60, allow_inf_nan=False)
    # Where buyers come back to who paid on a page of the provider's.
    payment_return_url: str = ""
    webhook_tolerance_seconds: int = Field(default=300, ge=10, le=3600)
    stripe_secret_key: SecretStr = SecretStr("")
    stripe_publishable_key: str = ""
    stripe_webhook_secrets: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    stripe_api_url: str = "https://api.stripe.com"
    # Empty: the one that is served below /test-payments.
    test_payments_url: str = ""
    test_payments_secrets: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    test_payments_file: str = Field(default="./test-payments.db", min_length=1)
    sweep_seconds: float = Field(default=10, gt=0, le=3600, allow_inf_nan=False)
    max_units_per_ticket: int = Field(default=100, ge=1, le=10_000)
    # Of one buyer; 0, or empty: no limit.
    max_open_orders_per_user: int = Field(default=10, ge=0, le=10_000)
    max_units_per_user_and_ticket: int = Field(default=10, ge=0, le=1_000_000)
    hold_again_minutes: float = Field(default=10, ge=0, le=60 * 24, allow_inf_nan=False)
    max_unpaid_orders_per_day: int = Field(default=20, ge=0, le=10_000)
    # 0: kept.
    keep_ended_logins_days: int = Field(default=30, ge=0, le=36_500)
    keep_unsold_notes_days: int = Field(default=0, ge=0, le=36_500)
    keep_audit_days: int = Field(default=0, ge=0, le=36_500)
    max_body_bytes: int = Field(default=1_048_576, ge=1024)
    max_connections: int = Field(default=800, ge=10, le=100_000)
    # None: half of the connections.
    max_listeners: int | None = Field(default=None, ge=0, le=100_000)
    max_listeners_per_address: int = Field(default=40, ge=1, le=100_000)
    live_stock_seconds: float = Field(default=0.5, ge=0.1, le=3600, allow_inf_nan=False)
    request_timeout_seconds: float = Field(default=5, ge=0.1, le=300, allow_inf_nan=False)
    export_timeout_seconds: float = Field(default=3600, ge=1, le=86_400, allow_inf_nan=False)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = "INFO"

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        database_url(value)
        return value

    @field_validator("rate_limit_storage")
    @classmethod
    def _known_storage(cls, value: str) -> str:
        rate_limit_storage(value)
        return value

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        return time_zone(value).key

    @field_validator(
        "login_rate_limit",
        "login_day_rate_limit",
        "registration_rate_limit",
        "write_rate_limit",
        "read_rate_limit",
        "stored_answers_rate_limit",
        "stored_bytes_rate_limit",
        "account_rate_limit",
        "share_rate_limit",
    )
    @classmethod
    def _one_limit(cls, value: str) -> str:
        if value and rate_limit(value).amount < 1:
            raise ValueError("at least one request must be possible; empty means no limit")
        return value

    @field_validator("currency")
    @classmethod
    def _known_currency(cls, value: str) -> str:
        if value not in CURRENCIES:
            raise ValueError(f"{value!r} is no currency of ISO 4217 such as USD")
        return value

    @field_validator("refund_limit")
    @classmethod
    def _payable(cls, value: Decimal, info: ValidationInfo) -> Decimal:
        # Where the currency itself is none, that is told.
        known = CURRENCIES.get(info.data.get("currency", ""))
        if known and value % known.unit:
            raise ValueError(f"no more than {known.digits} decimal places, as {known.code} has")
        return value

    @field_validator("keep_audit_days")
    @classmethod
    def _no_fresh_traces(cls, value: int) -> int:
        if 0 < value < _AUDIT_DAYS:
            raise ValueError(f"the database keeps {_AUDIT_DAYS} days at least; 0 keeps all")
        return value

    @field_validator(*_SWITCHES, "payment_providers", "max_listeners", mode="before")
    @classmethod
    def _empty_is_unset(cls, value: Any) -> Any:
        return None if value in {"", ()} else value

    @field_validator(
        "max_open_orders_per_user",
        "max_units_per_user_and_ticket",
        "hold_again_minutes",
        "max_unpaid_orders_per_day",
        mode="before",
    )
    @classmethod
    def _empty_is_off(cls, value: Any) -> Any:
        return 0 if value == "" else value

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _networks(cls, value: Any) -> Any:
        """Runs after the value is cut at its commas: of two that run before, the last is first."""
        return tuple(ip_network(item) for item in value)

    @field_validator(
        "cors_origins",
        "trusted_proxies",
        "allow_unsafe",
        "payment_providers",
        "stripe_webhook_secrets",
        "test_payments_secrets",
        mode="before",
    )
    @classmethod
    def _comma_separated(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(item.strip() for item in value.split(",") if item.strip())
        return value

    @field_validator("cors_origins")
    @classmethod
    def _origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        origins = tuple(origin.rstrip("/") for origin in value)
        for origin in origins:
            # Browsers send scheme, host and port alone; anything else would match none of them.
            if origin != "*" and not re.fullmatch(r"https?://[^/?#\s]+", origin):
                raise ValueError(f"{origin!r} is no origin such as https://shop.example")
        return origins

    @field_validator("log_level", mode="before")
    @classmethod
    def _any_case(cls, value: Any) -> Any:
        return value.upper() if isinstance(value, str) else value

    @field_validator("payment_return_url", "stripe_api_url", "test_payments_url")
    @classmethod
    def _address(cls, value: str) -> str:
        if value and not re.fullmatch(r"https?://[^/?#\s]+[^\s]*", value):
            raise ValueError(f"{value!r} is no address such as https://shop.example/thanks")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _providers_are_set_up(self) -> Self:
        """A payment that could not be taken, or whose word could not be believed, is not begun."""
        wanted: dict[str, object] = {}
        if self.is_taking("stripe", "stripe_checkout"):
            wanted |= {"STRIPE_SECRET_KEY": self.stripe_secret_key.get_secret_value()}
            wanted |= {"STRIPE_WEBHOOK_SECRETS": self.stripe_webhook_secrets}
        if self.is_taking("stripe"):
            wanted |= {"STRIPE_PUBLISHABLE_KEY": self.stripe_publishable_key}
        if self.is_taking("stripe_checkout"):
            wanted |= {"PAYMENT_RETURN_URL": self.payment_return_url}
        if self.takes_test_payments and self.test_payments_url:
            wanted |= {"TEST_PAYMENTS_SECRETS": self.test_payments_secrets}
        if missing := [name for name, value in wanted.items() if not value]:
            raise ValueError(f"PAYMENT_PROVIDERS needs {', '.join(missing)}")
        return self

    @property
    def providers(self) -> tuple[ProviderName, ...]:
        """Who takes money in our place."""
        if self.payment_providers is None:
            return ("test",) if self.environment == "development" else ()
        return self.payment_providers

    def is_taking(self, *names: ProviderName) -> bool:
        return any(name in self.providers for name in names)

    @property
    def takes_test_payments(self) -> bool:
        """Whether somebody is believed who says that money has come where none has."""
        return self.is_taking("test", "test_confirm")

    @property
    def serves_test_payments(self) -> bool:
        """Whether the provider that says so is served by this service itself."""
        is_production = self.environment == "production"
        return self.takes_test_payments and not self.test_payments_url and not is_production

    @property
    def database(self) -> URL:
        return database_url(self.database_url)

    @property
    def is_open(self) -> bool:
        """Whether a request without credentials from this machine acts as an administrator.

        Behind a proxy all requests come from this machine.
        """
        is_behind_proxy = self.behind_proxy or bool(self.trusted_proxies)
        return self.environment == "development" and not (self.auth_required or is_behind_proxy)

    @property
    def demands_second_factor(self) -> bool:
        """Whether those who may do more than buy need one to do anything but enrol."""
        if self.second_factor is None:
            return self.environment == "production"
        return self.second_factor == "required"

    @property
    def shows_docs(self) -> bool:
        """Whether the documentation's pages and the OpenAPI document are served."""
        if self.docs_enabled is None:
            return self.environment != "production"
        return self.docs_enabled

    @property
    def work_seconds(self) -> float:
        """What the work of a request may take; the rest of its time is for the answer."""
        return self.request_timeout_seconds * _SHARE_OF_WORK

    @property
    def is_sqlite(self) -> bool:
        return self.database.get_backend_name() == "sqlite"


def database_url(value: str) -> URL:
    """The URL with its driver named: a bare ``postgresql://`` would mean psycopg 3 today."""
    try:
        url = make_url(value)
    except (ArgumentError, ValueError):  # The latter for a port that is no number.
        raise ValueError("not a database URL such as sqlite:///./nexticket.db") from None
    if url.drivername in _POSTGRES_NAMES:
        return url.set(drivername="postgresql+psycopg2")
    if url.drivername != "sqlite":
        raise ValueError(f"{url.drivername!r} is not supported: use sqlite:// or postgresql://")
    if not url.database or ":memory:" in url.database or url.query.get("mode") == "memory":
        raise ValueError("SQLite needs a file: every connection would see its own empty database")
    return url


def rate_limit(value: str) -> limits.RateLimitItem:
    try:
        (limit,) = limits.parse_many(value)
    except ValueError:  # Also for two limits in one.
        raise ValueError(f"{value!r} is not one limit such as 10/minute") from None
    return limit


def rate_limit_storage(value: str) -> Storage:
    """Where requests are counted. Nothing is connected yet; refusals don't show the password."""
    try:
        storage = storage_from_string(f"async+{value}", wrap_exceptions=True)
    except limits.errors.ConfigurationError as error:
        if "prerequisite" in str(error):
            raise ValueError(str(error).partition(" See ")[0]) from None
        raise ValueError("not a storage URL such as memory:// or redis://host:6379") from None
    except ValueError:  # For a port that is no number.
        raise ValueError("not a storage URL such as memory:// or redis://host:6379") from None
    if not isinstance(storage, Storage) or not isinstance(storage, SlidingWindowCounterSupport):
        raise ValueError("this storage can't count in sliding windows")  # noqa: TRY004 - a setting
    return storage


def load_settings() -> Settings:
    try:
        said = _said_by_env_file()
        if mistaken := list(slips(Settings.model_fields, said)):
            raise ConfigurationError(f"bad settings: {'; '.join(mistaken)}")
        return Settings(_env_file=None, **said)  # type: ignore[call-arg]
    except EnvFileError as error:
        raise ConfigurationError(f"bad settings: {error}") from None
    except ValidationError as error:
        problems = "; ".join(_explain(item) for item in error.errors(include_input=False))
        raise ConfigurationError(f"bad settings: {problems}") from None


def _said_by_env_file() -> dict[str, Any]:
    """What ``.env`` says of what the environment does not."""
    file = Settings.model_config.get("env_file")
    said = {} if file is None else read_env_file(Path(str(file)), Settings.model_fields)
    there = {name.lower() for name in os.environ}
    return {name: value for name, value in said.items() if name not in there}


def _explain(item: Any) -> str:
    name = str(item["loc"][0]).upper() if item["loc"] else "settings"
    if item["type"] != "extra_forbidden":
        return f"{name}: {item['msg'].removeprefix('Value error, ')}"
    close = difflib.get_close_matches(name.lower(), Settings.model_fields, n=1)
    hint = f", did you mean {close[0].upper()}?" if close else ""
    return f"{name}: there is no such setting{hint}"
