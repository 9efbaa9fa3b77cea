"""What ``buy.ts`` does, with the client that is generated for Python."""

import json
import sys
from datetime import UTC, datetime
from typing import TypeVar

from shop import AuthenticatedClient, Client
from shop.api.auth import log_in
from shop.api.orders import create_order, get_order
from shop.api.tickets import create_ticket
from shop.api.transactions import change_transaction_status, create_transaction
from shop.api.users import create_user
from shop.models import (
    BodyLogIn,
    InsufficientStock,
    OrderCreate,
    OrderLine,
    OrderRead,
    TicketCreate,
    TicketRead,
    Tokens,
    TransactionCreate,
    TransactionRead,
    TransactionStatus,
    TransactionStatusChange,
    UserCreate,
    UserRead,
    UserRole,
)

T = TypeVar("T")
PASSWORD = "a long walk in the rain"  # noqa: S105 - of a user that exists in a test only


def answered(kind: type[T], answer: object) -> T:
    if not isinstance(answer, kind):
        raise TypeError(f"not a {kind.__name__}: {answer}")
    return answer


def logged_in(address: str, username: str, role: UserRole) -> tuple[int, AuthenticatedClient]:
    """A new user; in development, who asks from the same machine may give any role."""
    anybody = Client(base_url=address)
    account = UserCreate(
        username=username,
        email=f"{username}@example.com",
        full_name="Petra Tester",
        password=PASSWORD,
        role=role,
    )
    user = answered(UserRead, create_user.sync(client=anybody, body=account))
    form = BodyLogIn(username=username, password=PASSWORD)
    tokens = answered(Tokens, log_in.sync(client=anybody, body=form))
    return user.id, AuthenticatedClient(base_url=address, token=tokens.access_token)


def on_sale(box_office: AuthenticatedClient) -> int:
    made = create_ticket.sync(
        client=box_office,
        body=TicketCreate(
            event_name="Concert",
            event_date=datetime(2099, 12, 25, 20, tzinfo=UTC),
            venue="Main Arena",
            price=49.99,
            total_quantity=2,
            category="VIP",
        ),
    )
    return answered(TicketRead, made).id


def main(address: str) -> None:
    _, box_office = logged_in(address, "box_office", UserRole.STAFF)
    user_id, shop = logged_in(address, "petra", UserRole.CUSTOMER)
    ticket_id = on_sale(box_office)

    def order(quantity: int) -> object:
        line = OrderLine(ticket_id=ticket_id, quantity=quantity)
        return create_order.sync(client=shop, body=OrderCreate(user_id=user_id, items=[line]))

    left = answered(InsufficientStock, order(3)).lines[0].available
    held = answered(OrderRead, order(left))
    payment = answered(
        TransactionRead,
        create_transaction.sync(
            client=shop, body=TransactionCreate(order_id=held.id, payment_method="card")
        ),
    )
    settled = change_transaction_status.sync(
        payment.id,
        client=box_office,
        body=TransactionStatusChange(status=TransactionStatus.SUCCESS),
    )
    answered(TransactionRead, settled)
    bought = answered(OrderRead, get_order.sync(held.id, client=shop))
    said = {"left": left, "status": bought.status, "total": bought.total_amount}
    sys.stdout.write(json.dumps(said))


if __name__ == "__main__":
    main(sys.argv[1])
