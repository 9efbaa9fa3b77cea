"""Every resource that can be PUT, in the world of ``operations.build_world``."""

from dataclasses import dataclass
from typing import Any

from tests.support.client import Api


@dataclass(frozen=True)
class Editable:
    path: str
    # Two bodies, each of which changes it.
    one: dict[str, Any]
    other: dict[str, Any]
    # Where it is served; the list that has it as its only row, where it has no address for that.
    served_at: str = ""

    def __str__(self) -> str:
        return self.path

    def read(self, api: Api) -> Any:
        found = api.get(self.served_at or self.path)
        return found[0] if isinstance(found, list) else found


EDITABLE = (
    Editable("/api/tickets/1", {"price": 5}, {"price": 6}),
    Editable("/api/users/1", {"full_name": "J. Doe"}, {"full_name": "John F. Doe"}),
    Editable("/api/cart/1", {"quantity": 3}, {"quantity": 4}, "/api/cart/user/1"),
    Editable("/api/orders/1", {"notes": "aisle"}, {"notes": "front"}),
    Editable("/api/transactions/1", {"amount": 11}, {"amount": 12}),
)
