"""Whom an order concerns: its owner, and those the owner shares it with."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, delete, exists, insert, select

from core.errors import NotAllowedError
from core.pagination import ListQuery, Page
from core.store.listing import Listing, Where
from core.text import account_key
from models import UserOrderRole, user_orders, users
from Order.errors import (
    AlreadySharedError,
    OwnerStaysError,
    RecipientNotFoundError,
    UnknownRecipientError,
)
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
    return page.map(lambda row: _read(context, row))


def share_order(context: Context, order_id: int, body: OrderUserCreate) -> OrderUserRead:
    """Show the order to somebody whom the caller knows by name or email."""
    order_lifecycle.lock_order(context, order_id)
    user_id = _recipient(context, body)
    this_relation = (user_orders.c.order_id == order_id, user_orders.c.user_id == user_id)
    if context.session.execute(select(exists().where(*this_relation))).scalar_one():
        raise AlreadySharedError
    recipient = {
        "order_id": order_id,
        "user_id": user_id,
        "role": UserOrderRole.RECIPIENT,
        "shared_as": body.recipient,
        "created_at": context.now,
    }
    context.session.execute(insert(user_orders).values(recipient))
    return _read(context, context.session.execute(_RELATION.where(*this_relation)).one())


def stop_sharing(context: Context, order_id: int, user_id: int) -> None:
    """Take one recipient's access away; recipients leave by themselves."""
    roles = _roles(context, order_id)
    if not roles:
        order_queries.require_order(context, order_id)
    caller = context.caller
    may_remove = caller.is_box_office or roles.get(caller.user_id) == UserOrderRole.OWNER
    if user_id not in roles or not (may_remove or caller.user_id == user_id):
        raise RecipientNotFoundError
    if roles[user_id] == UserOrderRole.OWNER:
        raise OwnerStaysError
    relation = (user_orders.c.order_id == order_id, user_orders.c.user_id == user_id)
    context.session.execute(delete(user_orders).where(*relation))


def stop_sharing_with_all(context: Context, order_id: int) -> None:
    """Leave the order to its owner alone."""
    order_queries.require_order(context, order_id)
    context.session.execute(
        delete(user_orders).where(
            user_orders.c.order_id == order_id, user_orders.c.role == UserOrderRole.RECIPIENT
        )
    )


def _recipient(context: Context, body: OrderUserCreate) -> int:
    """An id is no name: whoever counts upwards must not meet strangers."""
    if "user_id" in body.model_fields_set:
        if not context.caller.is_box_office:
            raise NotAllowedError("Name the recipient by username or email.")
        user_service.require_active(context, body.user_id)
        return body.user_id
    user_id = user_service.find_active(context, body.recipient)
    if user_id is None:
        raise UnknownRecipientError
    return user_id


def _roles(context: Context, order_id: int) -> Mapping[int | None, UserOrderRole]:
    """Whom the order concerns, and how."""
    related = user_orders.c
    rows = context.session.execute(
        select(related.user_id, related.role).where(related.order_id == order_id)
    )
    return {row.user_id: row.role for row in rows}


def _read(context: Context, row: Any) -> OrderUserRead:
    is_known = context.caller.is_admin or row.role == UserOrderRole.OWNER
    is_named = row.shared_as is not None and account_key(row.shared_as) == account_key(row.username)
    username = row.username if is_known or is_named else None
    return OrderUserRead.model_validate({**row._mapping, "username": username})
