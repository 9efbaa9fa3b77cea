"""The OpenAPI document is the contract's public form, and its pages work without any other host."""

import re
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
from typing import Any
from urllib.parse import urljoin

import pytest
from fastapi.testclient import TestClient

from core.http.problem_schemas import codes_of
from main import create_app
from tests.support.client import PROBLEM, Api
from tests.support.declared import RIGHTS, is_of_any_length
from tests.support.service import Service
from tools import openapi

# What the product promises: 43 operations.
PROMISED = """
POST /api/tickets/
GET /api/tickets/
GET /api/tickets/{ticket_id}
PUT /api/tickets/{ticket_id}
DELETE /api/tickets/{ticket_id}
PATCH /api/tickets/{ticket_id}/status
GET /api/tickets/search/by-event

POST /api/orders/
GET /api/orders/
GET /api/orders/{order_id}
PUT /api/orders/{order_id}
DELETE /api/orders/{order_id}
POST /api/orders/{order_id}/items
GET /api/orders/{order_id}/items
POST /api/orders/from-cart/{user_id}
PATCH /api/orders/{order_id}/status
POST /api/orders/{order_id}/cancel

POST /api/cart/
GET /api/cart/user/{user_id}
PUT /api/cart/{cart_item_id}
DELETE /api/cart/{cart_item_id}
DELETE /api/cart/user/{user_id}/clear
GET /api/cart/user/{user_id}/total

POST /api/users/
GET /api/users/
GET /api/users/{user_id}
GET /api/users/username/{username}
PUT /api/users/{user_id}
DELETE /api/users/{user_id}
PATCH /api/users/{user_id}/deactivate
PATCH /api/users/{user_id}/activate

POST /api/transactions/
GET /api/transactions/
GET /api/transactions/{transaction_id}
PUT /api/transactions/{transaction_id}
PATCH /api/transactions/{transaction_id}/status
POST /api/transactions/{transaction_id}/refund
GET /api/transactions/order/{order_id}

GET /api/analytics/dashboard
GET /api/analytics/sales
GET /api/analytics/revenue
GET /api/analytics/users
GET /api/analytics/tickets
"""
OPERATIONS = [line for line in PROMISED.splitlines() if line]
LINK = re.compile(r"""(?:src|href|spec-url)="([^"]+)"|url: '([^']+)'""")

# They serve who has no cookie as well.
BY_COOKIE = {"POST /api/auth/browser/refresh", "POST /api/auth/browser/logout"}
CONDITIONS = {"If-Match", "If-None-Match"}
# Whatever they are sent under: to log out twice is to log out, who asks again asks again, and a
# provider's events have ids of their own. What is kept under a key would lose its cookie.
TAKING_NO_KEY = {
    "POST /api/auth/logout",
    "POST /api/auth/browser/login",
    *BY_COOKIE,
    "POST /api/payments/webhooks/{provider}",
    "POST /api/transactions/{transaction_id}/sync",
}


