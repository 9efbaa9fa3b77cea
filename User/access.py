"""Whose accounts are: each user's own."""

from sqlalchemy import Executable, bindparam, select

from core.store.dialects import Sql
from core.store.statements import statement
from core.text import account_key
from models import users
from User.errors import UserNotFoundError
from work.access import Owned


@statement
def _by_username(_sql: Sql) -> Executable:
    is_named = users.c.username_key == bindparam("about")
    return select(users.c.id).where(users.c.id == bindparam("asking_id"), is_named)


USER = Owned("user", UserNotFoundError, None)
USERNAME = Owned("username", UserNotFoundError, _by_username, key=account_key)
