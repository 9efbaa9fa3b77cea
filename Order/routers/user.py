"""Users over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from Auth.services.passwords import Passwords
from core.errors import NotAllowedError, StaleObjectError
from core.problems import responses
from core.schemas import IdPath
from core.unit_of_work import Work
from Order.errors import (
    EmailTakenError,
    RoleTooHighError,
    UserHasOrdersError,
    UsernameTakenError,
    UserNotFoundError,
)
from Order.schemas.order import OrderFilters, OrderHistoryEntry
from Order.schemas.user import UserCreate, UserList, UserRead, UserUpdate
from Order.services import order_queries, user_service

router = APIRouter(prefix="/api/users", tags=["Users"])


@router.post(
    "/",
    summary="Create a user",
    operation_id="create_user",
    status_code=201,
    response_model=UserRead,
    responses=responses(RoleTooHighError, UsernameTakenError, EmailTakenError, body=True),
)
async def create_user(body: UserCreate, request: Request, work: Work) -> Response:
    """Register an account; username and email are unique in any case."""
    passwords: Passwords = request.app.state.passwords
    return await work.create(
        user_service.register_user,
        body,
        password_hash=await passwords.hash(body.password) if body.password else None,
        caller=work.caller,
        now=work.now,
    )


@router.get(
    "/",
    summary="List users",
    operation_id="list_users",
    response_model=list[UserRead],
    responses=responses(),
)
async def list_users(query: Annotated[UserList, Query()], work: Work) -> Response:
    """All accounts, active and deactivated."""
    return await work.page(user_service.list_users, query)


@router.get(
    "/username/{username}",
    summary="Get a user by username",
    operation_id="get_user_by_username",
    response_model=UserRead,
    responses=responses(UserNotFoundError),
)
async def get_user_by_username(
    username: Annotated[str, Path(max_length=50, pattern=r"^[A-Za-z0-9_.-]+$")], work: Work
) -> Response:
    """One user, by username in any case."""
    return await work.about(username).read(user_service.get_user_by_username, username)


@router.get(
    "/{user_id}",
    summary="Get a user",
    operation_id="get_user",
    response_model=UserRead,
    responses=responses(UserNotFoundError),
)
async def get_user(user_id: IdPath, work: Work) -> Response:
    """One user, by id."""
    return await work.about(user_id).read(user_service.get_user, user_id)


@router.get(
    "/{user_id}/orders",
    summary="Get a user's order history",
    operation_id="list_user_orders",
    response_model=list[OrderHistoryEntry],
    responses=responses(UserNotFoundError),
)
async def list_user_orders(
    user_id: IdPath, query: Annotated[OrderFilters, Query()], work: Work
) -> Response:
    """The orders that the user bought (`owner`) or that are shared with the user (`recipient`)."""
    return await work.about(user_id).page(
        order_queries.list_history,
        user_id,
        query,
        caller=work.caller,
        currency=work.settings.currency,
        now=work.now,
    )


@router.put(
    "/{user_id}",
    summary="Change a user",
    operation_id="update_user",
    response_model=UserRead,
    responses=responses(
        NotAllowedError,
        UserNotFoundError,
        UsernameTakenError,
        EmailTakenError,
        StaleObjectError,
        body=True,
    ),
)
async def update_user(user_id: IdPath, body: UserUpdate, work: Work) -> Response:
    """Change the fields that are sent."""
    return await work.about(user_id).change(
        user_service.update_user, user_id, body, caller=work.caller, now=work.now
    )


@router.delete(
    "/{user_id}",
    summary="Delete a user",
    operation_id="delete_user",
    status_code=204,
    responses=responses(UserNotFoundError, UserHasOrdersError),
)
async def delete_user(user_id: IdPath, work: Work) -> Response:
    """Possible while the user has no orders; deactivate the user otherwise."""
    return await work.remove(user_service.delete_user, user_id)


@router.patch(
    "/{user_id}/deactivate",
    summary="Deactivate a user",
    operation_id="deactivate_user",
    response_model=UserRead,
    responses=responses(UserNotFoundError),
)
async def deactivate_user(user_id: IdPath, work: Work) -> Response:
    """A deactivated user can't fill a cart or order; orders that exist go on."""
    return await work.change(user_service.set_active, user_id, active=False, now=work.now)


@router.patch(
    "/{user_id}/activate",
    summary="Activate a user",
    operation_id="activate_user",
    response_model=UserRead,
    responses=responses(UserNotFoundError),
)
async def activate_user(user_id: IdPath, work: Work) -> Response:
    """The user can fill a cart and order again."""
    return await work.change(user_service.set_active, user_id, active=True, now=work.now)
