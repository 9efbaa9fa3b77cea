"""What is shown once, shown again to who lost the answer: log-ins, refreshes and keys."""

from typing import Any

from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import select

from models import idempotency_keys
from tests.support.client import PASSWORD, Api
from tests.support.service import Service


def send(api: Api, path: str, body: Any) -> Response:
    return api.request("POST", path, json=body, headers={"Idempotency-Key": "one"})


def require_replay(answer: Response, first: Response) -> None:
    assert answer.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert (answer.status_code, answer.content) == (first.status_code, first.content)


class TestKeyed:
    def test_of_a_log_in_is_replayed_to_who_knows_the_password(self, api: Api) -> None:
        api.user(password=PASSWORD)
        headers = {"Idempotency-Key": "one"}
        form = {"username": "john_doe", "password": PASSWORD}
        first = api.request("POST", "/api/auth/token", data=form, headers=headers)
        wrong = form | {"password": "something else"}
        assert (
            api.request("POST", "/api/auth/token", data=wrong, headers=headers).status_code == 401
        )
        require_replay(api.request("POST", "/api/auth/token", data=form, headers=headers), first)

    def test_of_a_lost_refresh_does_not_end_the_log_in(self, api: Api) -> None:
        api.user(password=PASSWORD)
        body = {"refresh_token": api.log_in("john_doe")["refresh_token"]}
        first = send(api, "/api/auth/refresh", body)
        require_replay(send(api, "/api/auth/refresh", body), first)
        theirs = api.bearer(first.json()["access_token"])
        assert theirs.get("/api/auth/me")["username"] == "john_doe"
        # Without the key it is a theft, as ever, once the moment for lost answers is over.
        api.clock.advance(seconds=31)
        assert api.refused("POST", "/api/auth/refresh", body)["code"] == "invalid_token"
        assert theirs.refused("GET", "/api/auth/me")["code"] == "invalid_token"

    def test_of_a_refresh_is_the_log_ins_wherever_it_is_asked_from(
        self, api: Api, service: Service
    ) -> None:
        api.user(password=PASSWORD)
        body = {"refresh_token": api.log_in("john_doe")["refresh_token"]}
        first = send(api, "/api/auth/refresh", body)
        api.clock.advance(seconds=31)
        elsewhere = TestClient(service.app, base_url="http://localhost", client=("203.0.113.9", 1))
        moved = Api(elsewhere, api.clock, api.app)
        require_replay(send(moved, "/api/auth/refresh", body), first)
        assert api.bearer(first.json()["access_token"]).get("/api/auth/me")

    def test_of_a_refresh_is_for_one_token_of_the_log_in(self, api: Api) -> None:
        api.user(password=PASSWORD)
        first = send(
            api, "/api/auth/refresh", {"refresh_token": api.log_in("john_doe")["refresh_token"]}
        )
        again = send(api, "/api/auth/refresh", {"refresh_token": first.json()["refresh_token"]})
        assert (again.status_code, again.json()["code"]) == (422, "idempotency_key_reused")

    def test_of_a_refresh_is_no_other_log_ins(self, api: Api) -> None:
        api.user(password=PASSWORD)
        bodies = [{"refresh_token": api.log_in("john_doe")["refresh_token"]} for _ in range(2)]
        answers = [send(api, "/api/auth/refresh", body) for body in bodies]
        assert [answer.status_code for answer in answers] == [200, 200]

    def test_of_a_refused_refresh_is_not_stored(self, api: Api, service: Service) -> None:
        answer = send(api, "/api/auth/refresh", {"refresh_token": "no.such"})
        assert answer.status_code == 401
        kept = service.database.read_now(lambda s: s.execute(select(idempotency_keys.c.id)).all())
        assert kept == []

    def test_of_a_new_password_is_replayed_though_the_old_one_is_gone(self, api: Api) -> None:
        _, staff = api.someone("staff")
        key = staff.post("/api/auth/api-keys", {"name": "till", "role": "staff"})["key"]
        program = api.bearer(key)
        passwords = {"current_password": PASSWORD, "new_password": "a walk in the snow"}
        body = {**passwords, "keep_api_keys": True}
        first = send(program, "/api/auth/password", body)
        assert first.status_code == 204
        require_replay(send(program, "/api/auth/password", body), first)

    def test_of_an_api_key_makes_one(self, api: Api) -> None:
        body = {"name": "till", "role": "staff"}
        first = send(api, "/api/auth/api-keys", body)
        require_replay(send(api, "/api/auth/api-keys", body), first)
        assert len(api.get("/api/auth/api-keys")) == 1
