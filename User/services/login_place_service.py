"""Where an account has logged in from: there its owner is not locked out by who guesses elsewhere.

A place is the mark of a household, which nobody can make, or try out, without the signing key.
"""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import delete, exists, select

from core.store.upsert import insert_into
from models import login_places
from work.context import Context

# Where nobody logged in for so long, somebody else may live by now.
_LIFETIME = timedelta(days=90)
# Of one account; a telephone is at a new place every day.
_MOST = 20


def is_known(context: Context, user_id: int, places: Sequence[str]) -> bool:
    """Whether the account logged in from there, under whichever of the marks it has."""
    known = exists().where(
        login_places.c.user_id == user_id,
        login_places.c.place_hash.in_(places),
        login_places.c.seen_at > context.now - _LIFETIME,
    )
    return bool(context.session.execute(select(known)).scalar_one())


def remember(context: Context, user_id: int, place: str) -> None:
    made = insert_into(context.session, login_places).values(
        user_id=user_id, place_hash=place, seen_at=context.now
    )
    seen_again = made.on_conflict_do_update(
        index_elements=["user_id", "place_hash"], set_={"seen_at": context.now}
    )
    context.session.execute(seen_again)
    _forget_the_oldest(context, user_id)


def _forget_the_oldest(context: Context, user_id: int) -> None:
    own = login_places.c.user_id == user_id
    by_age = select(login_places.c.id).where(own).order_by(login_places.c.seen_at.desc())
    context.session.execute(
        delete(login_places).where(login_places.c.id.in_(by_age.offset(_MOST).limit(_MOST)))
    )
