"""Whatever a client sends: a clear refusal that names the place, and nothing changed."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from httpx2 import Response

from tests.support.client import Api
from tests.support.declared import example_path, operations, path_parameters
from tests.support.handing_out import api_of, handed_out
from tests.support.operations import JSON, OPERATIONS, PLACE, Operation, build_world, state
from tests.support.service import Service

_NUMBERS = ("true", "false", '"5"', "NaN", "Infinity", "-Infinity", "1e400", "[]", "{}", "[1]")
_HUGE = (str(2**63), str(-(2**63) - 1), "1" + "0" * 30, "9" * 400, "-" + "9" * 400)
_WHOLE = (*_NUMBERS, *_HUGE, "1.5", "-1", "-0.5", '"1"', '""', "2147483648")
_TEXTS = (
    "1",
    "1.5",
    "true",
    "[]",
    "{}",
    '["x"]',
    "NaN",
    '"a\\u0000b"',
    '"\\u0007"',
    '"\\u001b[1m"',
    # C1, and what turns the text around it or ends its line.
    '"\\u009b1m"',
    '"a\\u0085b"',
    '"gpj.\\u202eexe"',
    '"\\u2066x\\u2069"',
    '"a\\u2028b"',
)
_SURROGATES = ('"\\ud800"', '"x\\udfff"', '"\\udc00\\ud800"')
_MONEY = (*_NUMBERS, *_HUGE, "-1", "-0.01", "0.001", "1.999", "1e-9", "0.30000000000000004", '"1"')
# JSON literals that a field of a kind must refuse, as they stand in the body.
BAD: dict[str, tuple[str, ...]] = {
    "id": (*_WHOLE[:-1], "0"),
    "quantity": (*_WHOLE, "0"),
    "stock": _WHOLE,
    "price": (*_MONEY, "10000000000", "9999999999.991"),
    "amount": (*_MONEY, "0", "0.00", "10000000000000"),
    "text": (*_TEXTS, *_SURROGATES, json.dumps("x" * 5001)),
    "time": (
        "1700000000",
        '"1700000000"',
        '"1.7e9"',
        "true",
        "NaN",
        "[]",
        "{}",
        '""',
        '"tomorrow"',
        '"2027-13-01T00:00:00Z"',
        '"2027-02-29T00:00:00Z"',
        '"2027-01-01T25:00:00Z"',
        '"2027-01-01T00:00:00+25:00"',
        '"0001-01-01T00:00:00+14:00"',
        '"0001-01-01T00:00:00Z"',
        '"9999-12-31T23:59:59-12:00"',
        # Within the bounds as they are written, and not as they would be served.
        '"9998-12-31T23:00:00-02:00"',
        '"0002-01-01T00:00:00+14:00"',
        '"9999-12-31T23:59:59Z"',
        '"10000-01-01T00:00:00Z"',
        '"-001-01-01T00:00:00Z"',
        '"2027-01-01T00:00:00Z\\u0000"',
        *_SURROGATES,
    ),
    "status": ('"nope"', '""', '"Pending"', '"SOLD"', "1", "true", "[]", "{}", *_SURROGATES),
    "boolean": ('"true"', '"yes"', "1", "0", "NaN", "[]", "{}"),
    "list": ("{}", '"x"', "1", "true", '{"0": {}}'),
    "object": ("[]", '"x"', "1", "true", "null", "[[]]"),
}
ORDER = next(one for one in OPERATIONS if str(one) == "POST /api/orders/")


@pytest.fixture(scope="class")
def built(shared_service: Service) -> Iterator[Api]:
    """A world with all objects, for all tests of a class."""
    with handed_out(shared_service):
        api = api_of(shared_service)
        build_world(api)
        yield api


@pytest.fixture
def world(built: Api) -> Iterator[Api]:
    """It must be the same after the test."""
    before = state(built)
    yield built
    assert state(built) == before


def send(api: Api, operation: Operation, content: bytes | str, **headers: str) -> Response:
    if isinstance(content, str):
        content = content.encode()
    return api.request(operation.method, operation.path, content=content, headers=JSON | headers)


def changed(body: Any, pointer: str, value: Any) -> dict[str, Any]:
    """A copy of a body with one value replaced, or added."""
    copy: Any = json.loads(json.dumps(body))
    *path, last = pointer.split("/")
    target = copy
    for step in path:
        target = target[int(step) if isinstance(target, list) else step]
    target[int(last) if isinstance(target, list) else last] = value
    return dict(copy)


def without(body: Any, pointer: str) -> dict[str, Any]:
    copy: Any = json.loads(json.dumps(body))
    *path, last = pointer.split("/")
    target = copy
    for step in path:
        target = target[int(step) if isinstance(target, list) else step]
    del target[last]
    return dict(copy)


def pointers(response: Response) -> set[str]:
    """Where a refused body is wrong."""
    problem = response.json()
    assert (response.status_code, problem["code"]) == (422, "validation_error"), response.text
    assert all(error["detail"] and error["code"] for error in problem["errors"])
    return {error["pointer"] for error in problem["errors"]}


# Their bodies are secrets, of which no example can be good; see tests/Auth/test_log_in.py
# and test_second_factor_secrets.py.
SECRETS = {
    "log_in",
    "log_in_browser",
    "refresh_token",
    "log_out",
    "change_password",
    "begin_enrolment",
    "confirm_enrolment",
    "renew_recovery_codes",
    "disable_second_factor",
}


def test_all_operations_with_a_body_are_tested_here(api: Api) -> None:
    documented = {
        f"{method.upper()} {path}"
        for path, operations in api.document["paths"].items()
        for method, operation in operations.items()
        if "requestBody" in operation and operation["operationId"] not in SECRETS
    }
    tested = {re.sub(r"/1\b", "/{id}", str(operation)) for operation in OPERATIONS}
    assert tested == {re.sub(r"\{\w+\}", "{id}", name) for name in documented}


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_the_bodies_from_which_bad_ones_are_made_are_good(api: Api, operation: Operation) -> None:
    build_world(api)
    response = send(api, operation, json.dumps(operation.body))
    if operation.path.endswith("/refund"):
        # Money that never came can't be refunded; the body is not to blame.
        assert response.json()["code"] == "transaction_not_refundable"
    elif operation.path.endswith("/settle"):
        assert response.json()["code"] == "refund_not_found"
    else:
        assert response.status_code in {200, 201}, response.text


class TestFields:
    @pytest.mark.parametrize("operation", OPERATIONS, ids=str)
    def test_a_value_of_the_wrong_kind_is_refused_and_its_place_told(
        self, world: Api, operation: Operation
    ) -> None:
        for pointer, kind in operation.fields.items():
            literals = BAD[kind.removesuffix("?")]
            template = json.dumps(changed(operation.body, pointer, PLACE))
            for literal in literals if kind.endswith("?") else (*literals, "null"):
                response = send(world, operation, template.replace(f'"{PLACE}"', literal))
                assert pointers(response) == {f"#/{pointer}"}, f"{pointer}: {literal[:50]}"

    def test_a_field_that_must_be_there_is_named(self, world: Api) -> None:
        for operation in OPERATIONS:
            for pointer in operation.required:
                response = send(world, operation, json.dumps(without(operation.body, pointer)))
                assert pointers(response) == {f"#/{pointer}"}, operation

    def test_a_field_that_does_not_exist_is_refused(self, world: Api) -> None:
        names = {
            "surprise": "surprise",
            "a/b~c": "a~1b~0c",
            "": "",
            "é": "é",
            "__class__": "__class__",
        }
        for operation in OPERATIONS:
            for name, escaped in names.items():
                response = send(world, operation, json.dumps(operation.body | {name: 1}))
                assert pointers(response) == {f"#/{escaped}"}, operation

    def test_a_name_that_no_text_can_be_is_refused(self, world: Api) -> None:
        for operation in OPERATIONS:
            for name in ('"\\ud800"', '"\\u0000"'):
                content = json.dumps(operation.body | {PLACE: 1}).replace(f'"{PLACE}"', name)
                assert pointers(send(world, operation, content)), operation


class TestBodies:
    def test_what_is_no_object_is_refused(self, world: Api) -> None:
        for operation in OPERATIONS:
            contents = ["[]", '"x"', "1", "true", "NaN", "[{}]", json.dumps([operation.body])]
            if not operation.body_optional:
                contents += ["null", ""]
            for content in contents:
                assert pointers(send(world, operation, content)) == {"#"}, (operation, content)

    def test_what_is_no_json_is_malformed(self, world: Api) -> None:
        bad = ("{", "}", "{'a': 1}", '{"a": 1,}', '{"a" 1}', "x", "{} {}", '{"a": "\t"}', " ")
        for operation in OPERATIONS:
            for content in bad:
                self._malformed(send(world, operation, content), (operation, content))

    def test_an_object_that_has_a_name_twice_is_malformed(self, world: Api) -> None:
        """Of two values, a proxy that looks may see the first, and the service the last."""
        line = '{"ticket_id": 1, "quantity": 1, "quantity": 2}'
        inner = f'{{"user_id": 1, "items": [{line}]}}'
        self._malformed(send(world, ORDER, inner), inner)
        for operation in OPERATIONS:
            for name, value in operation.body.items():
                first = json.dumps({name: value})
                twice = f"{first[:-1]}, {json.dumps(operation.body)[1:]}"
                for key in ({}, {"Idempotency-Key": "a"}):
                    self._malformed(send(world, operation, twice, **key), (operation, name))

    def test_what_is_not_utf_8_is_malformed(self, world: Api) -> None:
        for operation in OPERATIONS:
            good = json.dumps(operation.body)
            contents = [good.encode(name) for name in ("utf-16", "utf-16-le", "utf-32-be")]
            contents.append(good.replace('":', '\ud800":', 1).encode("utf-8", "surrogatepass"))
            for content in (*contents, '{"é": 1}'.encode("latin-1"), b'{"a": "\xff"}'):
                self._malformed(send(world, operation, content), (operation, content[:30]))

    def test_nesting_without_end_is_malformed(self, world: Api) -> None:
        depth = 100_000
        contents = (
            "[" * depth,
            "[" * depth + "]" * depth,
            '{"a":' * depth + "1" + "}" * depth,
            '{"notes": ' + "[" * depth + "]" * depth + "}",
        )
        for operation in OPERATIONS:
            for content in contents:
                self._malformed(send(world, operation, content), (operation, content[:20]))

    def test_numbers_without_end_are_refused(self, world: Api) -> None:
        for operation in OPERATIONS:
            for name in operation.body:
                template = json.dumps(operation.body | {name: PLACE})
                for number in ("9" * 100_000, "-1" + "0" * 5000, "1e99999999999"):
                    response = send(world, operation, template.replace(f'"{PLACE}"', number))
                    assert response.status_code in {400, 422}, (operation, name, number[:20])

    def test_a_body_that_is_too_large_is_refused(self, world: Api, shared_service: Service) -> None:
        large = json.dumps({"notes": "x" * shared_service.settings.max_body_bytes}).encode()

        def in_chunks() -> Iterator[bytes]:
            yield from (large[start : start + 65536] for start in range(0, len(large), 65536))

        for operation in OPERATIONS:
            for content in (large, in_chunks()):
                response = world.request(
                    operation.method, operation.path, content=content, headers=JSON
                )
                problem = response.json()
                assert (problem["status"], problem["code"]) == (413, "body_too_large"), operation

    def _malformed(self, response: Response, context: object) -> None:
        problem = response.json()
        assert (response.status_code, problem.get("code")) == (400, "malformed_body"), context


def test_a_byte_order_mark_is_no_mistake(api: Api) -> None:
    body = {"username": "john", "email": "john@example.com", "full_name": "John"}
    content = json.dumps(body).encode("utf-8-sig")
    response = api.request("POST", "/api/users/", content=content, headers=JSON)
    assert response.status_code == 201


class TestParameters:
    def test_what_can_be_no_id_is_refused_in_every_address(self, world: Api) -> None:
        bad = (
            "0",
            "-1",
            "abc",
            "1.0",
            "1.5",
            "1e0",
            "true",
            "NaN",
            "%2B1",
            "1_0",
            "%001",
            "%D9%A1",
        )
        for method, path, operation in operations():
            for name, schema in path_parameters(operation).items():
                if schema["type"] == "integer":
                    for value in (*bad, str(2**63), "9" * 5000):
                        address = example_path(path, operation, **{name: value})
                        self._refused(world, method, address, name)

    def test_what_can_be_no_text_is_refused_in_every_address(self, world: Api) -> None:
        """PostgreSQL can't take a zero byte, and would answer with a fault of ours."""
        for method, path, operation in operations():
            for name, schema in path_parameters(operation).items():
                if schema["type"] == "string":
                    for value in ("a%00b", "%07", "%20", "x" * 1000):
                        address = example_path(path, operation, **{name: value})
                        self._refused(world, method, address, name)

    def _refused(self, api: Api, method: str, address: str, name: str) -> None:
        problem = api.refused(method, address)
        assert (problem["status"], problem["code"]) == (422, "validation_error"), address
        assert name in {error.get("parameter") for error in problem["errors"]}, address

    @pytest.mark.parametrize(
        ("path", "bad"),
        [
            (
                "/api/tickets/",
                {
                    "status": ("nope", "", "Sold"),
                    "category": ("", "  ", "a\0b", "\x07", "x" * 101),
                    "venue": ("", "a\0b", "\x1b[1m", "x" * 201),
                    "event_name": ("", "a\0b", "x" * 201),
                    "min_price": (
                        "NaN",
                        "Infinity",
                        "-1",
                        "x",
                        "",
                        "1.001",
                        "1e400",
                        "true",
                        "9" * 99,
                    ),
                    "max_price": ("nan", "-inf", "-0.01", "1,5", "0x10", "1.999", "9" * 5000),
                    "available": ("2", "maybe", "", "NaN"),
                    "date_from": (
                        "x",
                        "",
                        "1700000000",
                        "2027-13-01",
                        "2027-02-29",
                        "0001-01-01",
                        "9999-12-31",
                        "0001-01-01T00:00:00+14:00",
                        "0002-01-01T00:00:00+14:00",
                        "2027-01-01T00:00:00Z\0",
                        "NaN",
                    ),
                    "date_to": ("9999-12-31", "9999-12-31T23:59:59-12:00", "yesterday", "20270101"),
                },
            ),
            ("/api/tickets/search/by-event", {"q": ("", "  ", "a\0b", "\x07", "x" * 201)}),
            ("/api/orders/search", {"q": ("", "  ", "a\0b", "\x07", "x" * 201)}),
            ("/api/users/", {"is_active": ("2", "maybe", "")}),
            (
                "/api/orders/",
                {
                    "user_id": ("0", "-1", "x", "1.0", str(2**63), "true", ""),
                    "status": ("sold", "", "Pending"),
                    "order_reference": ("", "a\0b", "x" * 201),
                    "created_from": ("x", "1700000000", "0001-01-01"),
                    "created_to": ("x", "1700000000", "9999-12-31"),
                },
            ),
            (
                "/api/transactions/",
                {
                    "order_id": ("0", "-1", "x", "1.0", str(2**63), "9" * 5000),
                    "status": ("sold", ""),
                    "payment_method": ("", "a\0b", "x" * 51),
                },
            ),
        ],
    )
    def test_a_filter_that_can_match_nothing_sensible_is_refused(
        self, world: Api, path: str, bad: dict[str, tuple[str, ...]]
    ) -> None:
        for name, values in bad.items():
            for value in values:
                problem = world.refused("GET", path, **{name: value})
                assert (problem["status"], problem["code"]) == (422, "validation_error")
                assert [error["parameter"] for error in problem["errors"]] == [name], value[:50]
