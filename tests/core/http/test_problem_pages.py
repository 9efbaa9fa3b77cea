"""What the ``type`` of a problem points to answers, whoever asks and wherever we are served."""

import pytest
from fastapi.testclient import TestClient

from core.http.kinds import Kind
from main import create_app
from tests.support.problems import EACH_KIND
from tools import openapi


@pytest.fixture(scope="module", params=["", "/shop"])
def prefix(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.fixture
def client(prefix: str) -> TestClient:
    """Neither the pages nor the document ask the database."""
    settings = openapi.default_settings().model_copy(update={"log_level": "CRITICAL"})
    return TestClient(create_app(settings), base_url="http://localhost", root_path=prefix)


class TestPages:
    def test_the_type_of_a_problem_leads_to_its_page(self, client: TestClient, prefix: str) -> None:
        problem = client.get(f"{prefix}/nowhere").json()
        assert problem["type"] == f"{prefix}/problems/not_found"
        page = client.get(problem["type"])
        assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert f"<h1>{problem['title']}</h1>" in page.text

    @EACH_KIND
    def test_each_kind_has_a_page_that_tells_its_members(self, kind: Kind) -> None:
        page = PAGES.get(f"/problems/{kind.code}")
        assert page.status_code == 200
        assert f"<code>{kind.code}</code>, status {kind.status}" in page.text
        for name in kind.example:
            assert f"<dt><code>{name}</code>" in page.text

    def test_amounts_are_told_in_the_currency_of_the_deployment(self) -> None:
        settings = openapi.default_settings().model_copy(update={"currency": "JPY"})
        shop = TestClient(create_app(settings), base_url="http://localhost")
        address = "/problems/amount_exceeds_balance"
        assert "9999\n" in shop.get(address).text
        assert "99.99\n" in PAGES.get(address).text

    def test_a_page_needs_no_identity(self) -> None:
        settings = openapi.default_settings().model_copy(update={"auth_required": True})
        closed = TestClient(create_app(settings), base_url="http://localhost")
        assert closed.get("/api/orders/", headers=NOBODY).status_code == 401
        assert closed.get("/problems/stale_object", headers=NOBODY).status_code == 200

    def test_there_is_no_page_of_what_is_no_problem(self) -> None:
        for name in ("nothing", "%3Cscript%3E"):
            answer = PAGES.get(f"/problems/{name}")
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
            assert "<script>" not in answer.text

    def test_they_are_there_where_the_documentation_is_off(self) -> None:
        settings = openapi.default_settings().model_copy(update={"docs_enabled": False})
        quiet = TestClient(create_app(settings), base_url="http://localhost")
        assert quiet.get("/docs").status_code == 404
        assert quiet.get("/problems/not_found").status_code == 200


NOBODY = {"Authorization": "Basic nonsense"}
PAGES = TestClient(create_app(openapi.default_settings()), base_url="http://localhost")
