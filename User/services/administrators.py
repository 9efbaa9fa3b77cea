"""That there always is an administrator, and one who can log in."""

from sqlalchemy import select

from models import UserRole, users
from User.errors import LastAdministratorError
from work.context import Context


def require_another(context: Context, user_id: int) -> None:
    """Before a user is demoted, deactivated or removed: raises if no administrator would be left,
    or none with a password where this one has it.

    All of them are locked, in one order and before the user is, so that of two administrators who
    remove each other the second one sees what the first one did.
    """
    is_active_admin = (users.c.role == UserRole.ADMIN, users.c.is_active.is_(True))
    columns = (users.c.id, users.c.password_hash.is_not(None).label("can_log_in"))
    all_of_them = select(*columns).where(*is_active_admin).order_by(users.c.id)
    locked = context.session.execute(all_of_them.with_for_update(key_share=True)).all()
    can_log_in = {row.id: row.can_log_in for row in locked}
    is_needed = can_log_in.pop(user_id, None)
    if is_needed is None:
        return
    if not can_log_in or (is_needed and not any(can_log_in.values())):
        raise LastAdministratorError
