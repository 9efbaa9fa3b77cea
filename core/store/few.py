"""Rows of a few keys that another question tells."""

from typing import Any

from sqlalchemy import Boolean, ColumnElement
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class _OneOfFew(FunctionElement[bool]):
    type = Boolean()
    inherit_cache = True


def one_of_few(key: ColumnElement[Any], keys: Any) -> ColumnElement[bool]:
    """Whether a key is one of those that a SELECT finds, which are so few that each is looked up.

    PostgreSQL can't know that of a table that is mostly empty, and would read all rows once.
    """
    return _OneOfFew(key, keys.scalar_subquery())


@compiles(_OneOfFew, "postgresql")
def _on_postgresql(element: _OneOfFew, compiler: SQLCompiler, **options: Any) -> str:
    key, keys = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{key} = ANY(ARRAY{keys})"


@compiles(_OneOfFew, "sqlite")
def _on_sqlite(element: _OneOfFew, compiler: SQLCompiler, **options: Any) -> str:
    key, keys = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{key} IN {keys}"
