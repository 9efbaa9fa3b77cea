"""That there always is an administrator."""

from sqlalchemy import select

from models import UserRole, users
from User.errors import LastAdministratorError
from work.context import Context


def require_another(context: Context, user_id: int) -> None:
    """Before a user is demoted, deactivated or removed: raises if no administrator would be left.

    All of them are locked, in one order and before the user is, so that of two administrators who
    remove each other the second one sees what the first one did.
    """
    is_active_admin = (users.c.role == UserRole.ADMIN, users.c.is_active.is_(True))
    all_of_them = select(users.c.id).where(*is_active_admin).order_by(users.c.id)
    locked = context.session.execute(all_of_them.with_for_update(key_share=True)).scalars()
    if list(locked) == [user_id]:
        raise LastAdministratorError
