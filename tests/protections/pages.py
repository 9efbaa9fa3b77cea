"""The protections of pages: what they may run and load, and how long it is kept."""

from tests.protections.removing import Edit, Protection

SHELL = "web/shell.py"
PAGE_TESTS = "tests/web/test_pages.py"
HOUSE_TESTS = "tests/web/test_house.py"
SHOP_TESTS = "tests/web/test_shop.py"
REFUSED = "tests/web/test_shop_refusals.py"
ORDER_ACTIONS = "tests/web/test_order_actions.py"

PAGES = (
    Protection(
        "nothing that a document says becomes markup of its page",
        [Edit("web/markdown.py", '{"html": False}', '{"html": True}')],
        "tests/web/test_guide.py::TestMarkdown::test_html_of_a_document_is_text",
    ),
    Protection(
        "a page runs the service's own files and nothing else",
        [
            Edit(
                SHELL,
                "script-src 'self'; style-src",
                "script-src 'self' 'unsafe-inline'; style-src",
            )
        ],
        f"{PAGE_TESTS}::test_a_page_runs_no_script_but_the_files_of_the_service",
    ),
    Protection(
        "no text of a page becomes markup",
        [
            Edit(
                "web/static/js/core/dom.js", "element.append(child);", "element.innerHTML += child;"
            )
        ],
        f"{HOUSE_TESTS}::test_no_text_becomes_markup_and_nobody_else_is_asked",
    ),
    Protection(
        "files of another release are not kept for those of this one",
        [
            Edit(
                "web/routers/files.py",
                'FOR_EVER if digest == files.digest else "no-store"',
                "FOR_EVER",
            )
        ],
        f"{PAGE_TESTS}::test_a_page_of_another_release_gets_todays_files_but_not_for_keeps",
    ),
    Protection(
        "pages have no way to the data but the API",
        [
            Edit(
                "web/equipment.py",
                "from core.clock import Clock\n",
                "import database\nfrom core.clock import Clock\n",
            )
        ],
        f"{HOUSE_TESTS}::test_pages_have_no_way_to_the_data_but_the_api",
    ),
    Protection(
        "what is pressed again after its answer was lost is done once",
        [
            Edit(
                "web/static/js/core/dialogs.js",
                "if (isOver(refusal)) key = newKey();",
                "key = newKey();",
            )
        ],
        f"{ORDER_ACTIONS}::test_an_answer_that_was_lost_is_asked_for_again_and_nothing_is_done_twice",
    ),
    Protection(
        "what was refused is not in the way of the next try",
        [
            Edit(
                "web/static/js/core/dialogs.js",
                "if (isOver(refusal)) key = newKey();",
                "void isOver;",
            )
        ],
        f"{ORDER_ACTIONS}::test_more_than_is_left_is_refused_in_words_and_less_is_another_try",
    ),
    Protection(
        "the box office changes an order only as it has seen it",
        [
            Edit(
                "web/static/js/orders/actions.js",
                'headers: { "If-Match": known.tag }',
                "headers: {}",
            )
        ],
        f"{ORDER_ACTIONS}::test_what_somebody_else_changed_meanwhile_is_told_and_not_overwritten",
    ),
    Protection(
        "what a buyer asked for and had no answer to is asked for under the same key",
        [Edit("examples/storefront/purchase/keys.js", "return kept.key;", "return newKey();")],
        f"{SHOP_TESTS}::test_what_was_interrupted_goes_on_and_is_done_once",
    ),
    Protection(
        "a price that has changed is agreed to before anything is reserved",
        [
            Edit(
                "web/static/js/shop/cart.js",
                "button.disabled = isChanged;",
                "button.disabled = false;",
            )
        ],
        f"{REFUSED}::test_a_price_that_changed_is_told_before_anything_is_reserved_or_paid",
    ),
)
