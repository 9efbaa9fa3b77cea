"""Four server processes on one database, and what races need to be there."""

from dataclasses import dataclass
from typing import Any

from core.settings import Settings
from database import Database
from tests.support.client import PASSWORD
from tests.support.racing import Client

PROCESSES = 4
# Of a race that needs a service of its own: starting one takes longer than the race.
FEW_PROCESSES = 2


@dataclass
class Site:
    """A running service of four processes, and its database seen from outside."""

    url: str
    client: Client
    database: Database
    names: Any

    def user(self, **fields: str) -> int:
        name = f"user{next(self.names)}"
        body = {"username": name, "email": f"{name}@example.com", "full_name": "Racer", **fields}
        return int(self.client.ok("POST", "/api/users/", body)["id"])

    def customer(self) -> tuple[int, str]:
        """(user, access token)"""
        user = self.user(password=PASSWORD)
        name = self.client.ok("GET", f"/api/users/{user}")["username"]
        answer = self.client.send_form("/api/auth/token", f"username={name}&password={PASSWORD}")
        assert answer.status == 200, answer
        return user, answer.body["access_token"]

    def ticket(self, units: int, price: float = 10) -> int:
        body = {
            "event_name": "Race",
            "event_date": "2030-01-01T20:00:00Z",
            "venue": "Arena",
            "category": "Floor",
            "price": price,
            "total_quantity": units,
        }
        return int(self.client.ok("POST", "/api/tickets/", body)["id"])

    def stock(self, ticket_id: int) -> tuple[int, int, int]:
        """(available, reserved, sold)"""
        ticket = self.client.ok("GET", f"/api/tickets/{ticket_id}")
        return (
            ticket["available_quantity"],
            ticket["reserved_quantity"],
            ticket["sold_quantity"],
        )

    def order(self, user_id: int, ticket_id: int) -> int:
        body = order_body(user_id, (ticket_id, 2))
        return int(self.client.ok("POST", "/api/orders/", body)["id"])

    def pending_order(self) -> tuple[int, int]:
        """(order, ticket): two of a hundred, for 20."""
        ticket = self.ticket(100)
        return self.order(self.user(), ticket), ticket

    def orders(self, user_id: int) -> Any:
        return self.client.ok("GET", f"/api/orders/?user_id={user_id}")

    def pending_payment(self, order_id: int) -> int:
        body = {"order_id": order_id, "payment_method": "card"}
        return int(self.client.ok("POST", "/api/transactions/", body)["id"])

    def paid_order(self, price: float, quantity: int) -> tuple[int, int, int]:
        """(order, transaction, ticket), paid in full."""
        user, ticket = self.user(), self.ticket(100, price)
        order = self.client.ok("POST", "/api/orders/", order_body(user, (ticket, quantity)))
        transaction = self.pending_payment(order["id"])
        path = f"/api/transactions/{transaction}/status"
        self.client.ok("PATCH", path, {"status": "success"})
        return order["id"], transaction, ticket


def order_body(user: int, *lines: tuple[int, int]) -> dict[str, Any]:
    items = [{"ticket_id": ticket, "quantity": quantity} for ticket, quantity in lines]
    return {"user_id": user, "items": items}


def environment(settings: Settings, **changes: str) -> dict[str, str]:
    return {
        "DATABASE_URL": settings.database_url,
        "ENVIRONMENT": "development",
        # All processes believe the same tokens.
        "SECRET_KEY": "0123456789abcdef" * 4,
        "LOG_LEVEL": "WARNING",
        "DATABASE_POOL_SIZE": "8",
        "REQUEST_TIMEOUT_SECONDS": "30",
        **changes,
    }
