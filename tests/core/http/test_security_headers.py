"""What every answer tells browsers and caches."""

import re
from collections.abc import Iterator

import pytest
from fastapi import Response
from fastapi.testclient import TestClient

from core.settings import Settings
from main import create_app
from tests.support.service import fresh_database, settings_for

SHOP = "https://shop.example"
NOTHING = (
    "default-src 'none'; object-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
# Answers of all kinds: found, not found, refused, broken, no route, not of the API.
EVERYTHING = [
    ("GET", "/", 200),
    ("GET", "/health", 200),
    ("GET", "/openapi.json", 200),
    ("GET", "/docs", 200),
    ("GET", "/redoc", 200),
    ("GET", "/docs-assets/swagger-ui.css", 200),
    ("GET", "/docs-assets/nothing.js", 404),
    ("GET", "/nowhere", 404),
    ("GET", "/api/tickets/", 200),
    ("GET", "/api/tickets/7", 404),
    ("GET", "/api/users/7", 401),
    ("POST", "/api/users/", 422),
    ("DELETE", "/api/orders/", 405),
    ("GET", "/broken", 500),
]
KEY = {"X-API-Key": "nxt_nobody"}
BEARER = {"Authorization": "Bearer nobody"}


@pytest.fixture(scope="module")
def settings(request: pytest.FixtureRequest, worker_name: str) -> Iterator[Settings]:
    with fresh_database("sqlite", request, worker_name) as url:
        yield settings_for(url, auth_required=True, cors_origins=SHOP, log_level="CRITICAL")


@pytest.fixture(scope="module")
def client(settings: Settings) -> Iterator[TestClient]:
    app = create_app(settings)

    @app.get("/broken", include_in_schema=False)
    def fail() -> None:
        raise RuntimeError

    @app.get("/api/kept", include_in_schema=False)
    def keep() -> Response:
        return Response(headers={"Cache-Control": "max-age=60"})

    with TestClient(app, base_url="http://localhost") as client:
        yield client


class TestEveryAnswer:
    @pytest.mark.parametrize(("method", "path", "status"), EVERYTHING)
    def test_protects_browsers(
        self, client: TestClient, method: str, path: str, status: int
    ) -> None:
        answer = client.request(method, path)
        assert answer.status_code == status
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-frame-options"] == "DENY"
        policy = answer.headers["content-security-policy"].split("; ")
        # What does not follow default-src, and what scanners want to see said.
        assert {"object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"} <= set(policy)

    @pytest.mark.parametrize(("method", "path", "status"), EVERYTHING)
    def test_asks_for_https_only_over_https(
        self, client: TestClient, method: str, path: str, status: int
    ) -> None:
        secure = client.request(method, f"https://localhost{path}")
        assert secure.status_code == status
        assert secure.headers["strict-transport-security"] == "max-age=31536000"
        assert "strict-transport-security" not in client.request(method, path).headers

    def test_to_a_browser_s_question_is_protected_too(self, client: TestClient) -> None:
        asked = {"Origin": SHOP, "Access-Control-Request-Method": "POST"}
        answer = client.options("/api/orders/", headers=asked)
        assert answer.headers["access-control-allow-origin"] == SHOP
        assert answer.headers["content-security-policy"] == NOTHING


class TestContentSecurityPolicy:
    @pytest.mark.parametrize("path", ["/", "/health", "/openapi.json", "/api/tickets/", "/docsx"])
    def test_of_data_allows_nothing(self, client: TestClient, path: str) -> None:
        assert client.get(path).headers["content-security-policy"] == NOTHING

    @pytest.mark.parametrize("path", ["/docs", "/docs/", "/redoc"])
    def test_of_the_documentation_allows_what_its_page_loads(
        self, client: TestClient, path: str
    ) -> None:
        answer = client.get(path)
        policy = directives(answer.headers["content-security-policy"])
        page = answer.text
        assert loads(page, "script", "src") <= served_here(client)
        assert loads(page, "link", "href") <= served_here(client)
        assert {"'self'", "'unsafe-inline'"} == set(policy["script-src"])
        assert {"'self'", "'unsafe-inline'"} == set(policy["style-src"])
        assert policy["connect-src"] == ["'self'"]
        assert policy["img-src"] == ["'self'", "data:"]
        assert "blob:" in policy["worker-src"]

    @pytest.mark.parametrize("path", ["/docs", "/redoc"])
    def test_of_the_documentation_names_no_other_host(self, client: TestClient, path: str) -> None:
        policy = client.get(path).headers["content-security-policy"]
        allowed = {source for sources in directives(policy).values() for source in sources}
        assert allowed == {"'none'", "'self'", "'unsafe-inline'", "data:", "blob:"}


class TestCaching:
    @pytest.mark.parametrize("headers", [KEY, BEARER, {"Authorization": "Basic abc"}])
    @pytest.mark.parametrize("path", ["/api/tickets/", "/api/users/1", "/", "/nowhere"])
    def test_of_answers_to_somebody_is_forbidden(
        self, client: TestClient, headers: dict[str, str], path: str
    ) -> None:
        assert client.get(path, headers=headers).headers["cache-control"] == "no-store"

    @pytest.mark.parametrize("path", ["token", "refresh", "me", "api-keys", "nothing"])
    def test_of_identity_is_forbidden(self, client: TestClient, path: str) -> None:
        answer = client.post(f"/api/auth/{path}", json={})
        assert answer.headers["cache-control"] == "no-store"

    @pytest.mark.parametrize("path", ["/api/users/1", "/api/orders/", "/api/analytics/dashboard"])
    def test_of_the_rest_of_the_api_asks_again_each_time(
        self, client: TestClient, path: str
    ) -> None:
        assert client.get(path).headers["cache-control"] == "private, no-cache"

    @pytest.mark.parametrize("path", ["/api/tickets", "/api/tickets/", "/api/tickets/7"])
    def test_of_public_tickets_is_left_to_the_cache(self, client: TestClient, path: str) -> None:
        assert "cache-control" not in client.get(path).headers
        assert client.delete(path).headers["cache-control"] == "private, no-cache"

    def test_that_an_answer_decides_itself_is_kept(self, client: TestClient) -> None:
        assert client.get("/api/kept").headers["cache-control"] == "max-age=60"
        assert client.get("/api/kept", headers=KEY).headers["cache-control"] == "max-age=60"


def directives(policy: str) -> dict[str, list[str]]:
    parts = [part.split() for part in policy.split(";")]
    return {name: sources for name, *sources in parts}


def loads(page: str, tag: str, attribute: str) -> set[str]:
    return set(re.findall(rf'<{tag}\b[^>]*\b{attribute}="([^"]+)"', page))


def served_here(client: TestClient) -> set[str]:
    """The files of the documentation, each of which is really there."""
    names = ("swagger-ui-bundle.js", "swagger-ui.css", "redoc.standalone.js", "favicon.png")
    addresses = {f"/docs-assets/{name}" for name in names}
    for address in addresses:
        assert client.get(address).status_code == 200
    return addresses