class Document:
    """The document as it is served."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.schemas: dict[str, Any] = document["components"]["schemas"]

    def operations(self) -> Iterator[tuple[str, dict[str, Any]]]:
        for path, operations in self.document["paths"].items():
            for method, operation in operations.items():
                yield f"{method.upper()} {path}", operation

    def resolve(self, schema: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in schema:
            schema = self.schemas[schema["$ref"].removeprefix("#/components/schemas/")]
        return schema

    def shows(self, schema: dict[str, Any]) -> bool:
        """Whether a reader sees what such a value looks like."""
        schema = self.resolve(schema)
        if schema.keys() & {"example", "examples", "const", "enum", "default"}:
            return True
        if "anyOf" in schema:
            return any(self.shows(choice) for choice in schema["anyOf"])
        if schema.get("type") == "array":
            return self.shows(schema["items"])
        properties = schema.get("properties", {})
        return bool(properties) and all(self.shows(inner) for inner in properties.values())

    def fields_of(self, part: dict[str, Any] | None) -> set[str]:
        """The members of the object in a body or an answer, where it is one."""
        schemas = [one["schema"] for one in (part or {}).get("content", {}).values()]
        kinds = [kind for schema in schemas for kind in schema.get("anyOf", [schema])]
        return {name for kind in kinds for name in self.resolve(kind).get("properties", {})}


# Each of them looks like an action on an object, `/api/orders/{order_id}/items`.
PROMISED_AMBIGUITIES = {
    "/api/orders/from-cart/{user_id}",
    "/api/users/username/{username}",
    "/api/transactions/order/{order_id}",
}


def are_ambiguous(one: str, other: str) -> bool:
    """Whether an address may be meant by both, and neither is the more special one."""
    if one.count("/") != other.count("/"):
        return False
    pairs = list(zip(one.split("/"), other.split("/"), strict=True))
    open_in = {(first.startswith("{"), second.startswith("{")) for first, second in pairs}
    meet = all(a == b or "{" in a + b for a, b in pairs)
    return meet and {(True, False), (False, True)} <= open_in


@pytest.fixture
def document(api: Api) -> Document:
    return Document(api.request("GET", "/openapi.json").json())


def contents(operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The media types of the body and of the answers that are no refusals."""
    yield from operation.get("requestBody", {}).get("content", {}).values()
    for status, response in operation["responses"].items():
        if status.startswith("2"):
            yield from response.get("content", {}).values()


