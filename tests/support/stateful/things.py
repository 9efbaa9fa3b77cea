"""What a shop has: tickets, orders, and money for them. Money is in cents, time in minutes."""

from collections import Counter
from dataclasses import dataclass, field

HOLD, LIMIT = 15, 6
# What a payment by a provider prolongs a hold by, as long as both are no longer together.
PAYMENT = 10
# How long after its hold an order may still be paid for, and a payment that failed be tried again.
LATE = 30
SOLD = ("confirmed", "completed")
ARRIVED = ("success", "refunded")


class Refusal(Exception):  # noqa: N818 - an expected outcome, not an error
    def __init__(self, code: str, status: int = 409, left: "Payment | None" = None) -> None:
        """``left`` is what was done all the same."""
        super().__init__(code)
        self.code, self.status, self.left = code, status, left

    @property
    def is_final(self) -> bool:
        """Whether the same request under the same key is refused again, whatever has changed."""
        return self.left is None and self.status in {404, 409}


@dataclass
class Ticket:
    price: int
    total: int
    withheld: int = 0
    stopped: str | None = None


@dataclass
class Order:
    user: int
    since: int
    # When its hold runs out, or did.
    until: int
    status: str = "pending"
    expired: bool = False
    # Sold without having been paid.
    on_trust: bool = False
    # Money that stands against the total; what is refunded before the sale no longer does.
    counted: int = 0
    # (ticket, price) → units
    lines: Counter[tuple[int, int]] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        return sum(price * units for (_, price), units in self.lines.items())

    @property
    def due(self) -> int:
        return 0 if self.status == "cancelled" else self.total - self.counted

    @property
    def payable(self) -> int:
        """What comes late buys all or nothing."""
        return self.total if self.expired else self.due

    @property
    def units(self) -> Counter[int]:
        held: Counter[int] = Counter()
        for (ticket, _), units in self.lines.items():
            held[ticket] += units
        return held


@dataclass
class Refund:
    """Money that was decided to go back."""

    amount: int
    status: str
    attempt: int = 1
    by_hand: bool = False
    # What the service calls it, and the provider.
    id: int | None = None
    reference: str | None = None

    @property
    def key(self) -> str:
        """Under which the provider knows this try."""
        return str(self.id) if self.attempt == 1 else f"{self.id}-{self.attempt}"


@dataclass
class Payment:
    order: int
    amount: int
    status: str = "pending"
    refunded: int = 0
    # It was pending when its order was cancelled.
    abandoned: bool = False
    # When its payer said that it failed.
    failed_at: int | None = None
    refunds: list[Refund] = field(default_factory=list)
    by_provider: bool = False
    # What the provider calls it.
    reference: str | None = None
    # Somebody has said in the provider's place what became of it.
    by_hand: bool = False
    # It brought another amount or currency than it was asked for, which is not back yet.
    differs: bool = False
    in_other_currency: bool = False

    def go_back(self) -> None:
        self.give_back(self.amount - self.refunded)
        self.status = "refunded"

    def give_back(self, amount: int) -> None:
        self.refunded += amount
        self.refunds.append(Refund(amount, "pending" if self.by_provider else "succeeded"))
