"""Every setting, from the environment or ``.env``; a bad one stops the start with one line."""

import difflib
import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

ENV_FILE = Path(__file__).resolve().parent.parent / ".env"

_POSTGRES_NAMES = {"postgres", "postgresql", "postgresql+psycopg2"}


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
    algorithm: Literal["HS256", "HS384", "HS512"] = "HS256"
    access_token_expire_minutes: float = Field(default=30, gt=0, allow_inf_nan=False)
    cors_origins: Annotated[tuple[str, ...], NoDecode] = ()
    currency: str = Field(default="USD", pattern="^[A-Z]{3}$")
    hold_minutes: float = Field(default=15, gt=0, le=60 * 24 * 365, allow_inf_nan=False)
    sweep_seconds: float = Field(default=10, gt=0, le=3600, allow_inf_nan=False)
    max_units_per_ticket: int = Field(default=100, ge=1, le=10_000)
    max_body_bytes: int = Field(default=1_048_576, ge=1024)
    request_timeout_seconds: float = Field(default=10, ge=0.1, le=300, allow_inf_nan=False)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = "INFO"

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        database_url(value)
        return value

    @field_validator("cors_origins", mode="before")
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

    @property
    def database(self) -> URL:
        return database_url(self.database_url)

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


def load_settings() -> Settings:
    try:
        return Settings()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"bad settings: .env can't be read: {error}") from None
    except ValidationError as error:
        problems = "; ".join(_explain(item) for item in error.errors(include_input=False))
        raise ConfigurationError(f"bad settings: {problems}") from None


def _explain(item: Any) -> str:
    name = str(item["loc"][0]).upper() if item["loc"] else "settings"
    if item["type"] != "extra_forbidden":
        return f"{name}: {item['msg'].removeprefix('Value error, ')}"
    close = difflib.get_close_matches(name.lower(), Settings.model_fields, n=1)
    hint = f", did you mean {close[0].upper()}?" if close else ""
    return f"{name}: there is no such setting{hint}"
