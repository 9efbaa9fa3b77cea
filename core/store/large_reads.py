"""How PostgreSQL reads whole tables in little memory."""

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
}


def expect_large_reads(session: Session) -> None:
    """Until the end of the transaction; SQLite reads in the order of its indexes anyway."""
    if session.get_bind().dialect.name == "postgresql":
        settings = [f"SET LOCAL {name} = {value}" for name, value in _SETTINGS.items()]
        session.execute(text("; ".join(settings)))


def work_alone(session: Session) -> Session:
    """Without the server's parallel workers, for PostgreSQL; two sessions share the work instead.

    Workers have to hand over what they add up, which costs a quarter more in all.
    """
    session.execute(text("SET LOCAL max_parallel_workers_per_gather = 0"))
    return session
