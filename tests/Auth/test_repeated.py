"""What is shown once, shown again to who lost the answer: log-ins, refreshes and keys."""

from typing import Any

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
        # Without the key it is a theft, as ever.
        assert api.refused("POST", "/api/auth/refresh", body)["code"] == "invalid_token"
        assert theirs.refused("GET", "/api/auth/me")["code"] == "invalid_token"

    def test_of_a_refused_refresh_is_not_stored(self, api: Api, service: Service) -> None:
        answer = send(api, "/api/auth/refresh", {"refresh_token": "no.such"})
        assert answer.status_code == 401
        kept = service.database.read_now(lambda s: s.execute(select(idempotency_keys.c.id)).all())
        assert kept == []

    def test_of_a_new_password_is_replayed_though_the_old_one_is_gone(self, api: Api) -> None:
        _, staff = api.someone("staff")
        key = staff.post("/api/auth/api-keys", {"name": "till", "role": "staff"})["key"]
        program = api.bearer(key)
        body = {"current_password": PASSWORD, "new_password": "a walk in the snow"}
        first = send(program, "/api/auth/password", body)
        assert first.status_code == 204
        require_replay(send(program, "/api/auth/password", body), first)

    def test_of_an_api_key_makes_one(self, api: Api) -> None:
        body = {"name": "till", "role": "staff"}
        first = send(api, "/api/auth/api-keys", body)
        require_replay(send(api, "/api/auth/api-keys", body), first)
        assert len(api.get("/api/auth/api-keys")) == 1
