"""Every change that can be meant for a state of its object, in a world that has all objects."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from httpx2 import Response

from tests.support.client import Api
from tests.support.operations import build_world
from tests.support.scenes import Scene, prepared

# What gives an object of each kind another state.
_ALTERED: Mapping[str, Any] = {
    "tickets": {"price": 7},
    "users": {"full_name": "Somebody else"},
    "cart": {"quantity": 7},
    "orders": {"notes": "by the door"},
    "transactions": {"transaction_reference": "ch_7"},
}


@dataclass(frozen=True)
class Change:
    method: str
    path: str
    body: Any = None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def send(self, api: Api, headers: Mapping[str, str]) -> Response:
        arguments = {} if self.body is None else {"json": self.body}
        return api.request(self.method, self.path, headers=dict(headers), **arguments)

    def tag(self, api: Api) -> str:
        """That of its object as it is now."""
        return str(self._present(api).headers["etag"])

    def updated_at(self, api: Api) -> str:
        """When its object was changed last, as it is served now."""
        return str(self._present(api).json()["updated_at"])

    def alter(self, api: Api) -> Response:
        """Somebody else changes its object, and is answered with the new state."""
        return api.request("PUT", self._object, json=_ALTERED[self._kind])

    def _present(self, api: Api) -> Response:
        if self._kind == "cart":
            # Its lines have no address of their own to be read at.
            return api.request("PUT", self._object, json={"quantity": 2})
        return api.request("GET", self._object)

    @property
    def _kind(self) -> str:
        return self.path.split("/")[2]

    @property
    def _object(self) -> str:
        return "/".join(self.path.split("/")[:4])


# By operation id; each succeeds in the world of ``build_conditional_world``.
CHANGES = {
    "update_ticket": Change("PUT", "/api/tickets/1", {"price": 5}),
    "delete_ticket": Change("DELETE", "/api/tickets/2"),
    "change_ticket_status": Change("PATCH", "/api/tickets/1/status", {"status": "cancelled"}),
    "update_order": Change("PUT", "/api/orders/1", {"notes": "aisle"}),
    "delete_order": Change("DELETE", "/api/orders/2"),
    "add_order_item": Change("POST", "/api/orders/1/items", {"ticket_id": 1, "quantity": 1}),
    "change_order_status": Change("PATCH", "/api/orders/1/status", {"status": "confirmed"}),
    "cancel_order": Change("POST", "/api/orders/1/cancel"),
    "update_cart_item": Change("PUT", "/api/cart/1", {"quantity": 3}),
    "remove_from_cart": Change("DELETE", "/api/cart/1"),
    "update_user": Change("PUT", "/api/users/1", {"full_name": "J. Doe"}),
    "delete_user": Change("DELETE", "/api/users/2"),
    "deactivate_user": Change("PATCH", "/api/users/1/deactivate"),
    "activate_user": Change("PATCH", "/api/users/1/activate"),
    "erase_user": Change("POST", "/api/users/1/erase"),
    "update_transaction": Change("PUT", "/api/transactions/1", {"amount": 11}),
    "change_transaction_status": Change(
        "PATCH", "/api/transactions/1/status", {"status": "success"}
    ),
    "refund_transaction": Change("POST", "/api/transactions/2/refund"),
}


def build_conditional_world(api: Api) -> None:
    """With a ticket and an order that can go, and a payment that can go back."""
    build_world(api)
    api.ticket()
    api.post("/api/orders/", {"user_id": 1, "items": []})
    api.post("/api/transactions/", {"order_id": 1, "amount": 5, "payment_method": "card"})
    api.patch("/api/transactions/2/status", {"status": "success"})


def _meant_for_no_state(change: Change) -> Scene:
    call = (change.method, change.path, change.body, {"If-Match": '"0-0"'})
    return prepared(build_conditional_world, call=call)


# How to meet the refusal that all of them share; see ``refusals``.
CONDITION_SCENES: dict[tuple[str, str], Scene] = {
    (name, "precondition_failed"): _meant_for_no_state(change) for name, change in CHANGES.items()
}
