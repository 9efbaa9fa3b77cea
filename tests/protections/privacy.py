"""The protections of people: what is kept about them is told to them alone."""

from tests.protections.removing import Edit, Protection

EXPORT = "Privacy/services/export_service.py"
EXPORT_TESTS = "tests/Privacy/test_export.py"

PRIVACY = (
    Protection(
        "what is told of a person is of one moment",
        [
            Edit(
                "Privacy/routers/privacy.py",
                "await work.about(user_id).report(",
                "await work.about(user_id).read(",
            )
        ],
        f"{EXPORT_TESTS}::test_all_is_of_one_moment",
    ),
    Protection(
        "an answer about a person is never as long as what is kept",
        [Edit(EXPORT, ".order_by(orders.c.id).limit(query.limit + 1)", ".order_by(orders.c.id)")],
        f"{EXPORT_TESTS}::test_many_orders_are_told_in_parts_that_lead_on",
    ),
    Protection(
        "no cache keeps what is told of a person",
        [Edit("Privacy/routers/privacy.py", '    answer.headers["Cache-Control"] = "no-store"\n')],
        f"{EXPORT_TESTS}::test_no_cache_keeps_it",
    ),
)
