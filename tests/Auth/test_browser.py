"""A browser's log-in: no script can read what it goes on with, and all else is as ever."""

from typing import Any

import pytest
from sqlalchemy import func, select

from core.http.idempotency_key import HEADER
from models import idempotency_keys, login_sessions
from tests.support.authenticator import enrol
from tests.support.browser import BROWSER, OWN_PAGE, PLAIN, SECURE, Browser, cookies_of, is_in
from tests.support.client import PASSWORD, Api
from tests.support.service import Service

NAME = "nexticket-login"
DAY = 24 * 60 * 60


def code(answer: Any) -> str:
    return str(answer.json()["code"])


def kept_for(answer: Any) -> int:
    return int(cookies_of(answer)[NAME]["max-age"])


def open_log_ins(service: Service) -> int:
    found = select(func.count()).where(login_sessions.c.revoked_at.is_(None))
    return int(service.database.read_now(lambda session: session.execute(found).scalar_one()))


@pytest.fixture
def browser(api: Api) -> Browser:
    api.user(password=PASSWORD)
    return Browser(api)


class TestLogIn:
    def test_answers_an_access_token_and_no_other(self, api: Api, browser: Browser) -> None:
        answer = browser.log_in()
        assert answer.status_code == 200
        assert answer.json().keys() == {"access_token", "token_type", "expires_in"}
        assert (answer.json()["token_type"], answer.json()["expires_in"]) == ("bearer", 1800)
        assert is_in(api, answer)
        assert answer.headers["cache-control"] == "no-store"

    @pytest.mark.parametrize(
        ("site", "name", "is_secure"),
        [(PLAIN, NAME, False), (SECURE, f"__Host-{NAME}", True)],
    )
    def test_goes_on_by_a_cookie_that_is_sent_to_this_site_by_this_site_alone(
        self, api: Api, browser: Browser, site: str, name: str, *, is_secure: bool
    ) -> None:
        assert browser.cookies == {}
        (cookie,) = cookies_of(Browser(api, site).log_in()).values()
        assert cookie.key == name
        assert cookie["httponly"]
        assert bool(cookie["secure"]) is is_secure
        # With a domain it would be sent to others; the prefix takes this path and no other.
        assert (cookie["samesite"], cookie["path"], cookie["domain"]) == ("strict", "/", "")
        assert len(cookie.value) > 60

    def test_is_kept_for_as_long_as_it_is_good(self, api: Api, browser: Browser) -> None:
        assert kept_for(browser.log_in()) == pytest.approx(30 * DAY, abs=5)
        for _ in range(3):
            api.clock.advance(days=29)
            tab = browser.another_tab()
            answer = browser.refresh()
        # The log-in ends after ninety days, however often it is refreshed.
        assert kept_for(answer) == pytest.approx(3 * DAY, abs=5)
        # Who asks with the one before within the grace is told the same.
        assert kept_for(tab.refresh()) == pytest.approx(3 * DAY, abs=5)

    def test_of_a_wrong_password_is_refused_and_sets_nothing(self, browser: Browser) -> None:
        answer = browser.log_in("a wild guess")
        assert (answer.status_code, code(answer)) == (401, "invalid_credentials")
        assert "set-cookie" not in answer.headers

    def test_takes_the_second_factor_that_the_account_has(self, api: Api, browser: Browser) -> None:
        authenticator, _ = enrol(api.bearer(api.log_in("john_doe")["access_token"]))
        assert code(browser.log_in()) == "second_factor_required"
        wrong = browser.log_in(form={"otp": authenticator.wrong_code()})
        assert code(wrong) == "invalid_second_factor"
        assert browser.cookies == {}
        assert browser.log_in(form={"otp": authenticator.next_code()}).is_success

    def test_ends_the_log_in_of_the_cookie_whose_place_it_takes(
        self, api: Api, browser: Browser, service: Service
    ) -> None:
        first = browser.log_in()
        tab = browser.another_tab()
        api.user("jane", password=PASSWORD)
        second = browser.log_in(name="jane")
        assert (is_in(api, first), is_in(api, second)) == (False, True)
        assert code(tab.refresh()) == "invalid_token"
        assert open_log_ins(service) == 1

    def test_that_fails_leaves_the_one_before(self, api: Api, browser: Browser) -> None:
        first = browser.log_in()
        assert browser.log_in("a wild guess").status_code == 401
        assert is_in(api, first)
        assert browser.refresh().status_code == 200

    def test_is_kept_under_no_key(self, browser: Browser, service: Service) -> None:
        """A stored answer would hold a secret, or come back without its cookie."""
        headers = {**OWN_PAGE, HEADER: "a key of the page"}
        tokens = set()
        for ask in (browser.log_in, browser.log_in, browser.refresh):
            answer = ask(headers=headers)
            assert "idempotency-replayed" not in answer.headers
            tokens.add(cookies_of(answer)[NAME].value)
        assert len(tokens) == 3
        kept = select(func.count()).select_from(idempotency_keys)
        assert service.database.read_now(lambda s: s.execute(kept).scalar_one()) == 0


