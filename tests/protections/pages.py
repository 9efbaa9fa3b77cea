"""The protections of pages: what they may run and load, and how long it is kept."""

from tests.protections.removing import Edit, Protection

SHELL = "web/shell.py"
PAGE_TESTS = "tests/web/test_pages.py"
HOUSE_TESTS = "tests/web/test_house.py"

PAGES = (
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
                '_FOR_EVER if digest == files.digest else "no-store"',
                "_FOR_EVER",
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
)
