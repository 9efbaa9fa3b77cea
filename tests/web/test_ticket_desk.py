"""The ticket desk: what is on sale is found, made, changed, stopped and resumed."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.client import Api
from tests.support.web.browser import NARROW, WIDE, serious_findings
from tests.support.web.office import Changes, lose_the_first_answer, office, own_name
from tests.web.conftest import People, enter


@pytest.fixture(scope="module")
def ada(site: str) -> Iterator[Api]:
    with office(site) as api:
        yield api


@pytest.fixture
def ticket(ada: Api) -> Any:
    """Of a hundred, three are sold, two held and ten withheld."""
    made = ada.ticket(
        event_name=own_name("Gala"), price=20, venue="Café Élite", available_quantity=90
    )
    buyer = ada.user(own_name("guest"))
    ada.paid_order(buyer, (made, 3))
    ada.order(buyer, (made, 2))
    return ada.again(made, "tickets")


def desk(person: People, path: str = "", **options: Any) -> Page:
    someone = person(**options)
    enter(someone, "sam")
    page = someone.go(f"/dashboard/tickets{path}")
    expect(page.locator(".found-list a").first).to_be_visible()
    return page


def opened(person: People, ticket: Any, **options: Any) -> Page:
    page = desk(person, f"?ticket={ticket['id']}&q={ticket['event_name']}", **options)
    expect(page.get_by_role("region", name="Stock")).to_be_visible()
    return page


def dialog(page: Page) -> Locator:
    return page.get_by_role("dialog")


def press(page: Page, name: str) -> None:
    dialog(page).get_by_role("button", name=name, exact=True).click()


def done(page: Page, name: str) -> None:
    dialog(page).get_by_role("button", name=name, exact=True).dblclick()
    expect(dialog(page)).to_have_count(0)


def error_of(page: Page, label: str) -> Locator:
    """What stands at a field, as who can't see it is told."""
    field = dialog(page).get_by_label(label, exact=True)
    expect(field).to_have_attribute("aria-invalid", "true")
    ids = (field.get_attribute("aria-describedby") or "").split()
    return page.locator(f"#{ids[-1]}")


def test_a_ticket_is_found_as_one_types_and_its_stock_is_shown(person: People, ticket: Any) -> None:
    page = desk(person)
    name = ticket["event_name"]
    page.get_by_role("searchbox", name="Find a ticket").press_sequentially(f"elite {name.lower()}")
    found = page.locator(".found-list a")
    expect(found).to_have_count(1)
    expect(found).to_contain_text("3 sold, 2 held, 85 on sale, 10 withheld")
    found.click()
    expect(page.get_by_role("heading", name=f"{name}, VIP")).to_be_focused()
    stock = page.get_by_role("region", name="Stock")
    expect(stock.locator("li")).to_have_text(["sold: 3", "held: 2", "on sale: 85", "withheld: 10"])
    widths = stock.locator("svg.stock rect").evaluate_all(
        "all => all.map((one) => Number(one.getAttribute('width')))"
    )
    assert widths == [30, 20, 850, 100]
    page.get_by_label("State").select_option("cancelled")
    expect(page.get_by_text("No ticket is like that.")).to_be_visible()
    page.get_by_role("link", name="Its event's orders").click()
    expect(page.locator(".found > p")).to_have_text("2 orders")


def test_a_ticket_is_made_and_what_is_wrong_stands_at_its_field(person: People, ada: Api) -> None:
    page, name = desk(person), own_name("Première")
    changes = Changes.of(page)
    page.get_by_role("button", name="New ticket…").click()
    form = dialog(page)
    for label, value in (
        ("Event", " "),
        ("Category", "Balcony"),
        ("Venue", "Main Arena"),
        ("Date and time", "2027-03-28T20:15"),
        ("Price", "12.5"),
        ("In all", "80"),
        ("On sale", "90"),
    ):
        form.get_by_label(label, exact=True).fill(value)
    press(page, "Put it on sale")
    expect(error_of(page, "Event")).not_to_be_empty()
    expect(error_of(page, "On sale")).to_have_text("must not exceed total_quantity")
    expect(form.get_by_label("Event", exact=True)).to_be_focused()
    form.get_by_label("Event", exact=True).fill(name)
    form.get_by_label("On sale", exact=True).fill("60")
    expect(form).to_contain_text("60 tickets on sale at US$12.50, and 20 withheld.")
    done(page, "Put it on sale")
    expect(page.get_by_role("heading", name=f"{name}, Balcony")).to_be_visible()
    assert len(changes.sent) == 2
    (made,) = ada.get("/api/tickets/", event_name=name)
    assert made["event_date"] == "2027-03-28T20:15:00Z"
    assert (made["price"], ada.stock(made)) == (12.5, (60, 0, 0, 20))


