"""People log in, stay logged in over a reload, and are logged out: here, and everywhere."""

import pytest
from playwright.sync_api import Page, Route, expect

from tests.support.client import PASSWORD
from tests.web.conftest import People, enter, log_in

DESKS = ("/dashboard", "/dashboard/orders", "/dashboard/tickets")


def door(page: Page) -> None:
    expect(page.get_by_label("Password")).to_be_visible()
    expect(page.locator("#content")).to_be_hidden()


@pytest.mark.parametrize("path", DESKS)
def test_a_stranger_sees_the_door_of_a_desk_and_nothing_behind_it(
    person: People, path: str
) -> None:
    door(person().go(path))


def test_a_log_in_survives_a_reload_and_no_script_can_read_what_it_lives_on(
    person: People,
) -> None:
    someone = person()
    someone.go("/dashboard")
    page = log_in(someone, "sam", PASSWORD)
    page.reload()
    expect(page.get_by_role("button", name="Log out", exact=True)).to_be_visible()
    kept = page.evaluate("() => [document.cookie, {...localStorage}, {...sessionStorage}]")
    assert kept == ["", {}, {}]
    (cookie,) = page.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")


def test_a_wrong_password_is_told_and_opens_nothing(person: People) -> None:
    page = person().go("/dashboard")
    page.get_by_label("Username or email").fill("sam")
    page.get_by_label("Password").fill("a guess in the dark")
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("password")
    door(page)


def test_who_logs_out_has_left_behind_nothing_to_come_back_by(person: People) -> None:
    someone = person()
    enter(someone, "sam")
    page = someone.go("/dashboard/orders")
    page.get_by_role("button", name="Log out", exact=True).click()
    door(page)
    page.reload()
    door(page)


def test_logging_out_everywhere_ends_what_other_browsers_have(person: People) -> None:
    here, elsewhere = person(), person()
    for one in (here, elsewhere):
        # Of her own: others are logged in as somebody else meanwhile.
        enter(one, "ada")
        one.go("/dashboard/tickets")
    here.page.get_by_role("button", name="Log out everywhere").click()
    door(here.page)
    elsewhere.page.reload()
    door(elsewhere.page)


def test_who_can_not_be_logged_out_now_is_told_so(person: People) -> None:
    someone = person()
    enter(someone, "sam")
    page = someone.go("/dashboard/tickets")
    page.route("**/api/auth/browser/logout", _away)
    page.get_by_role("button", name="Log out", exact=True).click()
    expect(page.locator("#door").get_by_role("alert")).to_contain_text("busy")
    expect(page.get_by_role("button", name="Log out", exact=True)).to_be_visible()


def test_a_service_that_is_busy_logs_nobody_out(person: People) -> None:
    someone = person()
    enter(someone, "sam")
    page = someone.page
    page.route("**/api/auth/browser/refresh", _away)
    someone.go("/dashboard/tickets")
    expect(page.get_by_role("alert")).to_contain_text("busy")
    page.unroute("**/api/auth/browser/refresh")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("button", name="Log out", exact=True)).to_be_visible()


def _away(route: Route) -> None:
    route.fulfill(
        status=503,
        content_type="application/problem+json",
        body='{"status": 503, "code": "service_busy", "title": "Busy", "detail": "It is busy."}',
    )
