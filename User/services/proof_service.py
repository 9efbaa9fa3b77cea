"""That a password was right, and still is when something is done because of it.

A password is compared outside of any transaction, for that takes long. Meanwhile it may be changed,
or the account deactivated: whoever had the old one must not be let in by it.
"""

from dataclasses import dataclass

from sqlalchemy import select, update

from models import users
from User.errors import InvalidCredentialsError, ProofOutdatedError
from work.context import Context


@dataclass(frozen=True)
class Proof:
    """Somebody knew the password of an account; ``password_hash`` is what it was held against."""

    user_id: int
    password_hash: str
    # The same password under today's parameters, where these have changed.
    renewed: str | None = None


def require(context: Context, proof: Proof, *, to_change: bool = False) -> None:
    """Raises unless the account is as it was when the password was compared.

    The lock makes a new password, a deactivation or a new role wait until this is done, or this
    see it. It is a shared one where the account itself stays as it is, and orders go on beside it.
    """
    statement = select(users.c.password_hash, users.c.is_active)
    statement = statement.where(users.c.id == proof.user_id)
    changes = to_change or proof.renewed is not None
    locked = statement.with_for_update(read=not changes, key_share=changes)
    row = context.session.execute(locked).one_or_none()
    if row is None or not row.is_active:
        raise InvalidCredentialsError
    if row.password_hash != proof.password_hash:
        raise ProofOutdatedError


def renew_hash(context: Context, proof: Proof) -> None:
    """Keep the same password under today's parameters; what is served does not change."""
    if proof.renewed is None:
        return
    as_compared = (users.c.id == proof.user_id, users.c.password_hash == proof.password_hash)
    context.session.execute(update(users).where(*as_compared).values(password_hash=proof.renewed))