class TestDocument:
    def test_names_every_promised_operation(self, document: Document) -> None:
        assert len(OPERATIONS) == 43
        served = {name for name, _ in document.operations()}
        assert [name for name in OPERATIONS if name not in served] == []

    @pytest.mark.parametrize("operation", OPERATIONS)
    def test_every_promised_operation_answers(self, api: Api, operation: str) -> None:
        method, _, path = operation.partition(" ")
        address = re.sub(r"\{\w+\}", "1", path)
        answer = api.request(method, address)
        # Nothing is stored yet and no body is sent: what is there refuses, lists or reports.
        assert answer.status_code in {200, 204, 404, 422}
        if answer.status_code == 404:
            assert answer.json()["code"].endswith("_not_found")

    def test_gives_each_operation_a_name_of_its_own(self, document: Document) -> None:
        names = Counter(operation["operationId"] for _, operation in document.operations())
        assert {name: times for name, times in names.items() if times > 1} == {}
        # Generated clients call their functions so: they must not follow a path or a module.
        assert [name for name in names if not re.fullmatch("[a-z]+(_[a-z]+)+", name)] == []

    @pytest.mark.parametrize("field", ["summary", "description", "tags", "operationId"])
    def test_says_of_each_operation_what_it_does(self, document: Document, field: str) -> None:
        assert [name for name, operation in document.operations() if not operation.get(field)] == []

    def test_has_examples_of_every_body_and_answer(self, document: Document) -> None:
        without = [
            name
            for name, operation in document.operations()
            for content in contents(operation)
            if not content.keys() & {"example", "examples"}
            and not document.shows(content["schema"])
        ]
        assert without == []

    def test_has_a_schema_for_every_answer_with_a_body(self, document: Document) -> None:
        for name, operation in document.operations():
            for status, response in operation["responses"].items():
                assert status in {"204", "304"} or response["content"], f"{name} {status}"

    def test_describes_every_tag_that_it_uses(self, document: Document) -> None:
        described = {tag["name"] for tag in document.document["tags"] if tag["description"]}
        used = {tag for _, operation in document.operations() for tag in operation["tags"]}
        assert used == described

    def test_tells_where_a_new_object_is_and_where_a_list_goes_on(self, document: Document) -> None:
        for name, operation in document.operations():
            for status, response in operation["responses"].items():
                if status == "201":
                    assert "Location" in response["headers"], name
                if status == "503":
                    assert "Retry-After" in response["headers"], name
            if any(parameter["name"] == "after" for parameter in operation.get("parameters", ())):
                headers = operation["responses"]["200"]["headers"].keys()
                assert {"Link", "X-Total-Count", "X-Total-Count-At-Least"} <= headers, name

    def test_lets_all_that_changes_something_be_repeated(self, document: Document) -> None:
        for name, operation in document.operations():
            headers = [
                one
                for one in operation.get("parameters", ())
                if one["in"] == "header" and one["name"] not in CONDITIONS
            ]
            if name.startswith(("GET ", "DELETE ")) or name in TAKING_NO_KEY:
                assert headers == [], name
                continue
            assert [one["name"] for one in headers] == ["Idempotency-Key"], name
            assert not headers[0]["required"]
            conflict, invalid = (operation["responses"][status] for status in ("409", "422"))
            assert "request_in_progress" in codes_of(conflict), name
            assert "Retry-After" in conflict["headers"]
            assert "idempotency_key_reused" in codes_of(invalid), name

    def test_tells_of_conditions_where_they_are_kept(self, document: Document) -> None:
        """What is read by its tag, what acts on one object by that of its state; and who takes the
        time of the last change takes that as well. tests/work/test_conditions.py says which do.
        """
        for name, operation in document.operations():
            said = {one["name"] for one in operation.get("parameters", ())} & CONDITIONS
            answers = operation["responses"]
            takes_time = "updated_at" in document.fields_of(operation.get("requestBody"))
            assert ("If-Match" in said) == ("412" in answers) >= takes_time, name
            is_read = name.startswith("GET /api/") and not is_of_any_length(operation)
            assert ("If-None-Match" in said) == is_read == ("304" in answers), name
            changes = not name.startswith("GET ")
            assert ("condition_not_supported" in codes_of(answers.get("422", {}))) == changes, name
            for status in {"200", "201"} & answers.keys():
                has_state = "updated_at" in document.fields_of(answers[status])
                is_tagged = "ETag" in answers[status].get("headers", {})
                assert is_tagged == (is_read or has_state), (name, status)

    def test_tells_which_answers_can_be_replays(self, document: Document) -> None:
        for name, operation in document.operations():
            for status, response in operation["responses"].items():
                is_keyed = name.startswith(("POST ", "PUT ", "PATCH "))
                is_kept = status.startswith("2") and is_keyed and name not in TAKING_NO_KEY
                assert ("Idempotency-Replayed" in response.get("headers", {})) == is_kept, name

    def test_tells_every_refusal_as_a_problem_with_an_example_of_each_code(
        self, document: Document
    ) -> None:
        for name, operation in document.operations():
            for status, response in operation["responses"].items():
                if int(status) < 400:
                    continue
                assert response["content"].keys() == {PROBLEM}, name
                examples = response["content"][PROBLEM]["examples"]
                assert list(examples) == codes_of(response)
                for code, reference in examples.items():
                    assert reference == {"$ref": f"#/components/examples/{code}"}
                    value = document.document["components"]["examples"][code]["value"]
                    assert (value["code"], value["status"]) == (code, int(status))

    def test_refers_to_all_that_is_there_and_to_nothing_else(
        self, api: Api, document: Document
    ) -> None:
        text = api.request("GET", "/openapi.json").text
        for part in ("schemas", "examples"):
            named = set(re.findall(rf'"#/components/{part}/([^"]+)"', text))
            assert named == document.document["components"][part].keys()

    def test_stays_the_same(self, api: Api) -> None:
        first, second = (api.request("GET", "/openapi.json").text for _ in range(2))
        assert first == second


