"""HTTP as tests speak it: short verbs, and every answer held against the OpenAPI document."""

import re
from functools import cache
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response

from core.http import kinds
from core.http.problem_schemas import codes_of
from tests.support.clock import ManualClock
from tests.support.problems import told_wrongly

PROBLEM = "application/problem+json"
PASSWORD = "a walk in the rain"  # noqa: S105 - of users that exist in tests only
# What any address can answer whatever its operation declares.
ANYWHERE = {kind.code for kind in kinds.ANYWHERE}


@cache
def _addresses(template: str) -> re.Pattern[str]:
    """All of an operation; asked about at each refusal, of all operations."""
    return re.compile(re.sub(r"\{\w+\}", "[^/]+", template.rstrip("/")))


class Api:
    """Sends requests and checks what must hold for every answer."""

    def __init__(
        self,
        client: TestClient,
        clock: ManualClock,
        app: FastAPI,
        headers: dict[str, str] | None = None,
    ) -> None:
        self.client = client
        self.clock = clock
        self.app = app
        self.headers = headers or {}

    @property
    def document(self) -> dict[str, Any]:
        """Made when it is first needed, for that takes a while."""
        return self.app.openapi()

    def request(self, method: str, path: str, **arguments: Any) -> Response:
        arguments["headers"] = self.headers | arguments.get("headers", {})
        response = self.client.request(method, path, **arguments)
        assert response.headers["x-request-id"]
        if response.status_code >= 400:
            self._check_problem(method, response)
        return response

    def get(self, path: str, **parameters: Any) -> Any:
        """GET that must succeed; the body."""
        return self._expect(self.request("GET", path, params=parameters), 200)

    def post(self, path: str, body: Any = None) -> Any:
        """POST that must create or do something; the body."""
        return self._expect(self.request("POST", path, json=body), 200, 201)

    def put(self, path: str, body: Any) -> Any:
        return self._expect(self.request("PUT", path, json=body), 200)

    def patch(self, path: str, body: Any = None) -> Any:
        return self._expect(self.request("PATCH", path, json=body), 200)

    def delete(self, path: str) -> None:
        response = self.request("DELETE", path)
        assert response.status_code == 204, response.text
        assert response.content == b""

    def refused(self, method: str, path: str, body: Any = None, **parameters: Any) -> Any:
        """A request that must be refused; the problem."""
        # An empty one would take away what the path asks for.
        arguments: dict[str, Any] = {"params": parameters} if parameters else {}
        if body is not None:
            arguments["json"] = body
        response = self.request(method, path, **arguments)
        assert response.status_code >= 400, response.text
        return response.json()

    # Identities. Without one, tests are in the open development mode and may do everything.

    def having(self, headers: dict[str, str]) -> "Api":
        """The same service, asked with these headers as well."""
        return Api(self.client, self.clock, self.app, self.headers | headers)

    def log_in(self, username: str, password: str = PASSWORD) -> Any:
        """The tokens of a log-in."""
        form = {"username": username, "password": password}
        return self._expect(self.request("POST", "/api/auth/token", data=form), 200)

    def bearer(self, secret: str) -> "Api":
        return self.having({"Authorization": f"Bearer {secret}"})

    def someone(self, role: str, username: str | None = None) -> tuple[Any, "Api"]:
        """A new user of a role, and the service as that user sees it."""
        user = self.user(username or role, password=PASSWORD, role=role)
        return user, self.bearer(self.log_in(user["username"])["access_token"])

    # The objects that most tests need.

    def user(self, username: str = "john_doe", **fields: Any) -> Any:
        body = {"username": username, "email": f"{username}@example.com", "full_name": "John Doe"}
        return self.post("/api/users/", body | fields)

    def ticket(self, **fields: Any) -> Any:
        body = {
            "event_name": "Concert 2027",
            "event_date": "2027-12-25T20:00:00Z",
            "venue": "Main Arena",
            "price": 99.99,
            "total_quantity": 100,
            "category": "VIP",
        }
        return self.post("/api/tickets/", body | fields)

    def order(self, user: Any, *lines: tuple[Any, int], **fields: Any) -> Any:
        """An order of a user for (ticket, quantity) pairs."""
        items = [{"ticket_id": ticket["id"], "quantity": quantity} for ticket, quantity in lines]
        return self.post("/api/orders/", {"user_id": user["id"], "items": items} | fields)

    def payment(self, order: Any, amount: float | None = None) -> Any:
        """A pending transaction, by default of all that is due."""
        body = {"order_id": order["id"], "payment_method": "card"}
        return self.post("/api/transactions/", body | ({"amount": amount} if amount else {}))

    def settle(self, transaction: Any, status: str = "success") -> Any:
        return self.patch(f"/api/transactions/{transaction['id']}/status", {"status": status})

    def paid_order(self, user: Any, *lines: tuple[Any, int]) -> Any:
        """A confirmed order and its successful transaction: (order, transaction)."""
        order = self.order(user, *lines)
        transaction = self.settle(self.payment(order))
        return self.get(f"/api/orders/{order['id']}"), transaction

    def again(self, thing: Any, kind: str) -> Any:
        """An object as it is now."""
        return self.get(f"/api/{kind}/{thing['id']}")

    def stock(self, ticket: Any) -> tuple[int, int, int, int]:
        """(available, reserved, sold, withheld) of a ticket now."""
        now = self.again(ticket, "tickets")
        counters = [
            now[f"{name}_quantity"] for name in ("available", "reserved", "sold", "withheld")
        ]
        assert sum(counters) == now["total_quantity"]
        return tuple(counters)

    @staticmethod
    def _expect(response: Response, *statuses: int) -> Any:
        assert response.status_code in statuses, response.text
        return response.json()

    def _check_problem(self, method: str, response: Response) -> None:
        assert response.headers["content-type"] == PROBLEM, response.text
        problem = response.json()
        assert problem["status"] == response.status_code
        if "idempotency-replayed" not in response.headers:
            assert problem["request_id"] == response.headers["x-request-id"]
        assert told_wrongly(problem) == []
        declared = self.declared_codes(method, response.url.path)
        assert problem["code"] in declared | ANYWHERE, f"{problem['code']} is not declared"

    def declared_codes(self, method: str, path: str) -> set[str]:
        """The codes that the OpenAPI document declares for the operation at a path."""
        responses = self.operation(method, path).get("responses", {}).values()
        return {code for response in responses for code in codes_of(response)}

    def operation(self, method: str, path: str) -> dict[str, Any]:
        bare = path.partition("?")[0].rstrip("/")
        found = {
            template: operations[method.lower()]
            for template, operations in self.document["paths"].items()
            if method.lower() in operations and _addresses(template).fullmatch(bare)
        }
        # The address without parameters wins, as it does in the router.
        return found[min(found, key=lambda template: template.count("{"))] if found else {}
