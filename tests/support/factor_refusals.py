"""How to meet every refusal of second factors; see ``refusals``."""

from collections.abc import Callable
from typing import Any

from tests.support.authenticator import FACTOR, Authenticator, begin, enrol
from tests.support.client import PASSWORD, Api
from tests.support.scenes import Call, Scene, by, by_key, just

GIVEN = {"password": PASSWORD}
WRONG = {"password": "not the password"}
CODE = {"otp": "abcdef"}


def _enrolled(path: str, body: Callable[[Authenticator], Any]) -> Scene:
    """Refused to the user 1, who has a second factor."""

    def scene(api: Api) -> Call:
        _, own = api.someone("staff")
        authenticator, _ = enrol(own)
        return "POST", f"{FACTOR}{path}", body(authenticator), own.headers

    return scene


def _begun(api: Api) -> Call:
    _, own = api.someone("staff")
    begin(own)
    return "POST", f"{FACTOR}/confirm", CODE, own.headers


def _by_key_of_administrator(api: Api) -> Call:
    _, own = api.someone("admin")
    key = own.post("/api/auth/api-keys", {"name": "till", "role": "admin"})["key"]
    return "DELETE", f"{FACTOR}/users/1", None, {"X-API-Key": key}


FACTOR_SCENES: dict[tuple[str, str], Scene] = {
    ("get_second_factor", "not_by_api_key"): by_key("GET", FACTOR),
    ("begin_enrolment", "not_by_api_key"): by_key("POST", FACTOR, GIVEN),
    ("begin_enrolment", "invalid_credentials"): by("staff", call=("POST", FACTOR, WRONG)),
    ("begin_enrolment", "second_factor_enrolled"): _enrolled("", lambda _: GIVEN),
    ("confirm_enrolment", "not_by_api_key"): by_key("POST", f"{FACTOR}/confirm", CODE),
    ("confirm_enrolment", "enrolment_not_begun"): by(
        "staff", call=("POST", f"{FACTOR}/confirm", CODE)
    ),
    ("confirm_enrolment", "invalid_second_factor"): _begun,
    ("confirm_enrolment", "second_factor_enrolled"): _enrolled("/confirm", lambda _: CODE),
    ("remove_second_factor", "not_by_api_key"): _by_key_of_administrator,
    ("remove_second_factor", "own_second_factor"): by(
        "admin", call=("DELETE", f"{FACTOR}/users/1", None)
    ),
    ("remove_second_factor", "user_not_found"): just("DELETE", f"{FACTOR}/users/7"),
    ("remove_second_factor", "second_factor_not_enrolled"): by(
        "admin", lambda api: api.user(), call=("DELETE", f"{FACTOR}/users/2", None)
    ),
}
for _name, _path in (
    ("renew_recovery_codes", "/recovery-codes"),
    ("disable_second_factor", "/disable"),
):
    FACTOR_SCENES |= {
        (_name, "not_by_api_key"): by_key("POST", FACTOR + _path, GIVEN | CODE),
        (_name, "invalid_credentials"): by("staff", call=("POST", FACTOR + _path, WRONG | CODE)),
        (_name, "second_factor_not_enrolled"): by(
            "staff", call=("POST", FACTOR + _path, GIVEN | CODE)
        ),
        (_name, "invalid_second_factor"): _enrolled(_path, lambda _: GIVEN | CODE),
    }
