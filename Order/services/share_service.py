"""Whom an order concerns: its owner, and those the owner shares it with."""

from datetime import datetime

from sqlalchemy import delete, exists, insert, select
from sqlmodel import Session

from core.pagination import ListQuery, Page, Sorting, fetch_page
from models import UserOrderRole, user_orders, users
from Order.errors import AlreadySharedError, OwnerStaysError, RecipientNotFoundError
from Order.schemas.order import OrderUserCreate, OrderUserRead
from Order.services import order_lifecycle, order_queries, user_service

_RELATION = select(*user_orders.c, users.c.username).join(
    users, users.c.id == user_orders.c.user_id
)


def list_order_users(session: Session, order_id: int, query: ListQuery) -> Page[OrderUserRead]:
    statement = _RELATION.where(user_orders.c.order_id == order_id)
    page = fetch_page(session, statement, query, Sorting.of(query.sort, user_orders.c))
    if not page.items:
        order_queries.require_order(session, order_id)
    return Page([OrderUserRead.model_validate(row) for row in page.items], page.next, page.total)


def share_order(
    session: Session, order_id: int, body: OrderUserCreate, *, now: datetime
) -> OrderUserRead:
    order_lifecycle.lock_order(session, order_id, now=now)
    user_service.require_active(session, body.user_id)
    this_relation = (user_orders.c.order_id == order_id, user_orders.c.user_id == body.user_id)
    if session.execute(select(exists().where(*this_relation))).scalar_one():
        raise AlreadySharedError
    recipient = {"order_id": order_id, "user_id": body.user_id, "role": UserOrderRole.RECIPIENT}
    session.execute(insert(user_orders).values(**recipient, created_at=now))
    return OrderUserRead.model_validate(session.execute(_RELATION.where(*this_relation)).one())


def stop_sharing(session: Session, order_id: int, user_id: int) -> None:
    """Take one recipient's access away."""
    relation = (user_orders.c.order_id == order_id, user_orders.c.user_id == user_id)
    role = session.execute(select(user_orders.c.role).where(*relation)).scalar_one_or_none()
    if role is None:
        order_queries.require_order(session, order_id)
        raise RecipientNotFoundError
    if role == UserOrderRole.OWNER:
        raise OwnerStaysError
    session.execute(delete(user_orders).where(*relation))


def stop_sharing_with_all(session: Session, order_id: int) -> None:
    """Leave the order to its owner alone."""
    order_queries.require_order(session, order_id)
    session.execute(
        delete(user_orders).where(
            user_orders.c.order_id == order_id, user_orders.c.role == UserOrderRole.RECIPIENT
        )
    )
