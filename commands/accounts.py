"""Accounts on the command line: the first administrator, lost passwords, who there is."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter, ValidationError

from commands.service import Service, failed, open_service
from core.settings import Settings
from User.schemas.password import Password, is_named
from User.schemas.user import Email, Username
from User.services import account_service, second_factor_service
from User.services.account_service import ListedAccount
from User.services.factor_seal import FactorSeal
from User.services.hashing import PasswordHasher
from work.context import Context

PASSWORD_VARIABLE = "ADMIN_PASSWORD"  # noqa: S105 - the variable's name
PAGE = 500


def create_admin(
    username: Annotated[str, typer.Option(help="3 to 50 of A-Z a-z 0-9 _ . -")],
    email: Annotated[str, typer.Option(help="Unique, as the username.")],
) -> None:
    """Make an administrator. The password is $ADMIN_PASSWORD, or asked for."""
    with open_service("create-admin") as service:
        name = _checked(Username, username, "--username")
        address = _checked(Email, email, "--email")
        hashed = _hashed_password(service.settings, name, address)
        made = service.write(
            lambda context: account_service.create_admin(
                context, username=name, email=address, password_hash=hashed
            )
        )
    typer.echo(f"Administrator {name} was created with id {made}.")


def reset_password(
    username: Annotated[str, typer.Option(help="Or the email address, in any case.")],
    *,
    keep_api_keys: Annotated[bool, typer.Option(help="Programs go on with their keys.")] = False,
) -> None:
    """Give an account a new password and end all its log-ins and API keys.

    The password is $ADMIN_PASSWORD, or asked for.
    """
    with open_service("reset-password") as service:
        user_id = service.read(lambda context: account_service.require_user_id(context, username))
        hashed = _hashed_password(service.settings, *_names_of(service, user_id))
        service.write(
            lambda context: account_service.set_password(
                context, user_id, hashed, keep_keys=keep_api_keys
            )
        )
    ended = "log-ins" if keep_api_keys else "log-ins and API keys"
    typer.echo(f"The password of {username} was changed, and all {ended} have ended.")


def reset_second_factor(
    username: Annotated[str, typer.Option(help="Or the email address, in any case.")],
) -> None:
    """Take the second factor off an account whose owner lost it, and end all its log-ins."""
    with open_service("reset-second-factor") as service:
        user_id = service.read(lambda context: account_service.require_user_id(context, username))
        service.write(lambda context: second_factor_service.reset(context, user_id))
    typer.echo(f"The second factor of {username} was removed, and all log-ins have ended.")


def reseal_second_factors() -> None:
    """After SECRET_KEY was rotated: keep second factors with the new key, all of them."""
    with open_service("reseal-second-factors") as service:
        seal, done = FactorSeal(service.settings), [0]
        while done:
            done = service.write(_resealed(seal, done[-1]))
    typer.echo("All second factors are kept with SECRET_KEY.")


def _resealed(seal: FactorSeal, after: int) -> Callable[[Context], list[int]]:
    return lambda context: second_factor_service.reseal(context, after=after, limit=PAGE, seal=seal)


def list_users() -> None:
    """Show all accounts, a line each."""
    with open_service("list-users") as service:
        typer.echo(_line("id", "username", "email", "role", "active"))
        for one in _accounts(service):
            active = "yes" if one.is_active else "no"
            typer.echo(_line(str(one.user_id), one.username, one.email, one.role.value, active))


def _names_of(service: Service, user_id: int) -> tuple[str, str]:
    return service.read(lambda context: account_service.get_names(context, user_id))


def _hashed_password(settings: Settings, *names: str) -> str:
    """The given password's hash; ``names`` are those of the account, which it must not be."""
    password = _checked(Password, _given_password(), "The password")
    if is_named(password, *names):
        raise failed("The password: is the account's own name")
    return PasswordHasher.of(settings).hash_now(password)


def _given_password() -> str:
    """Never an argument: the list of processes and the shell's history would show it."""
    if given := os.environ.get(PASSWORD_VARIABLE):
        return given
    if not sys.stdin.isatty():
        raise failed(f"No password: set {PASSWORD_VARIABLE}, or run this in a terminal.")
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))


def _checked(kind: Any, value: str, name: str) -> Any:
    """The value as the API would take it."""
    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        # The value itself stays out of the message.
        reasons = "; ".join(str(item["msg"]) for item in error.errors(include_input=False))
        raise failed(f"{name}: {reasons}.") from None


def _accounts(service: Service) -> Iterator[ListedAccount]:
    """Page by page, so that no number of accounts fills the memory."""
    page = service.read(_page_after(0))
    while page:
        yield from page
        page = service.read(_page_after(page[-1].user_id))


def _page_after(user_id: int) -> Callable[[Context], Sequence[ListedAccount]]:
    return lambda context: account_service.list_accounts(context, after=user_id, limit=PAGE)


def _line(number: str, username: str, email: str, role: str, active: str) -> str:
    return f"{number:>8}  {username:<20}  {email:<32}  {role:<8}  {active}"
