"""The test provider for front ends that confirm a payment themselves, in place of its page."""

from starlette.datastructures import State

from core.settings import Settings
from Payment.providers.test import ByTestCards


def make(settings: Settings, state: State) -> ByTestCards:
    return ByTestCards("test_confirm", "confirm", settings, state)
