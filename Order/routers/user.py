"""Users over HTTP."""

from typing import Annotated

from fastapi import Path, Query, Response
from pydantic import BeforeValidator

from core.errors import NotAllowedError, StaleObjectError
from core.http.problems import responses
from core.schemas import IdPath
from core.text import kept_name
from Order.schemas.holds import ReleasedHolds
from Order.schemas.order import OrderFilters, OrderHistoryEntry
from Order.services import order_queries, release_service
from User.access import USER, USERNAME
from User.equipment import AccountChanges, Hasher
from User.errors import (
    EmailTakenError,
    InvalidCredentialsError,
    LastAdministratorError,
    NotByApiKeyError,
    PasswordRequiredError,
    RoleTooHighError,
    UserErasedError,
    UserHasOrdersError,
    UsernameReservedError,
    UsernameTakenError,
    UserNotFoundError,
)
from User.flows.change_user import change_user
from User.flows.registration import register
from User.schemas.user import UserCreate, UserList, UserRead, UserUpdate
from User.services import user_service
from work.access import ADMIN, BOX_OFFICE, PUBLIC, allowed, owner_or_admin, owner_or_box_office
from work.conditions import conditional
from work.routing import Router
from work.unit_of_work import Work

router = Router(prefix="/api/users", tags=["Users"])


@router.post(
    "/",
    summary="Create a user",
    operation_id="create_user",
    status_code=201,
    response_model=UserRead,
    responses=responses(
        RoleTooHighError, UsernameTakenError, UsernameReservedError, EmailTakenError, body=True
    ),
)
@allowed(PUBLIC)
async def create_user(body: UserCreate, work: Work, hasher: Hasher) -> Response:
    """Register an account; username and email are unique in any case."""
    return await register(work, body, hasher)


@router.get(
    "/",
    summary="List users",
    operation_id="list_users",
    response_model=list[UserRead],
    responses=responses(),
)
@allowed(ADMIN)
async def list_users(query: Annotated[UserList, Query()], work: Work) -> Response:
    """All accounts, active and deactivated."""
    return await work.page(lambda context: user_service.list_users(context, query))


@router.get(
    "/username/{username}",
    summary="Get a user by username",
    operation_id="get_user_by_username",
    response_model=UserRead,
    responses=responses(UserNotFoundError),
)
@allowed(owner_or_admin(USERNAME))
async def get_user_by_username(
    username: Annotated[
        str, Path(max_length=50, pattern=r"^[A-Za-z0-9_.-]+$"), BeforeValidator(kept_name)
    ],
    work: Work,
) -> Response:
    """One user, by username in any case."""
    return await work.about(username).read(
        lambda context: user_service.get_user_by_username(context, username)
    )


@router.get(
    "/{user_id}",
    summary="Get a user",
    operation_id="get_user",
    response_model=UserRead,
    responses=responses(UserNotFoundError),
)
@allowed(owner_or_admin(USER))
async def get_user(user_id: IdPath, work: Work) -> Response:
    """One user, by id."""
    return await work.about(user_id).read(lambda context: user_service.get_user(context, user_id))


@router.get(
    "/{user_id}/orders",
    summary="Get a user's order history",
    operation_id="list_user_orders",
    response_model=list[OrderHistoryEntry],
    responses=responses(UserNotFoundError),
)
@allowed(owner_or_box_office(USER))
async def list_user_orders(
    user_id: IdPath, query: Annotated[OrderFilters, Query()], work: Work
) -> Response:
    """The orders that the user bought (`owner`) or that are shared with the user (`recipient`)."""
    return await work.about(user_id).page(
        lambda context: order_queries.list_orders_of(context, user_id, query)
    )


@router.post(
    "/{user_id}/holds/release",
    summary="Release a user's holds",
    operation_id="release_holds",
    response_model=ReleasedHolds,
    responses=responses(UserNotFoundError),
)
@allowed(BOX_OFFICE)
async def release_holds(user_id: IdPath, work: Work) -> Response:
    """Cancel the user's pending orders on which there is no money, and tell which.

    Their tickets are free at once. The user may not hold these again before `HOLD_AGAIN_MINUTES`
    have passed.
    """
    return await work.change(lambda context: release_service.release_holds(context, user_id))


@router.put(
    "/{user_id}",
    summary="Change a user",
    operation_id="update_user",
    response_model=UserRead,
    responses=responses(
        InvalidCredentialsError,
        NotAllowedError,
        NotByApiKeyError,
        PasswordRequiredError,
        UserNotFoundError,
        UsernameTakenError,
        UsernameReservedError,
        EmailTakenError,
        LastAdministratorError,
        UserErasedError,
        StaleObjectError,
        body=True,
    ),
)
@allowed(owner_or_admin(USER))
@conditional
async def update_user(
    user_id: IdPath, body: UserUpdate, work: Work, count_change: AccountChanges, hasher: Hasher
) -> Response:
    """Change the fields that are sent; one's own username and email with `current_password`."""
    return await change_user(
        work.about(user_id), user_id, body, count_change=count_change, hasher=hasher
    )


@router.delete(
    "/{user_id}",
    summary="Delete a user",
    operation_id="delete_user",
    status_code=204,
    responses=responses(UserNotFoundError, UserHasOrdersError, LastAdministratorError),
)
@allowed(ADMIN)
@conditional
async def delete_user(user_id: IdPath, work: Work) -> Response:
    """Possible while the user has no orders; deactivate the user otherwise."""
    return await work.remove(lambda context: user_service.delete_user(context, user_id))


@router.patch(
    "/{user_id}/deactivate",
    summary="Deactivate a user",
    operation_id="deactivate_user",
    response_model=UserRead,
    responses=responses(UserNotFoundError, LastAdministratorError),
)
@allowed(ADMIN)
@conditional
async def deactivate_user(user_id: IdPath, work: Work) -> Response:
    """A deactivated user can't fill a cart or order; orders that exist go on.

    Log-ins and API keys end, and do not come back.
    """
    return await work.change(
        lambda context: user_service.set_active(context, user_id, active=False)
    )


@router.patch(
    "/{user_id}/activate",
    summary="Activate a user",
    operation_id="activate_user",
    response_model=UserRead,
    responses=responses(UserNotFoundError, UserErasedError),
)
@allowed(ADMIN)
@conditional
async def activate_user(user_id: IdPath, work: Work) -> Response:
    """The user can fill a cart and order again."""
    return await work.change(lambda context: user_service.set_active(context, user_id, active=True))
