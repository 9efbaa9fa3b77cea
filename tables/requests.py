"""What is kept of requests."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import Index, LargeBinary, String, UniqueConstraint
from sqlmodel import Field, SQLModel

from core.columns import NEVER_REUSE_IDS, id_column, table_of


class IdempotencyKey(SQLModel, table=True):
    """A request that was carried out under a key of its caller's, and how it was answered."""

    __tablename__: ClassVar[Any] = "idempotency_keys"
    __table_args__ = (
        UniqueConstraint("principal", "key_hash"),
        Index(None, "created_at"),
        NEVER_REUSE_IDS,
    )

    id: int = id_column()
    principal: str = Field(sa_type=String(80))
    key_hash: str = Field(sa_type=String(64))
    # Of method, address and body: the same key with another request is refused.
    fingerprint: str = Field(sa_type=String(64))
    # The answer, readable only with the key itself; written before the commit.
    status: int | None = None
    answer: bytes | None = Field(default=None, sa_type=LargeBinary)
    created_at: datetime


idempotency_keys = table_of(IdempotencyKey)
