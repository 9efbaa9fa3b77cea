"""Users on the wire."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    BeforeValidator,
    ConfigDict,
    EmailStr,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError

from core.pagination import AnyOf, ListQuery
from core.schemas import Changes, Input, Name, Resource, ServedTime, optional
from core.text import kept_name
from models import UserRole
from User.schemas.password import GivenPassword, Password, is_named

_EXAMPLE: dict[str, Any] = {
    "username": "john_doe",
    "email": "john@example.com",
    "full_name": "John Doe",
    "phone_number": "+1234567890",
}

# What is longer is no name and no address.
_LOOKED_AT = 1000


def _kept(value: Any) -> Any:
    return kept_name(value) if isinstance(value, str) and len(value) <= _LOOKED_AT else value


Username = Annotated[
    str,
    StringConstraints(min_length=3, max_length=50, pattern=r"^[A-Za-z0-9_.-]+$"),
    BeforeValidator(_kept),
]


def _address_only(value: Any) -> Any:
    """Refuse ``John <john@example.com>``, of which Pydantic would silently keep a part."""
    value = _kept(value)
    if isinstance(value, str) and "<" in value:
        raise PydanticCustomError("value_error", "must be an address without a name")
    return value


Email = Annotated[EmailStr, Field(max_length=254), BeforeValidator(_address_only)]
PhoneNumber = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        max_length=20,
        pattern=r"^(\+[1-9]|[0-9])([ ().-]*[0-9]){4,14}$",
    ),
    Field(
        description="E.164-like: 5 to 15 digits, with `+` and the country's code in front; "
        "blanks, dots, hyphens and parentheses may stand between them."
    ),
]


class UserCreate(Input):
    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    username: Username
    email: Email
    full_name: Name
    phone_number: PhoneNumber | None = None
    password: Password | None = Field(
        default=None, description="Without one the user can't log in."
    )
    role: UserRole = Field(
        default=UserRole.CUSTOMER, description="Above `customer`: administrators only."
    )

    @field_validator("password")
    @classmethod
    def _unlike_the_names(cls, value: str | None, info: ValidationInfo) -> str | None:
        names = [info.data[name] for name in ("username", "email") if name in info.data]
        if value is not None and is_named(value, *names):
            raise PydanticCustomError("password_is_a_name", "is the account's own name")
        return value


class UserRead(Resource):
    PATH = "/api/users/{id}"
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": 1,
                    **_EXAMPLE,
                    "role": "customer",
                    "is_active": True,
                    "erased_at": None,
                    "created_at": "2024-11-01T09:00:00.000001Z",
                    "updated_at": "2024-11-01T09:00:00.000001Z",
                }
            ]
        }
    )

    id: int
    username: str
    email: str
    full_name: str
    phone_number: str | None
    role: UserRole
    is_active: bool
    erased_at: ServedTime | None = Field(
        description="When the person was erased: the names in the account stand for nobody."
    )
    created_at: ServedTime
    updated_at: ServedTime


class UserUpdate(Changes):
    model_config = ConfigDict(json_schema_extra={"examples": [{"full_name": "John F. Doe"}]})
    served_as: ClassVar[Any] = UserRead

    username: Username = optional()
    email: Email = optional()
    full_name: Name = optional()
    phone_number: PhoneNumber | None = None
    role: UserRole = optional("Administrators only; ends the user's log-ins.")
    is_active: bool = optional("Administrators only; false ends the user's log-ins and API keys.")
    current_password: GivenPassword | None = Field(
        default=None, description="Needed to change one's own username or email address."
    )

    @property
    def may_leave_office(self) -> bool:
        """Whether an administrator whom this is about would be none afterwards."""
        return self.role not in {None, UserRole.ADMIN} or self.is_active is False

    def sent(self) -> dict[str, Any]:
        fields = super().sent()
        fields.pop("current_password", None)
        return fields


class UserList(ListQuery):
    is_active: AnyOf[bool] | None = None
    sort: Literal["id", "-id", "created_at", "-created_at", "username", "-username"] = "id"
