"""What the pages share in a process."""

from collections.abc import Callable

from fastapi import Request, Response
from starlette.datastructures import State

from core.clock import Clock
from core.settings import Settings
from web.shell import show

# What a person is shown at ``/``, where a program gets its JSON.
FrontPage = Callable[[Request], Response]


def equip(state: State, settings: Settings, _clock: Clock) -> None:
    if settings.pages_enabled:
        state.front_page = front_page


def front_page(request: Request) -> Response:
    return show(request, "doors.html")
