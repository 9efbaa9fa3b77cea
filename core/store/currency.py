"""Which currency a database's amounts are in: it remembers that itself, for they do not say it.

The first start on a database decides. A database from before this was remembered knows only that
its amounts are in hundredths, as all were; it takes the currency of the first start that has those.
"""

from sqlalchemy import Connection, text

from core.currencies import CURRENCIES

_KEPT = text("SELECT currency, digits FROM deployment")
# Of two processes that start at once, one is the first.
_MADE = text(
    "INSERT INTO deployment (id, currency, digits) VALUES (1, :currency, :digits)"
    " ON CONFLICT (id) DO UPDATE SET currency = excluded.currency"
    " WHERE deployment.currency IS NULL AND deployment.digits = excluded.digits"
)


def is_claimed(connection: Connection) -> bool:
    """Whether the database's currency is decided."""
    kept = connection.execute(_KEPT).one_or_none()
    return kept is not None and kept.currency is not None


def currency_problem(connection: Connection, code: str) -> str | None:
    """Why a database can't be sold from in a currency; None also where none is decided yet."""
    kept, digits = connection.execute(_KEPT).one_or_none(), CURRENCIES[code].digits
    if kept is None or (kept.currency or code, kept.digits) == (code, digits):
        return None
    if kept.currency not in {None, code}:
        return (
            f"the database was made for {kept.currency}, not for {code}: set"
            f" CURRENCY={kept.currency}, or use another database"
        )
    return (
        f"the database's amounts have {kept.digits} decimals, and those in {code} have {digits}:"
        " use another database"
    )


def claim(connection: Connection, code: str) -> None:
    """Decide the currency, unless somebody did before; ``currency_problem`` tells who won."""
    connection.execute(_MADE, {"currency": code, "digits": CURRENCIES[code].digits})
