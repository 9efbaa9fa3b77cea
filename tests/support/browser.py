"""A page in a browser: it asks from its own site, and keeps the cookies that it is told to keep."""

from http.cookies import Morsel, SimpleCookie
from typing import Any

from httpx2 import Response

from tests.support.client import PASSWORD, Api

BROWSER = "/api/auth/browser"
PLAIN, SECURE = "http://localhost", "https://localhost"
OWN_PAGE = {"Sec-Fetch-Site": "same-origin"}


class Browser:
    def __init__(self, api: Api, site: str = PLAIN) -> None:
        self.api = api
        self.site = site
        self.cookies: dict[str, str] = {}

    def ask(self, action: str, **arguments: Any) -> Response:
        """What the page asks for, as its own or with the headers that are given instead."""
        headers = arguments.pop("headers", OWN_PAGE)
        if self.cookies:
            said = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
            headers = {"Cookie": said, **headers}
        path = f"{self.site}{BROWSER}/{action}"
        answer = self.api.request("POST", path, headers=headers, **arguments)
        # The client of all tests is no browser.
        self.api.client.cookies.clear()
        for name, morsel in cookies_of(answer).items():
            self.cookies.pop(name, None)
            if morsel["max-age"] != "0":
                self.cookies[name] = morsel.value
        return answer

    def log_in(self, password: str = PASSWORD, name: str = "john_doe", **more: Any) -> Response:
        form = {"username": name, "password": password, **more.pop("form", {})}
        return self.ask("login", data=form, **more)

    def refresh(self, **arguments: Any) -> Response:
        return self.ask("refresh", **arguments)

    def log_out(self, **arguments: Any) -> Response:
        return self.ask("logout", **arguments)

    def another_tab(self) -> "Browser":
        """What it sends if it has not heard of an answer to this one."""
        tab = Browser(self.api, self.site)
        tab.cookies = dict(self.cookies)
        return tab


def cookies_of(answer: Response) -> dict[str, Morsel[str]]:
    """What an answer tells the browser to keep."""
    found: dict[str, Morsel[str]] = {}
    for line in answer.headers.get_list("set-cookie"):
        found |= SimpleCookie(line)
    return found


def is_in(api: Api, answer: Response) -> bool:
    """Whether the access token of an answer is good."""
    john = api.bearer(answer.json()["access_token"])
    return john.request("GET", "/api/auth/me").is_success