class TestReload:
    def test_takes_the_cookie_alone(self, api: Api, browser: Browser) -> None:
        first = browser.log_in()
        answer = browser.refresh()
        assert answer.status_code == 200
        assert answer.json().keys() == first.json().keys()
        assert is_in(api, answer)
        assert answer.headers["cache-control"] == "no-store"

    def test_of_a_stranger_is_no_refusal(self, browser: Browser) -> None:
        """Browsers show each refusal as an error, and nobody has made one."""
        browser.cookies = {"theme": "dark"}
        answer = browser.refresh()
        assert (answer.status_code, answer.content) == (204, b"")
        assert "set-cookie" not in answer.headers

    def test_has_another_cookie_each_time(self, browser: Browser) -> None:
        browser.log_in()
        seen = [browser.cookies[NAME]]
        for _ in range(3):
            browser.api.clock.advance(minutes=25)
            assert browser.refresh().status_code == 200
            seen.append(browser.cookies[NAME])
        assert len(set(seen)) == 4

    def test_of_two_tabs_at_once_lets_both_in(self, api: Api, browser: Browser) -> None:
        browser.log_in()
        tab = browser.another_tab()
        assert is_in(api, browser.refresh())
        assert is_in(api, tab.refresh())
        assert tab.cookies == browser.cookies
        api.clock.advance(minutes=29)
        assert is_in(api, browser.refresh())

    def test_by_a_cookie_that_was_stolen_ends_the_log_in(self, api: Api, browser: Browser) -> None:
        browser.log_in()
        thief = browser.another_tab()
        answer = browser.refresh()
        api.clock.advance(seconds=31)
        assert code(thief.refresh()) == "invalid_token"
        assert not is_in(api, answer)
        assert code(browser.refresh()) == "invalid_token"

    def test_of_a_log_in_that_has_ended_is_refused_once(self, api: Api, browser: Browser) -> None:
        browser.log_in()
        api.clock.advance(days=31)
        answer = browser.refresh()
        assert (answer.status_code, code(answer)) == (401, "invalid_token")
        assert browser.cookies == {}
        assert browser.refresh().status_code == 204

    def test_removes_a_cookie_as_it_was_set(self, api: Api, browser: Browser) -> None:
        """With other attributes, a browser would keep the one that it has."""
        assert browser.cookies == {}
        page = Browser(api, SECURE)
        kept = cookies_of(page.log_in())[f"__Host-{NAME}"]
        removed = cookies_of(page.log_out())[f"__Host-{NAME}"]
        assert (removed.value, removed["max-age"]) == ("", "0")
        for name in ("path", "domain", "secure", "httponly", "samesite"):
            assert removed[name] == kept[name]


