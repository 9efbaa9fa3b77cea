"""What a database knows of the deployment that it was made for."""

from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, Column, Integer, String
from sqlmodel import Field, SQLModel

from core.columns import table_of


class DeploymentFacts(SQLModel, table=True):
    """One row, of the first start; ``core.store.currency`` reads and writes it.

    Amounts are stored without their currency and as whole numbers: this says what they mean.
    """

    __tablename__: ClassVar[Any] = "deployment"
    __table_args__ = (
        CheckConstraint("id = 1", "one_row"),
        CheckConstraint("digits BETWEEN 0 AND 4", "digits"),
    )

    id: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    # None in a database of a release that did not remember it, until its next start.
    currency: str | None = Field(default=None, sa_type=String(3))
    # How many of an amount's digits are decimals.
    digits: int


deployment = table_of(DeploymentFacts)
