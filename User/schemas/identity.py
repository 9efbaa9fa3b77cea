"""Identity on the wire."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from core.pagination import ListQuery
from core.schemas import Category, Input, Output, Resource, ServedTime, UtcTime
from models import UserRole
from User.schemas.password import GivenPassword, Password

_GRANT_EXAMPLE: dict[str, Any] = {
    "access_token": "eyJhbGciOiJIUzI1NiIs…",
    "token_type": "bearer",
    "expires_in": 1800,
}


class AccessGrant(BaseModel):
    """What a log-in answers whose refresh token is in a cookie."""

    model_config = ConfigDict(json_schema_extra={"examples": [_GRANT_EXAMPLE]})

    access_token: str
    token_type: Literal["bearer"]
    expires_in: int = Field(description="Seconds until the access token ends.")


class Tokens(AccessGrant):
    """What a log-in answers (OAuth 2.0, RFC 6749)."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{**_GRANT_EXAMPLE, "refresh_token": "5qVb…"}]}
    )

    refresh_token: str = Field(description="Good for one refresh, which answers the next one.")


class TokenRefresh(Input):
    model_config = ConfigDict(json_schema_extra={"examples": [{"refresh_token": "5qVb…"}]})

    refresh_token: Annotated[str, StringConstraints(min_length=1, max_length=200)]


_SESSION_EXAMPLE: dict[str, Any] = {
    "id": 7,
    "device": "Firefox on Windows",
    "is_current": True,
    "created_at": "2024-11-02T10:30:00.000001Z",
    "last_used_at": "2024-11-09T18:05:00.000001Z",
    "expires_at": "2024-12-09T18:05:00.000001Z",
}


class SessionRead(Output):
    model_config = ConfigDict(json_schema_extra={"examples": [_SESSION_EXAMPLE]})

    id: int
    device: str | None = Field(description="From `User-Agent` at the log-in, in short.")
    is_current: bool = Field(description="Whether this request belongs to it.")
    created_at: ServedTime
    last_used_at: ServedTime = Field(description="When it was last refreshed.")
    expires_at: ServedTime = Field(description="When it ends unless it is refreshed.")


class SessionList(ListQuery):
    sort: Literal["id", "-id"] = "id"


class PasswordChange(Input):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "current_password": "a long walk in the rain",
                    "new_password": "a longer walk in the sun",
                }
            ]
        }
    )

    current_password: GivenPassword
    new_password: Password
    keep_api_keys: bool = Field(
        default=False,
        strict=True,
        description="Whether the account's API keys go on; without, they end as its log-ins do.",
    )


class Me(BaseModel):
    """Who the credentials say."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"user_id": 1, "username": "john_doe", "role": "customer"}]}
    )

    user_id: int | None = Field(description="Null in the open development mode.")
    username: str | None
    role: UserRole


class ApiKeyCreate(Input):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "box office till 2", "role": "staff"}]}
    )

    name: Category
    role: UserRole
    expires_at: UtcTime | None = Field(
        default=None,
        description="Left out: as late as may be, which is after `API_KEY_MAX_DAYS` or, for one"
        " that is made with an API key, when that ends.",
    )


_KEY_EXAMPLE: dict[str, Any] = {
    "id": 1,
    "user_id": 1,
    "name": "box office till 2",
    "role": "staff",
    "hint": "nxt_5qVb",
    "expires_at": None,
    "last_used_at": None,
    "created_at": "2024-11-02T10:30:00.000001Z",
}


class ApiKeyRead(Resource):
    PATH = "/api/auth/api-keys/{id}"
    model_config = ConfigDict(json_schema_extra={"examples": [dict(_KEY_EXAMPLE)]})

    id: int
    user_id: int | None = Field(description="Whom the key acts for.")
    name: str
    role: UserRole
    hint: str = Field(description="How the key begins.")
    expires_at: ServedTime | None
    last_used_at: ServedTime | None = Field(description="To the minute.")
    created_at: ServedTime


class ApiKeyMade(ApiKeyRead):
    """The only answer that shows the key."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{**_KEY_EXAMPLE, "key": "nxt_5qVb…"}]}
    )

    key: str = Field(description="Shown this once; only its hash is kept.")


class ApiKeyList(ListQuery):
    sort: Literal["id", "-id"] = "id"
