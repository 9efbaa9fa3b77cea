"""Operator commands: the service, accounts, the books, and copies of the database."""

import typer

from commands import accounts, backups, books, demo, serving
from core.private_files import keep_files_private

app = typer.Typer(
    help=__doc__,
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,  # They print the values of variables: passwords.
)
for command in (
    serving.serve,
    accounts.create_admin,
    accounts.reset_password,
    accounts.reset_second_factor,
    accounts.reseal_second_factors,
    accounts.list_users,
    books.reconcile,
    books.fold_ledger,
    backups.backup,
    backups.restore,
    demo.demo,
):
    app.command()(command)


if __name__ == "__main__":
    keep_files_private()
    app()
