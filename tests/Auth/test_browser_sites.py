"""What a browser sends by itself is used by pages of this site alone, and for log-ins alone."""

from typing import Any

import pytest

from tests.Auth.conftest import Serve
from tests.support.browser import BROWSER, SECURE, Browser, cookies_of, is_in
from tests.support.client import PASSWORD, Api
from tests.support.declared import RIGHTS, operations, sensible
from tests.support.limiting import WRONG, Caller, is_refused, until_refused

SHOP = "https://shop.example"
ELSEWHERE = "https://elsewhere.example"
FOREIGN: list[dict[str, str]] = [
    {"Sec-Fetch-Site": "cross-site"},
    # Another host of the same domain, of which we know nothing.
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "same-site", "Origin": "https://blog.localhost"},
    {"Sec-Fetch-Site": "made-up"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "https://localhost"},
    {"Origin": ELSEWHERE},
    {"Origin": "null"},
    {"Origin": "https://localhost.elsewhere.example"},
    {"Origin": "https://localhost:8443"},
    # Anybody on the way can have written that page.
    {"Origin": "http://localhost"},
    {"Referer": f"{ELSEWHERE}/page"},
]
OWN: list[dict[str, str]] = [
    {"Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "none"},
    # Of a page without a referrer, and of one behind a proxy that has another name for us.
    {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
    {"Sec-Fetch-Site": "same-origin", "Origin": SHOP},
    {"Origin": "https://localhost"},
    {"Referer": "https://localhost/shop/index.html"},
    # A program, for which no browser keeps anything.
    {},
]


@pytest.fixture
def browser(api: Api) -> Browser:
    api.user(password=PASSWORD)
    return Browser(api, SECURE)


class TestPageOfAnotherSite:
    @pytest.mark.parametrize("headers", FOREIGN)
    def test_is_refused_and_renews_and_ends_nothing(
        self, api: Api, browser: Browser, headers: dict[str, str]
    ) -> None:
        first, cookies = browser.log_in(), dict(browser.cookies)
        for ask in (browser.log_in, browser.refresh, browser.log_out):
            answer = ask(headers=headers)
            problem = answer.json()
            assert (problem["status"], problem["code"]) == (403, "cross_site_request")
            assert "set-cookie" not in answer.headers
        api.clock.advance(seconds=31)
        # It is the newest still.
        assert browser.cookies == cookies
        assert is_in(api, first)
        assert is_in(api, browser.refresh())

    def test_learns_nothing_of_passwords_and_counts_no_attempt(self, serve: Serve) -> None:
        caller = serve(login_rate_limit="2/minute")
        caller.register()
        foreign = caller.having(Origin=ELSEWHERE)
        for _ in range(4):
            assert log_in(foreign, password=PASSWORD).status_code == 403
        assert log_in(caller, password=PASSWORD).status_code == 200

    @pytest.mark.parametrize("headers", OWN)
    def test_is_none_that_is_ours(self, browser: Browser, headers: dict[str, str]) -> None:
        assert browser.log_in(headers=headers).status_code == 200
        assert browser.refresh(headers=headers).status_code == 200
        assert browser.log_out(headers=headers).status_code == 204


class TestListedOrigin:
    """A front end on another host of the same site, such as the API's own domain."""

    @pytest.mark.parametrize("site", [{}, {"Sec-Fetch-Site": "same-site"}])
    def test_may_ask_with_cookies(self, serve: Serve, site: dict[str, str]) -> None:
        page = serve(cors_origins=SHOP).having(Origin=SHOP, **site)
        page.register()
        answer = log_in(page, password=PASSWORD)
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == SHOP
        assert answer.headers["access-control-allow-credentials"] == "true"

    def test_of_another_site_may_not(self, serve: Serve) -> None:
        """Browsers would neither keep the cookie nor send it."""
        page = serve(cors_origins=SHOP).having(Origin=SHOP, **{"Sec-Fetch-Site": "cross-site"})
        assert log_in(page).status_code == 403

    @pytest.mark.parametrize("listed", ["*", f"*,{SHOP}"])
    def test_is_none_where_all_are(self, serve: Serve, listed: str) -> None:
        page = serve(cors_origins=listed).having(Origin=SHOP, **{"Sec-Fetch-Site": "same-site"})
        answer = log_in(page)
        assert (answer.status_code, answer.json()["code"]) == (403, "cross_site_request")
        assert "access-control-allow-credentials" not in answer.headers


class TestSecure:
    @pytest.mark.parametrize(
        ("trusted", "said", "is_secure"),
        [
            ("127.0.0.1", "https", True),
            ("127.0.0.1", "http", False),
            ("10.0.0.0/8", "https", False),
        ],
    )
    def test_is_what_came_by_https_to_a_proxy_that_is_trusted(
        self, serve: Serve, trusted: str, said: str, *, is_secure: bool
    ) -> None:
        caller = serve(trusted_proxies=trusted).having(**{"X-Forwarded-Proto": said})
        caller.register()
        (cookie,) = cookies_of(log_in(caller, password=PASSWORD)).values()
        assert bool(cookie["secure"]) is is_secure
        assert cookie.key.startswith("__Host-") is is_secure

    def test_is_all_in_production(self, serve: Serve) -> None:
        """There it comes by HTTPS, whether or not the proxy was named."""
        caller = serve(environment="production", trusted_proxies="")
        caller.register()
        (cookie,) = cookies_of(log_in(caller, password=PASSWORD)).values()
        assert cookie["secure"]


class TestAuthority:
    def test_is_given_by_no_cookie(self, api: Api, browser: Browser) -> None:
        """Else all that changes something would be open to pages of other sites."""
        token = browser.log_in().json()["access_token"]
        (name,) = browser.cookies
        said = [f"{name}={browser.cookies[name]}", f"{name}={token}", f"Bearer {token}"]
        stranger = {"Origin": ELSEWHERE, "Cookie": "; ".join(said)}
        asked = [
            sensible(api.having(stranger), method, path, operation).json()["code"]
            for method, path, operation in operations()
            if not RIGHTS[operation["operationId"]].is_public
        ]
        assert len(asked) > 50
        assert set(asked) == {"not_authenticated"}


class TestAttempts:
    """There is no way around the bounds of one way by the other."""

    def test_on_an_account_count_together(self, serve: Serve) -> None:
        caller = serve(login_rate_limit="4/minute")
        caller.register()
        guesses = [caller.log_in(), log_in(caller), log_in(caller), caller.log_in()]
        assert [answer.status_code for answer in guesses] == [401] * 4
        assert is_refused(log_in(caller, password=PASSWORD))
        assert is_refused(caller.log_in(password=PASSWORD))

    def test_from_an_address_count_together(self, serve: Serve) -> None:
        caller = serve(login_rate_limit="2/minute")

        def guess(number: int) -> Any:
            way = log_in if number % 2 else Caller.log_in
            return way(caller, f"name{number}")

        assert until_refused(guess, most=20) == 10
        assert is_refused(log_in(caller, "another"))
        assert is_refused(caller.log_in("another"))


def log_in(caller: Caller, name: str = "john", password: str = WRONG) -> Any:
    form = {"username": name, "password": password}
    answer = caller.ask("POST", f"{BROWSER}/login", data=form)
    caller.service.client.cookies.clear()
    return answer
