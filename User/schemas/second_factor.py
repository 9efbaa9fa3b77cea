"""Second factors on the wire."""

from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from core.schemas import Input, Output, ServedTime
from User.schemas.password import GivenPassword

# Longer than any code is, however it is typed.
LONGEST_CODE = 64
_CODE = "Of the authenticator, six digits; or a recovery code. Blanks and hyphens do not matter."
OneTimeCode = Annotated[
    str, StringConstraints(min_length=1, max_length=LONGEST_CODE), Field(description=_CODE)
]
_PASSWORD = "a long walk in the rain"  # noqa: S105 - of the documentation
_RECOVERY_CODE = "k3vq2m-7hxw4t-pz5n6a-c2rdy3"


class SecondFactorRead(Output):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "is_enrolled": True,
                    "is_required": True,
                    "enrolled_at": "2024-11-02T10:30:00.000001Z",
                    "recovery_codes_left": 10,
                }
            ]
        }
    )

    is_enrolled: bool
    is_required: bool = Field(description="Whether the caller may do nothing without one.")
    enrolled_at: ServedTime | None
    recovery_codes_left: int


class EnrolmentBegin(Input):
    model_config = ConfigDict(json_schema_extra={"examples": [{"password": _PASSWORD}]})

    password: GivenPassword


class Enrolment(Output):
    """The only answer that shows the secret."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "secret": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
                    "otpauth_uri": "otpauth://totp/Nexticket:boss?digits=6&secret=JBSWY3DPEHPK3PXP…",
                }
            ]
        }
    )

    secret: str = Field(description="For authenticators that take no address; in base 32.")
    otpauth_uri: str = Field(description="What a QR code for an authenticator shows.")


class EnrolmentConfirm(Input):
    model_config = ConfigDict(json_schema_extra={"examples": [{"otp": "123456"}]})

    otp: OneTimeCode


class NewRecoveryCodes(Output):
    """The only answer that shows them."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"recovery_codes": [_RECOVERY_CODE]}]}
    )

    recovery_codes: list[str] = Field(
        description="Each stands in for a code of the authenticator, once."
    )


class SecondFactorProof(Input):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"password": _PASSWORD, "otp": "123456"}]}
    )

    password: GivenPassword
    otp: OneTimeCode
