"""The example of a storefront, copied to an origin of its own, sells tickets."""

import secrets
from datetime import timedelta

from playwright.sync_api import Browser, expect

from core.clock import utc_now
from tests.support.client import PASSWORD
from tests.support.web.box_office import BoxOffice
from tests.support.web.browser import reader
from tests.support.web.buying import ASKS, DECLINED, SUCCEEDS
from tests.support.web.elsewhere import STOREFRONT, Elsewhere
from web.static_files import static_files


def test_the_example_sells_a_ticket_from_another_origin(
    browser: Browser, site: str, elsewhere: Elsewhere, box_office: BoxOffice
) -> None:
    # The first of all that are still to come.
    soon = utc_now() + timedelta(hours=1)
    ticket = box_office.ticket(event_date=soon.isoformat())
    name = f"far_{secrets.token_hex(4)}"
    with reader(browser, elsewhere.origin, api=site) as someone:
        page = someone.go("/")
        section = page.locator("section").filter(has_text=ticket["event_name"])
        section.get_by_label("How many of").fill("2")
        section.get_by_role("button", name="Add").click()
        for label, value in (
            ("username", name),
            ("password", PASSWORD),
            ("email", f"{name}@example.com"),
            ("full name", "Somebody Far"),
        ):
            page.get_by_label(label).fill(value)
        page.get_by_role("button", name="Register").click()
        page.get_by_role("button", name="Reserve for").click()
        line = page.locator(".line").filter(has_text="test_confirm")
        for card, told in ((DECLINED, "The bank declined the card"), (ASKS, "Your bank asks")):
            line.get_by_role("textbox").fill(card)
            line.get_by_role("button").click()
            page.get_by_text(told).wait_for()
        # A reload in the midst of it: the log-in and the order are still there.
        page.reload()
        line.get_by_role("textbox").fill(SUCCEEDS)
        line.get_by_role("button").click()
        expect(page.get_by_role("heading")).to_contain_text("Receipt")
        user = box_office.ask("GET", f"/api/users/username/{name}")
        [order] = box_office.ask("GET", f"/api/users/{user['id']}/orders")
        failed, paid = box_office.payments_of(order)
        assert (failed["status"], paid["status"]) == ("failed", "success")
        assert (order["status"], order["items"][0]["quantity"]) == ("confirmed", 2)
        expect(page.get_by_role("main")).to_contain_text(paid["transaction_number"])
        expect(page.get_by_role("heading")).to_contain_text(order["order_reference"])


def test_the_shop_runs_the_purchase_that_the_example_shows() -> None:
    served = {
        path.removeprefix("js/purchase/"): file.plain
        for path, file in static_files().by_path.items()
        if path.startswith("js/purchase/")
    }
    shown = {file.name: file.read_bytes() for file in (STOREFRONT / "purchase").iterdir()}
    assert served == shown
    run = {path for path in static_files().modules_of("js/shop.js") if "purchase/" in path}
    assert {path.removeprefix("js/purchase/") for path in run} == set(shown)