class TestForGenerators:
    """What makes a client from the document reads it so."""

    def test_the_committed_document_is_what_make_openapi_writes(self) -> None:
        assert openapi.FILE.read_text(encoding="utf-8") == openapi.text(), "run `make openapi`"

    def test_what_is_open_is_shown_without_a_lock_and_all_else_with_one(
        self, document: Document
    ) -> None:
        *schemes, cookie = document.document["components"]["securitySchemes"]
        for name, operation in document.operations():
            may_anybody = RIGHTS[operation["operationId"]].is_public
            named = [scheme for one in operation["security"] for scheme in one]
            if name in BY_COOKIE:
                assert operation["security"] == [{cookie: []}, {}], name
            else:
                assert named == ([] if may_anybody else schemes), name

    def test_no_model_has_a_field_that_is_called_as_it_is(self, document: Document) -> None:
        """In Python the class and the field would be one variable."""
        for name, schema in document.schemas.items():
            own = re.sub("(?<!^)([A-Z])", r"_\1", name).lower()
            assert own not in schema.get("properties", {}), name

    def test_paths_end_in_a_slash_or_are_ambiguous_only_where_that_was_promised(
        self, document: Document
    ) -> None:
        """tests/clients/redocly.yaml says why; the linter's own rules are off there."""
        paths = document.document["paths"]
        slashed = {path for path in paths if path.endswith("/") and path != "/"}
        assert slashed <= {line.partition(" ")[2] for line in OPERATIONS}
        fixed = {path for pair in combinations(paths, 2) if are_ambiguous(*pair) for path in pair}
        assert {path for path in fixed if "_id}/" not in path} == PROMISED_AMBIGUITIES

    @pytest.mark.parametrize("prefix", ["", "/shop"])
    @pytest.mark.parametrize("page", ["/docs", "/docs/"])
    def test_authorize_asks_for_its_token_where_a_proxy_serves_us(
        self, api: Api, prefix: str, page: str
    ) -> None:
        """Swagger UI resolves the address by that of the page it stands on."""
        client = TestClient(api.app, base_url="http://localhost", root_path=prefix)
        shown = client.get(f"{prefix}{page}")
        document = client.get(f"{prefix}/openapi.json").json()
        (flow,) = document["components"]["securitySchemes"]["OAuth2Password"]["flows"].values()
        address = urljoin(str(shown.url), flow["tokenUrl"])
        assert address == f"http://localhost{prefix}/api/auth/token"
        assert client.post(address, data={}).status_code == 422

    @pytest.mark.parametrize(("prefix", "server"), [("", "/"), ("/shop", "/shop")])
    def test_the_server_is_where_a_proxy_serves_us(
        self, api: Api, prefix: str, server: str
    ) -> None:
        client = TestClient(api.app, base_url="http://localhost", root_path=prefix)
        document = client.get(f"{prefix}/openapi.json").json()
        assert [one["url"] for one in document["servers"]] == [server]


@pytest.mark.parametrize("page", ["/docs", "/redoc"])
class TestPages:
    def test_mention_no_other_host(self, api: Api, page: str) -> None:
        html = api.request("GET", page).text
        assert "http:" not in html
        assert "https:" not in html
        assert '"//' not in html

    def test_find_all_their_files_here(self, api: Api, page: str) -> None:
        html = api.request("GET", page).text
        links = [first or second for first, second in LINK.findall(html)]
        assert "/openapi.json" in links
        assert any(link.endswith(".js") for link in links)
        for link in links:
            answer = api.request("GET", link)
            assert answer.status_code == 200
            assert answer.content

    def test_show_no_images_of_other_hosts(self, api: Api, page: str) -> None:
        policy = api.request("GET", page).headers["content-security-policy"]
        assert "img-src 'self' data:" in policy.split("; ")


class TestMaking:
    def test_is_done_once_whoever_asks_at_once(self, service: Service) -> None:
        app = create_app(service.settings)
        with ThreadPoolExecutor(4) as threads:
            made = list(threads.map(lambda _: app.openapi(), range(4)))
        assert all(one is made[0] for one in made)

    def test_keeps_nobody_waiting_who_wants_something_else(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(service.app, "openapi", lambda: {"made in": threading.get_ident()})
        assert service.client.portal
        loop = service.client.portal.call(threading.get_ident)
        assert service.client.get("/openapi.json").json()["made in"] != loop
