"""Whether a PostgreSQL can do what the service asks of it, beside having the right schema."""

from collections.abc import Iterator

from sqlalchemy import Connection, text
from sqlmodel import SQLModel

from core.errors import UnavailableError

# In another one not every name can be kept; in SQL_ASCII nobody knows what a name is.
_ENCODING = "UTF8"
_LACKING = text(
    "SELECT act || ' ON ' || name FROM unnest(:names, :acts) AS needed (name, act)"
    " WHERE CASE act WHEN 'USAGE' THEN has_sequence_privilege(to_regclass(name), act)"
    " ELSE has_table_privilege(to_regclass(name), act) END IS FALSE"
)
_ALL_ACTS = ("SELECT", "INSERT", "UPDATE", "DELETE")


class UnfitError(UnavailableError):
    """Why is for the operator's log: callers could do nothing about it."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__()


class MisconfiguredError(UnfitError):
    code = "database_misconfigured"
    title = "The database can't be used as it is set up"
    # It lasts until somebody mends it.
    retry_after_seconds = 30


class ReadOnlyError(UnfitError):
    code = "database_read_only"
    title = "The database takes no changes"
    retry_after_seconds = 5


def encoding_problem(connection: Connection) -> str | None:
    """What is wrong with the database's encoding, and what to do, or None."""
    if connection.dialect.name == "sqlite":
        return None
    encoding = connection.execute(text("SHOW server_encoding")).scalar_one()
    if encoding == _ENCODING:
        return None
    return (
        f"the database's encoding is {encoding}, which can't keep every name: make one with"
        f" CREATE DATABASE … TEMPLATE template0 ENCODING '{_ENCODING}'"
    )


def require_fitness(connection: Connection) -> None:
    """Refuse a server that would refuse to sell; its schema is the right one."""
    if connection.dialect.name == "sqlite":
        return
    if problem := encoding_problem(connection):
        raise MisconfiguredError(problem)
    if connection.execute(text("SHOW transaction_read_only")).scalar_one() == "on":
        raise ReadOnlyError("the server is a standby, or set to default_transaction_read_only")
    if rights := ", ".join(_missing_rights(connection)):
        raise MisconfiguredError(f"the role has no right to {rights}")


def _missing_rights(connection: Connection) -> list[str]:
    names, acts = zip(*_needed(), strict=True)
    found = connection.execute(_LACKING, {"names": list(names), "acts": list(acts)})
    return list(found.scalars())


def _needed() -> Iterator[tuple[str, str]]:
    """Each table, and each sequence of ids, with what the service does to it."""
    for table in SQLModel.metadata.sorted_tables:
        yield f"{table.name}_id_seq", "USAGE"
        is_changed = not table.info.get("is_append_only")
        for act in _ALL_ACTS if is_changed else _ALL_ACTS[:2]:
            yield table.name, act