def test_only_what_was_changed_is_sent_and_what_it_moves_is_told(
    person: People, ticket: Any, ada: Api
) -> None:
    page = opened(person, ticket)
    changes = Changes.of(page)
    page.get_by_role("button", name="Change…").click()
    form = dialog(page)
    form.get_by_label("In all").fill("120")
    form.get_by_label("Price").fill("25")
    expect(form).to_contain_text("In all: 100 → 120.")
    expect(form).to_contain_text("On sale: 85 → 105.")
    expect(form).to_contain_text("New orders pay US$25.00; those made before keep US$20.00.")
    form.get_by_label("On sale").fill("95")
    expect(form).to_contain_text("On sale: 85 → 95.")
    expect(form).to_contain_text("Withheld: 10 → 20.")
    done(page, "Change the ticket")
    expect(page.get_by_role("region", name="What is sold")).to_contain_text("US$25.00")
    (sent,) = changes.sent
    assert sent.post_data_json == {"price": 25, "total_quantity": 120, "available_quantity": 95}
    assert ada.stock(ticket) == (95, 2, 3, 20)
    expect(page.get_by_role("button", name="Change…")).to_be_focused()


def test_less_than_is_sold_is_refused_in_numbers(person: People, ticket: Any, ada: Api) -> None:
    page = opened(person, ticket)
    page.get_by_role("button", name="Change…").click()
    dialog(page).get_by_label("In all").fill("4")
    expect(dialog(page)).to_contain_text("so there are 5 at least.")
    press(page, "Change the ticket")
    told = dialog(page).get_by_role("alert")
    expect(told).to_contain_text("3 are sold and 2 held, of 100 in all.")
    expect(told).to_contain_text("The total can't be less than 5")
    # What was refused was not done, and the next try is another one.
    dialog(page).get_by_label("In all").fill("50")
    done(page, "Change the ticket")
    assert ada.stock(ticket) == (35, 2, 3, 10)


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(
    person: People, ticket: Any, ada: Api
) -> None:
    page = opened(person, ticket)
    ada.put(f"/api/tickets/{ticket['id']}", {"venue": "Town Hall"})
    page.get_by_role("button", name="Change…").click()
    dialog(page).get_by_label("Price").fill("1")
    press(page, "Change the ticket")
    told = dialog(page).get_by_role("alert")
    expect(told).to_contain_text("It was changed since you looked.")
    press(page, "Go back")
    expect(page.get_by_role("region", name="What is sold")).to_contain_text("Town Hall")
    assert ada.again(ticket, "tickets")["price"] == 20


def test_the_sale_is_stopped_and_resumed(person: People, ticket: Any, ada: Api) -> None:
    page = opened(person, ticket, loses_answers=True)
    changes = Changes.of(page)
    page.get_by_role("button", name="Stop the sale…").click()
    expect(dialog(page)).to_contain_text("85 tickets of")
    expect(dialog(page)).to_contain_text("2 that buyers hold can still be paid, and 3 stay sold.")
    lose_the_first_answer(page, "**/status")
    press(page, "Stop the sale")
    expect(dialog(page).get_by_role("alert")).to_contain_text("it is not known whether it was done")
    done(page, "Stop the sale")
    assert (len(changes.sent), len(changes.keys)) == (2, 1)
    expect(page.locator(".opened h2 + .badge")).to_have_text("cancelled")
    assert ada.again(ticket, "tickets")["status"] == "cancelled"
    expect(page.get_by_role("button", name="Stop the sale…")).to_have_count(0)
    page.get_by_role("button", name="Resume the sale…").click()
    expect(dialog(page)).to_contain_text("85 tickets of")
    done(page, "Resume the sale")
    expect(page.locator(".opened h2 + .badge")).to_have_text("available")
    assert ada.again(ticket, "tickets")["status"] == "available"