class TestEnd:
    def test_by_logging_out_is_at_once_and_may_be_repeated(
        self, api: Api, browser: Browser
    ) -> None:
        first, tab = browser.log_in(), browser.another_tab()
        for _ in range(2):
            assert browser.log_out().status_code == 204
            assert browser.cookies == {}
        assert not is_in(api, first)
        assert code(tab.refresh()) == "invalid_token"

    def test_of_all_other_log_ins_is_of_this_one_too(self, api: Api, browser: Browser) -> None:
        first = browser.log_in()
        api.bearer(api.log_in("john_doe")["access_token"]).delete("/api/auth/sessions")
        assert not is_in(api, first)
        assert code(browser.refresh()) == "invalid_token"

    def test_comes_with_a_new_password(self, api: Api, browser: Browser) -> None:
        john = api.bearer(browser.log_in().json()["access_token"])
        body = {"current_password": PASSWORD, "new_password": "another walk in the sun"}
        assert john.request("POST", "/api/auth/password", json=body).status_code == 204
        assert code(browser.refresh()) == "invalid_token"

    def test_comes_with_the_account_s(self, api: Api, browser: Browser) -> None:
        first = browser.log_in()
        api.patch("/api/users/1/deactivate")
        assert not is_in(api, first)
        assert code(browser.refresh()) == "invalid_token"


class TestCookie:
    @pytest.mark.parametrize(
        "said",
        [
            f"{NAME}=",
            f"{NAME}",
            f"{NAME}=no-dot",
            f"{NAME}=a.b.c",
            f"{NAME}=a.b{'c' * 200}",
            f"{NAME}={'k' * 15_000}.s",
            f'{NAME}="key.secret"',
            f"{NAME}=key.s\xe9cret",
            f"{NAME}=key.\0",
            f"{NAME}=a.b; {NAME}=c.d",
            f"; ;=; {NAME}=%2e%2e.%00; x",
        ],
    )
    def test_that_none_was_given_is_refused_and_removed(self, browser: Browser, said: str) -> None:
        headers = OWN_PAGE | {"Cookie": said.encode("latin-1")}
        answer = browser.refresh(headers=headers)
        assert (answer.status_code, code(answer)) == (401, "invalid_token")
        assert cookies_of(answer)[NAME]["max-age"] == "0"
        assert browser.log_out(headers=headers).status_code == 204
        assert browser.log_in(headers=headers).status_code == 200

    @pytest.mark.parametrize("said", ["", "=", ";;;", "\xff\xfe", f"{NAME}2=a.b", f"x={NAME}=a.b"])
    def test_that_is_another_one_is_none(self, browser: Browser, said: str) -> None:
        headers = OWN_PAGE | {"Cookie": said.encode("latin-1")}
        assert browser.refresh(headers=headers).status_code == 204

    def test_is_found_among_others(self, browser: Browser) -> None:
        browser.log_in()
        said = f"theme=dark; {NAME}={browser.cookies[NAME]};lang=de"
        assert browser.refresh(headers=OWN_PAGE | {"Cookie": said}).status_code == 200

    @pytest.mark.parametrize("said", ["{0}; {1}", "{1}; {0}", "{0}; {0}"])
    def test_that_is_there_twice_is_neither(self, browser: Browser, said: str) -> None:
        """One of them may be somebody else's, whom the browser would be logged in as."""
        browser.log_in()
        good, other = f"{NAME}={browser.cookies[NAME]}", f"{NAME}=another.one"
        headers = OWN_PAGE | {"Cookie": said.format(good, other)}
        assert code(browser.refresh(headers=headers)) == "invalid_token"

    def test_of_plain_http_opens_nothing_over_https(self, api: Api, browser: Browser) -> None:
        """Anybody on the way can have set it."""
        browser.log_in()
        page = Browser(api, SECURE)
        page.cookies = dict(browser.cookies)
        assert page.refresh().status_code == 204

    def test_is_taken_from_the_head_alone(self, api: Api, browser: Browser) -> None:
        browser.log_in()
        token = browser.cookies.pop(NAME)
        answer = browser.refresh(json={"refresh_token": token})
        assert answer.status_code == 204
        # By its own route it is what it always was.
        assert api.post("/api/auth/refresh", {"refresh_token": token})

    def test_and_its_routes_are_told_in_the_document(self, api: Api) -> None:
        paths = api.document["paths"]
        for action, statuses in (
            ("login", ["200"]),
            ("refresh", ["200", "401"]),
            ("logout", ["204"]),
        ):
            answers = paths[f"{BROWSER}/{action}"]["post"]["responses"]
            headers = {status: answers[status].get("headers", {}) for status in answers}
            told = [status for status in answers if "Set-Cookie" in headers[status]]
            assert told == statuses
