"""The guide as its readers have it: by keyboard, on a telephone, in the dark, without a script."""

import pytest
from playwright.sync_api import expect

from tests.support.web.browser import NARROW, WIDE, serious_findings
from tests.web.conftest import People


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_serious_keeps_anybody_from_reading(person: People, axe: str, scheme: str) -> None:
    page = person(color_scheme=scheme).go("/guide/payments")
    for viewport in (WIDE, NARROW):
        page.set_viewport_size(viewport)
        assert serious_findings(page, axe) == []


def test_the_keyboard_reaches_what_scrolls_and_passes_over_what_does_not(person: People) -> None:
    page = person(viewport=NARROW).go("/guide/payments")
    frames = page.locator("[data-frame]")
    wide = "one => one.scrollWidth > one.clientWidth"
    expect(frames.last).to_be_attached()
    scrolling = frames.nth(frames.evaluate_all(f"all => all.findIndex({wide})"))
    page.locator(".contents a").last.focus()
    for _ in range(20):
        page.keyboard.press("Tab")
        if scrolling.evaluate("one => one === document.activeElement"):
            break
    expect(scrolling).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("one => one.scrollLeft > 0", arg=scrolling.element_handle())
    assert frames.evaluate_all(
        f"all => all.every(one => ({wide})(one) === one.hasAttribute('tabindex'))"
    )


def test_what_is_typed_can_be_copied_and_what_is_answered_need_not(person: People) -> None:
    page = person(permissions=["clipboard-read", "clipboard-write"]).go("/guide/guides/a-purchase")
    typed = page.locator("[data-copy]").first
    typed.get_by_role("button", name="Copy").click()
    expect(typed.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("() => navigator.clipboard.readText()") == typed.locator(
        "code"
    ).inner_text().rstrip("\n")
    assert page.locator(".answer button").count() == 0


def test_a_reader_finds_a_part_of_a_page_by_its_words(person: People) -> None:
    page = person().go("/guide")
    page.get_by_label("Find a page").fill("cards provider")
    link = page.locator("#found").get_by_role("link", name="Cards of the Test Provider")
    expect(link).to_be_visible()
    expect(page.locator("#count")).to_have_text("1 place")
    page.reload()
    expect(page.get_by_label("Find a page")).to_have_value("cards provider")
    page.get_by_label("Find a page").press("Enter")
    page.wait_for_url("**/guide/payments#cards-of-the-test-provider")
    page.go_back()
    page.get_by_label("Find a page").fill("no such words")
    expect(page.locator("#count")).to_have_text("0 places")


def test_it_is_read_without_a_script(person: People) -> None:
    page = person(java_script_enabled=False).go("/guide/payments")
    expect(page.get_by_role("heading", level=1)).to_have_text("Payments")
    expect(page.locator("noscript")).to_have_count(0)
    assert page.locator("[data-frame]:not([tabindex])").count() == 0
