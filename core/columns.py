"""How the tables are made: names of constraints, and the columns that many have."""

from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Enum,
    ForeignKey,
    Integer,
    String,
    Table,
    literal_column,
)
from sqlmodel import Field, SQLModel

from core.money import ZERO, Money

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

# SQLite numbers rows by itself only in a column that is exactly INTEGER.
BigId = BigInteger().with_variant(Integer, "sqlite")


# SQLite would give the id of a deleted last row to the next one, and old links another's object.
NEVER_REUSE_IDS = {"sqlite_autoincrement": True}
# Of a table whose rows the service never changes, nor removes; its role needs no right to.
APPEND_ONLY = {**NEVER_REUSE_IDS, "info": {"is_append_only": True}}


def quoted(value: str) -> ColumnElement[str]:
    """A word of ours, written in a statement: PostgreSQL plans by it, and nobody sends it along."""
    return literal_column(f"'{value}'", String)


def stored_by_value(enum: type[StrEnum], name: str) -> Enum:
    """Text with a CHECK: a native type would store names and resist migrations."""
    return Enum(
        enum,
        name=name,
        native_enum=False,
        create_constraint=True,
        length=20,
        values_callable=lambda members: [member.value for member in members],
    )


def id_column() -> Any:
    return Field(default=None, sa_column=Column(BigId, primary_key=True))


def reference_column(target: str, *, ondelete: str) -> Any:
    return Field(sa_column=Column(BigId, ForeignKey(target, ondelete=ondelete), nullable=False))


def money_column() -> Any:
    return Field(default=ZERO, sa_type=Money)


def table_of(model: type[SQLModel]) -> Table:
    return SQLModel.metadata.tables[str(model.__tablename__)]
