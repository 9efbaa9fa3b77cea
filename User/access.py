"""Whose accounts are: each user's own."""

from typing import Any

from sqlalchemy import Select, select

from core.text import case_key
from models import users
from User.errors import UserNotFoundError
from work.access import Owned


def _by_id(user_id: int, caller_id: int) -> Select[Any]:
    return select(users.c.id).where(users.c.id == caller_id, users.c.id == user_id)


def _by_username(username: str, caller_id: int) -> Select[Any]:
    key = case_key(str(username))
    return select(users.c.id).where(users.c.id == caller_id, users.c.username_key == key)


USER = Owned("user", UserNotFoundError, _by_id)
USERNAME = Owned("username", UserNotFoundError, _by_username)
