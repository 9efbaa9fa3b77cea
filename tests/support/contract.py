"""The API held against its own OpenAPI document, with schemathesis.

Its engine makes up requests that fit the document and requests that do not, follows the links
between operations, and asks for what one customer got as another customer.
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import schemathesis
from fastapi import FastAPI
from schemathesis import Case, HookContext, Response
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import Failure
from schemathesis.engine import events, from_schema
from schemathesis.engine.recorder import CheckFailureInfo, ScenarioRecorder
from schemathesis.generation.meta import TestPhase
from schemathesis.openapi.checks import RejectedPositiveData
from starlette.types import ASGIApp, Receive, Scope, Send

from core.http import idempotency_key
from core.http.kinds import URI_TOO_LONG
from tests.support.in_process import without_streams

# Rules that JSON Schema can't say: what breaks only these fits the document, and is refused.
BEYOND_SCHEMA = {
    # Two fields or two parameters stand in a relation.
    "empty_period": "`end` lies behind `start`",
    "available_exceeds_total": "no more available than there are",
    "too_many_words": "how many words a text has",
    "too_many_periods": "`start`, `end` and `interval` of a series",
    # Formats are wider than what is meant.
    "datetime_range": "years that leave room for a time zone",
    "unknown_timezone": "the names of all time zones are a long list, which changes",
    "invalid_cursor": "`after` is what the server gave, and opaque",
    # Blanks around a text do not count, and a list of the passwords that everybody tries is long.
    "string_too_short": "a text of blanks",
    # What can't be seen is a table of Unicode, which no pattern holds.
    "nothing_visible": "a text of letters that show nothing",
    "hidden_character": "a name that has such a letter in it",
    "password_too_common": "a password that everybody tries first",
    "password_too_simple": "a password of repeated letters",
    "password_is_a_name": "a password that is the name of the account, or of the service",
    # Forms are read as objects, and what is said twice in one is there once.
    "repeated_parameter": "a field of a form that stands there twice",
    # It depends on the time.
    "bad_key_end": "an API key that ends in the past, or too late",
}
# With these an administrator could end the very identity that the other requests need.
_ON_ACCOUNTS = {"update_user", "delete_user", "deactivate_user", "erase_user"}
_ON_LOG_INS = "end_session"
# The keys that the document allows.
_KEY = re.compile(idempotency_key.PATTERN.encode())
# What the limits of a key are is tried on one operation; all read it in the same place.
_KEYED = "create_order"


@dataclass(frozen=True)
class Identity:
    user_id: int
    headers: Mapping[str, str]


@dataclass
class Run:
    """What a run asked for, and what it found wrong."""

    # The first of each kind.
    findings: dict[tuple[str, ...], str] = field(default_factory=dict)
    # Statuses of the answers to the identity that the run is about, by operation.
    statuses: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    # Operations that other identities were made to ask for.
    replayed: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    checks: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Plan:
    """Whose requests to make up, and how many."""

    user: str
    peers: tuple[str, ...] = ()
    # Requests that do not fit the document as well.
    invalid: bool = True
    examples: int = 5
    # The limits of every value, one after the other.
    limits: bool = True
    # None: the same requests each time.
    seed: int | None = None


def run(app: FastAPI, identities: Mapping[str, Identity], folder: Path, plan: Plan) -> Run:
    config = SchemathesisConfig.from_dict(_configuration(identities, folder, plan))
    schema = schemathesis.openapi.from_asgi("/openapi.json", _served(app), config=config)
    own_id = identities[plan.user].user_id
    # Each of them has logged in once.
    own_log_ins = {str(number) for number in range(1, len(identities) + 1)}

    @schema.hook
    def filter_case(context: HookContext, case: Case[Any]) -> bool:  # noqa: ARG001 - the hook's signature
        operation = case.operation.definition.raw["operationId"]
        if operation != _KEYED and _is_about_the_key(case):
            return False
        if operation == _ON_LOG_INS and _session_id(case) in own_log_ins:
            return False
        return operation not in _ON_ACCOUNTS or _user_id(case) != str(own_id)

    schema.hook(filter_failure)
    result = Run()
    for event in from_schema(schema).execute():
        if isinstance(event, events.NonFatalError):
            result.findings[event.label, event.info.title] = event.info.message
        elif isinstance(event, events.FatalError):
            raise event.exception
        elif isinstance(event, events.ScenarioFinished):
            _note(result, event.recorder, plan)
    return result


def filter_failure(
    context: HookContext,  # noqa: ARG001 - the hook's signature
    failure: Failure,
    case: Case[Any],  # noqa: ARG001
    response: Response,
) -> bool:
    """Whether it is one: a refusal is right if all it names are rules beyond JSON Schema."""
    if response.status_code == URI_TOO_LONG.status:
        # Any address may be, before somebody looks whose it is; but none that fits the document.
        return isinstance(failure, RejectedPositiveData)
    if not isinstance(failure, RejectedPositiveData) or response.status_code != 422:
        return True
    errors = response.json()["errors"]
    return not all(_is_beyond_schema(error) for error in errors)


def _is_beyond_schema(error: Mapping[str, str]) -> bool:
    # A document can name the format of an email, but not the domains that can't receive any.
    if error["code"] == "value_error":
        return error.get("pointer") == "#/email"
    # In an address all is text: what fits the document and is no integer there, is one like 1.0.
    if error["code"] == "int_parsing":
        return "parameter" in error
    return error["code"] in BEYOND_SCHEMA


def _configuration(identities: Mapping[str, Identity], folder: Path, plan: Plan) -> dict[str, Any]:
    known = folder / "identities.json"
    known.write_text(
        json.dumps({"auth": [_entry(name, identity) for name, identity in identities.items()]})
    )
    wfc: dict[str, Any] = {"path": str(known), "user": plan.user}
    if plan.peers:
        wfc["peers"] = list(plan.peers)
    return {
        "seed": plan.seed or 1,
        "cache": {"enabled": False},
        "continue-on-failure": True,
        "checks": {"enabled": True},
        "generation": {
            "mode": "all" if plan.invalid else "positive",
            "deterministic": plan.seed is None,
            "database": "none",
            "max-examples": plan.examples,
            "no-shrink": True,
        },
        "phases": {"coverage": {"enabled": plan.limits}, "stateful": {"max-steps": 4}},
        # Requests are to follow from the document, not from literals in the code.
        "analysis": {"constants": {"enabled": False}},
        "auth": {"wfc": wfc, "auto-signup": False},
    }


def _entry(name: str, identity: Identity) -> dict[str, Any]:
    headers = [{"name": key, "value": value} for key, value in identity.headers.items()]
    return {"name": name, "fixedHeaders": headers}


def _served(app: FastAPI) -> ASGIApp:
    """The app as the engine meets it: with requests only, and never twice with the same key.

    The app is running already, and a second start would replace its database.
    """
    numbers, served = count(1), without_streams(app)

    async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = [
                (name, _any_state(name, _unused(name, value, numbers)))
                for name, value in scope["headers"]
            ]
            await served({**scope, "headers": headers}, receive, send)

    return asgi


def _unused(name: bytes, value: bytes, numbers: Iterator[int]) -> bytes:
    """The engine uses one key for many requests, which is refused, or answered with old answers.

    A number makes it another key of the same length; what the document forbids stays as it is.
    """
    if name != b"idempotency-key" or not _is_allowed(value):
        return value
    number = b"%08x" % next(numbers)
    return value[: idempotency_key.MAX_LENGTH - len(number)] + number


def _any_state(name: bytes, value: bytes) -> bytes:
    """No tag that the engine makes up is of any state, and all such changes would be refused."""
    return b"*" if name == b"if-match" else value


def _is_allowed(key: bytes) -> bool:
    return len(key) <= idempotency_key.MAX_LENGTH and _KEY.search(key) is not None


def _is_about_the_key(case: Case[Any]) -> bool:
    """Whether a case is there to try one more key, and is otherwise like those before it."""
    phase = None if case.meta is None else case.meta.phase
    return (
        phase is not None
        and phase.name == TestPhase.COVERAGE
        and phase.data.parameter == idempotency_key.HEADER
    )


def _user_id(case: Case[Any]) -> str:
    return str((case.path_parameters or {}).get("user_id"))


def _session_id(case: Case[Any]) -> str:
    return str((case.path_parameters or {}).get("session_id"))


def _note(result: Run, recorder: ScenarioRecorder, plan: Plan) -> None:
    for key, interaction in recorder.interactions.items():
        case = recorder.cases[key].value
        label = case.operation.label
        if case.auth_identity not in {None, plan.user}:
            result.replayed[case.auth_identity].add(label)
        elif interaction.response is not None and case.method.lower() == case.operation.method:
            result.statuses[label][interaction.response.status_code] += 1
    for key, nodes in recorder.checks.items():
        for node in nodes:
            result.checks[node.name] += 1
            if node.failure_info is not None:
                kind = (node.name, recorder.label, node.failure_info.failure.title)
                result.findings.setdefault(kind, _tell(recorder, key, node.failure_info))


def _tell(recorder: ScenarioRecorder, key: str, found: CheckFailureInfo) -> str:
    interaction = recorder.interactions.get(key)
    answer = interaction.response if interaction is not None else None
    text = "no answer" if answer is None else f"{answer.status_code} {answer.text[:1000]}"
    return f"{found.failure}\n{found.code_sample[:1000]}\n{text}"
