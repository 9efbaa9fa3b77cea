"""Which rows the seeded shop has, and what each is there for."""

from dataclasses import dataclass

ADMIN, STAFF = 1, 2
# Users that log in and buy.
CUSTOMERS = range(3, 67)
KINDS = ("Floor", "Gallery", "VIP")
TICKETS = 40 * len(KINDS)
# The last kind of ticket is sold out; another is on sale that has no orders yet.
SOLD_OUT, HOT = TICKETS, TICKETS + 1
ON_SALE = range(1, TICKETS)
STOCK = 10_000_000


@dataclass(frozen=True)
class Layout:
    """How many orders there are, and behind them rows of each kind that a request uses up."""

    orders: int
    pool: int = 0

    @property
    def users(self) -> int:
        """So many that each has 50 orders, as far as the orders go."""
        return max(200, self.orders // 50)

    @property
    def all_orders(self) -> int:
        """With those of the pools."""
        return self.paid.stop - 1

    @property
    def unpaid(self) -> range:
        return self._pool(0)

    @property
    def to_cancel(self) -> range:
        return self._pool(1)

    @property
    def announced(self) -> range:
        """Orders whose payment is under way; a transaction has the id of its order."""
        return self._pool(2)

    @property
    def paid(self) -> range:
        return self._pool(3)

    @property
    def carts(self) -> range:
        """Users with two tickets in the cart."""
        return range(self.users + 1, self.users + 1 + self.pool)

    def _pool(self, number: int) -> range:
        first = self.orders + 1 + number * self.pool
        return range(first, first + self.pool)


def owner_of(order_id: int) -> int:
    """Who owns an order of a pool."""
    return CUSTOMERS.start + order_id % len(CUSTOMERS)
