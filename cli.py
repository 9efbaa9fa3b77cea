"""Operator commands: the first administrator, lost passwords, accounts, and the books."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter, ValidationError
from sqlmodel import Session

from Auth.services import account_service
from Auth.services.account_service import ListedAccount
from Auth.services.passwords import Passwords
from core.clock import utc_now
from core.errors import DomainError
from core.passwords import Password
from core.production import load_safe_settings
from core.schema_version import prepare_schema, require_schema
from core.settings import ConfigurationError, Settings
from database import Database
from Ledger.schemas import Difference, Figure, Reconciliation
from Ledger.services import reconciliation_service
from Order.schemas.user import Email, Username

PASSWORD_VARIABLE = "ADMIN_PASSWORD"  # noqa: S105 - the variable's name
PAGE = 500
# Reading all books takes longer than a request may.
PATIENCE = {"request_timeout_seconds": 3600.0}

app = typer.Typer(
    help=__doc__,
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,  # They print the values of variables: passwords.
)


@app.command()
def create_admin(
    username: Annotated[str, typer.Option(help="3 to 50 of A-Z a-z 0-9 _ . -")],
    email: Annotated[str, typer.Option(help="Unique, as the username.")],
) -> None:
    """Make an administrator. The password is $ADMIN_PASSWORD, or asked for."""
    with _service() as service:
        name = _checked(Username, username, "--username")
        address = _checked(Email, email, "--email")
        hashed = _hashed_password(service.settings)

        def create(session: Session) -> int:
            return account_service.create_admin(
                session, username=name, email=address, password_hash=hashed, now=utc_now()
            )

        made = service.database.transact(create)
    typer.echo(f"Administrator {name} was created with id {made}.")


@app.command()
def reset_password(
    username: Annotated[str, typer.Option(help="Or the email address, in any case.")],
) -> None:
    """Give an account a new password and end all its log-ins.

    The password is $ADMIN_PASSWORD, or asked for.
    """
    with _service() as service:
        user_id = service.database.query(_find(username))
        hashed = _hashed_password(service.settings)

        def reset(session: Session) -> None:
            account_service.set_password(session, user_id, hashed, now=utc_now())

        service.database.transact(reset)
    typer.echo(f"The password of {username} was changed, and all log-ins have ended.")


@app.command()
def list_users() -> None:
    """Show all accounts, a line each."""
    with _service() as service:
        typer.echo(_line("id", "username", "email", "role", "active"))
        for one in _accounts(service.database):
            active = "yes" if one.is_active else "no"
            typer.echo(_line(str(one.user_id), one.username, one.email, one.role.value, active))


@app.command()
def reconcile() -> None:
    """Check whether stock, orders, money and the ledger agree; nothing is written.

    Prints each difference on a line, and ends with 1 if there is any.
    """
    with _service(prepare=require_schema, **PATIENCE) as service:
        books = service.database.query_snapshot(_check_books(service.settings))
    for difference in books.differences:
        typer.echo(_told(difference))
    typer.echo(_summary(books))
    if not books.is_consistent:
        raise typer.Exit(code=1)


@dataclass(frozen=True)
class _Service:
    settings: Settings
    database: Database


@contextmanager
def _service(
    prepare: Callable[[Settings], None] = prepare_schema, **changes: float
) -> Iterator[_Service]:
    """The service's settings and database; what the operator can mend is told in one line."""
    try:
        settings = load_safe_settings()
        prepare(settings)
        settings = settings.model_copy(update=changes)
        database = Database(settings)
    except ConfigurationError as error:
        raise _failed(f"Not started: {error}") from None
    try:
        yield _Service(settings, database)
    except DomainError as error:
        raise _failed(error.detail) from None
    finally:
        database.close()


def _failed(message: str) -> typer.Exit:
    typer.echo(message, err=True)
    return typer.Exit(code=1)


def _check_books(settings: Settings) -> Callable[[Session], Reconciliation]:
    return lambda session: reconciliation_service.reconcile(
        session, currency=settings.currency, now=utc_now(), listed=sys.maxsize
    )


def _told(difference: Difference) -> str:
    found, expected = _shown(difference.found), _shown(difference.expected)
    what = f"{difference.object} {difference.id}: {difference.field} is {found}, not {expected}"
    return f"{difference.rule}: {what}"


def _shown(figure: Figure) -> str:
    if figure is None:
        return "missing"
    return f"{figure:.2f}" if isinstance(figure, float) else str(figure)


def _summary(books: Reconciliation) -> str:
    totals = books.totals
    things = {
        "rule": len(books.rules),
        "ticket": totals.tickets,
        "order": totals.orders,
        "transaction": totals.transactions,
        "movement": totals.movements,
    }
    checked = ", ".join(_counted(number, thing) for thing, number in things.items())
    if books.is_consistent:
        return f"The books agree: {checked}."
    broken = ", ".join(f"{one.rule} ({one.differences})" for one in books.rules if one.differences)
    differences = _counted(books.difference_count, "difference")
    return f"The books do not agree: {differences} in {broken}; {checked}."


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _find(username: str) -> Callable[[Session], int]:
    return lambda session: account_service.require_user_id(session, username)


def _hashed_password(settings: Settings) -> str:
    password = _checked(Password, _given_password(), "The password")
    hasher = Passwords(
        memory_kib=settings.password_hash_memory_kib, iterations=settings.password_hash_iterations
    )
    return hasher.hash_now(password)


def _given_password() -> str:
    """Never an argument: the list of processes and the shell's history would show it."""
    if given := os.environ.get(PASSWORD_VARIABLE):
        return given
    if not sys.stdin.isatty():
        raise _failed(f"No password: set {PASSWORD_VARIABLE}, or run this in a terminal.")
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))


def _checked(kind: Any, value: str, name: str) -> Any:
    """The value as the API would take it."""
    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        # The value itself stays out of the message.
        reasons = "; ".join(str(item["msg"]) for item in error.errors(include_input=False))
        raise _failed(f"{name}: {reasons}.") from None


def _accounts(database: Database) -> Iterator[ListedAccount]:
    """Page by page, so that no number of accounts fills the memory."""
    after = 0
    while page := database.query(_page_after(after)):
        yield from page
        after = page[-1].user_id


def _page_after(after: int) -> Callable[[Session], Any]:
    return lambda session: account_service.list_accounts(session, after=after, limit=PAGE)


def _line(number: str, username: str, email: str, role: str, active: str) -> str:
    return f"{number:>8}  {username:<20}  {email:<32}  {role:<8}  {active}"


if __name__ == "__main__":
    app()
