"""How PostgreSQL reads whole tables: in little memory, and with all workers that it may have."""

from sqlalchemy import text
from sqlmodel import Session

_SETTINGS = {
    # It would compile for longer than it computes.
    "jit": "off",
    # Tables of a size that is not in memory are better merged in the order of their indexes than
    # hashed: nothing is kept, and nothing goes to the disk. So are groups, unless they are few.
    "enable_hashjoin": "off",
    "random_page_cost": "1.1",
    "work_mem": "'32MB'",
    "hash_mem_multiplier": "1",
    # It takes what compares tables for finding as many rows as they have; nearly none are found.
    "parallel_tuple_cost": "0",
}


def expect_large_reads(session: Session) -> None:
    """Until the end of the transaction; how many workers there are is up to the server."""
    if session.get_bind().dialect.name == "postgresql":
        settings = [f"SET LOCAL {name} = {value}" for name, value in _SETTINGS.items()]
        session.execute(text("; ".join(settings)))
