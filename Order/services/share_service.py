"""Whom an order concerns: its owner, and those the owner shares it with."""

from sqlalchemy import bindparam, delete, exists, insert, select

from core.pagination import ListQuery, Page
from core.store.listing import Listing, Where
from models import UserOrderRole, user_orders, users
from Order.errors import AlreadySharedError, OwnerStaysError, RecipientNotFoundError
from Order.schemas.order import OrderUserCreate, OrderUserRead
from Order.services import order_lifecycle, order_queries
from User.services import user_service
from work.context import Context

_RELATION = select(*user_orders.c, users.c.username).join(
    users, users.c.id == user_orders.c.user_id
)
_RELATIONS = Listing(
    _RELATION,
    user_orders.c,
    {"order_id": Where("order_id", user_orders.c.order_id == bindparam("order_id"))},
)


def list_order_users(context: Context, order_id: int, query: ListQuery) -> Page[OrderUserRead]:
    page = _RELATIONS.page(context.rows, query, order_id=order_id)
    if not page.items:
        order_queries.require_order(context, order_id)
    return page.map(OrderUserRead.model_validate)


def share_order(context: Context, order_id: int, body: OrderUserCreate) -> OrderUserRead:
    order_lifecycle.lock_order(context, order_id)
    user_service.require_active(context, body.user_id)
    this_relation = (user_orders.c.order_id == order_id, user_orders.c.user_id == body.user_id)
    if context.session.execute(select(exists().where(*this_relation))).scalar_one():
        raise AlreadySharedError
    recipient = {"order_id": order_id, "user_id": body.user_id, "role": UserOrderRole.RECIPIENT}
    context.session.execute(insert(user_orders).values(**recipient, created_at=context.now))
    return OrderUserRead.model_validate(
        context.session.execute(_RELATION.where(*this_relation)).one()
    )


def stop_sharing(context: Context, order_id: int, user_id: int) -> None:
    """Take one recipient's access away."""
    relation = (user_orders.c.order_id == order_id, user_orders.c.user_id == user_id)
    role = context.session.execute(select(user_orders.c.role).where(*relation)).scalar_one_or_none()
    if role is None:
        order_queries.require_order(context, order_id)
        raise RecipientNotFoundError
    if role == UserOrderRole.OWNER:
        raise OwnerStaysError
    context.session.execute(delete(user_orders).where(*relation))


def stop_sharing_with_all(context: Context, order_id: int) -> None:
    """Leave the order to its owner alone."""
    order_queries.require_order(context, order_id)
    context.session.execute(
        delete(user_orders).where(
            user_orders.c.order_id == order_id, user_orders.c.role == UserOrderRole.RECIPIENT
        )
    )
