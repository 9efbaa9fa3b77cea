import pytest

# So that a failure tells both sides of the comparison.
pytest.register_assert_rewrite(
    "tests.support.stateful.machine",
    "tests.support.stateful.comparing",
    "tests.support.stateful.provider_rules",
)