def test_only_what_no_order_has_is_deleted(person: People, ticket: Any, ada: Api) -> None:
    page = opened(person, ticket)
    expect(page.get_by_role("button", name="Delete…")).to_have_count(0)
    unsold = ada.ticket(event_name=own_name("Nobody"))
    order = ada.order(ada.user(own_name("guest")), (unsold, 1))
    ada.post(f"/api/orders/{order['id']}/cancel")
    page.goto(f"{page.url.split('?')[0]}?ticket={unsold['id']}")
    page.get_by_role("button", name="Delete…").click()
    press(page, "Delete the ticket")
    expect(dialog(page).get_by_role("alert")).to_contain_text("Orders have this ticket")
    press(page, "Go back")
    ada.delete(f"/api/orders/{order['id']}")
    page.get_by_role("button", name="Delete…").click()
    done(page, "Delete the ticket")
    expect(page.get_by_text("Nobody").filter(has_text="is deleted.").last).to_be_visible()
    assert ada.refused("GET", f"/api/tickets/{unsold['id']}")["code"] == "ticket_not_found"


# Clocks are put forward over half past two on 28 March, and back over it on 31 October.
WALLS = {
    ("Europe/Berlin", "2027-01-15T20:00"): ["2027-01-15T20:00:00+01:00"],
    ("Europe/Berlin", "2027-07-15T20:00"): ["2027-07-15T20:00:00+02:00"],
    ("Europe/Berlin", "2027-03-28T01:59"): ["2027-03-28T01:59:00+01:00"],
    ("Europe/Berlin", "2027-03-28T02:30"): [],
    ("Europe/Berlin", "2027-03-28T03:00"): ["2027-03-28T03:00:00+02:00"],
    ("Europe/Berlin", "2027-10-31T02:30"): [
        "2027-10-31T02:30:00+02:00",
        "2027-10-31T02:30:00+01:00",
    ],
    ("America/New_York", "2027-03-14T02:00"): [],
    ("Australia/Lord_Howe", "2027-04-04T01:45"): [
        "2027-04-04T01:45:00+11:00",
        "2027-04-04T01:45:00+10:30",
    ],
    ("Asia/Kathmandu", "2027-05-01T00:00"): ["2027-05-01T00:00:00+05:45"],
    ("UTC", "2027-05-01T00:00"): ["2027-05-01T00:00:00+00:00"],
    ("UTC", ""): [],
}


def test_a_date_is_read_by_the_clock_of_its_zone(person: People) -> None:
    page = desk(person)
    read = page.evaluate(
        """async (walls) => {
            const zones = document.querySelector('link[href$="js/tickets/zones.js"]');
            const { momentsOf, onTheWall } = await import(zones.href);
            const moments = walls.map(([zone, wall]) => momentsOf(wall, zone));
            const back = walls.map(([zone, wall], index) =>
                moments[index].every((moment) => onTheWall(moment, zone) === wall));
            return [moments, back];
        }""",
        [list(wall) for wall in WALLS],
    )
    assert read == [list(WALLS.values()), [True] * len(WALLS)]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_use_the_desk_and_its_dialogs(
    person: People, axe: str, ticket: Any, scheme: str
) -> None:
    page = opened(person, ticket, color_scheme=scheme)
    for viewport in (WIDE, NARROW):
        page.set_viewport_size(viewport)
        assert serious_findings(page, axe) == []
        page.get_by_role("button", name="Change…").click()
        dialog(page).get_by_label("Venue").fill(" ")
        press(page, "Change the ticket")
        expect(error_of(page, "Venue")).to_be_visible()
        assert serious_findings(page, axe) == []
        press(page, "Go back")
        expect(page.get_by_role("button", name="Change…")).to_be_focused()
