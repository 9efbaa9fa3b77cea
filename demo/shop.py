"""The shop's services, as buyers and the box office of the demo use them, at times of its own."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypeVar

from sqlalchemy import Table, select

from core import logs
from core.errors import ConflictError
from core.settings import Settings
from database import Database
from demo.season import Event, Kind, Person
from models import OrderStatus, TransactionStatus, UserRole, orders, tickets, users
from Order.schemas.cart import CartItemCreate
from Order.schemas.order import OrderCancel, OrderCreate, OrderLine, OrderRead, OrderStatusChange
from Order.schemas.transaction import (
    Refund,
    TransactionCreate,
    TransactionRead,
    TransactionStatusChange,
)
from Order.services import (
    cart_service,
    expiry_service,
    order_service,
    report_folding,
    transaction_service,
)
from Ticket.schemas import TicketCreate
from Ticket.services import ticket_service
from User.schemas.user import UserCreate
from User.services import account_service, user_service
from work.caller import Actor, Caller
from work.context import Context, Known, Terms

T = TypeVar("T")
# Who can log in.
ADMIN, STAFF = Person("ada", "Ada"), Person("sam", "Sam of the Box Office")
_COMMAND = Caller(program=Actor("command:demo"))
_SWEEP = Caller(program=Actor(f"chore:{expiry_service.expire_overdue_orders.__name__}"))
# What is on sale of all that there is; the rest is withheld for the house.
_ON_SALE = Decimal("0.95")
_MANY = 10_000
# Where there would be something, were there anything.
_FILLED: tuple[Table, ...] = (users, tickets, orders)


class Shop:
    """What happens in it happens at ``now``; no two things in the same moment."""

    def __init__(self, database: Database, settings: Settings, begins: datetime) -> None:
        self._database = database
        self._terms = Terms.of(settings)
        self.now = begins
        # How often somebody wanted what was not to be had.
        self.refused = 0
        # Ids: of tickets by event and category, and of buyers.
        self._tickets: dict[str, dict[str, int]] = {}
        self._buyers: dict[str, int] = {}
        self._admin = self._staff = _COMMAND

    @property
    def currency(self) -> str:
        return self._terms.currency

    @property
    def hold(self) -> timedelta:
        return self._terms.hold

    def is_empty(self) -> bool:
        firsts = [select(table.c.id).limit(1) for table in _FILLED]
        return self._database.read_now(
            lambda session: not any(session.execute(first).first() for first in firsts)
        )

    def go_on_at(self, at: datetime) -> None:
        self.now = max(self.now, at)

    def open(self, password_hash: str) -> None:
        """With an administrator and somebody at the box office."""
        admin = self._done_by(
            _COMMAND,
            lambda context: account_service.create_admin(
                context,
                username=ADMIN.username,
                email=ADMIN.email,
                password_hash=password_hash,
            ),
        )
        self._admin = Caller(admin, UserRole.ADMIN)
        staff = self.register(STAFF, role=UserRole.STAFF, password_hash=password_hash)
        self._staff = Caller(staff, UserRole.STAFF)

    def register(
        self,
        person: Person,
        *,
        role: UserRole = UserRole.CUSTOMER,
        password_hash: str | None = None,
    ) -> int:
        """Once; the id of their account."""
        known = self._buyers.get(person.username)
        if known is not None:
            return known
        body = UserCreate(
            username=person.username, email=person.email, full_name=person.full_name, role=role
        )
        made = self._done_by(
            self._admin,
            lambda context: user_service.register_user(context, body, password_hash=password_hash),
        )
        self._buyers[person.username] = made.id
        return made.id

    def announce_event(self, event: Event) -> None:
        made = {kind.category: self._put_on_sale(event, kind) for kind in event.kinds}
        self._tickets[event.name] = made

    def tickets_of(self, event: Event, units: Mapping[str, int]) -> dict[int, int]:
        """Units by the ids of tickets, of units by category."""
        tickets = self._tickets[event.name]
        return {tickets[category]: number for category, number in units.items()}

    def order(
        self, person: Person, quantities: Mapping[int, int], notes: str | None
    ) -> OrderRead | None:
        """None where the buyer is refused, as buyers are: it is sold out, say."""
        lines = [
            OrderLine(ticket_id=ticket_id, quantity=quantity)
            for ticket_id, quantity in quantities.items()
        ]
        body = OrderCreate(user_id=self.register(person), items=lines, notes=notes)
        try:
            return self._done_by(
                self._buyer(person), lambda context: order_service.place_order(context, body)
            )
        except ConflictError:
            self.refused += 1
            return None

    def put_in_cart(self, person: Person, ticket_id: int, quantity: int) -> None:
        body = CartItemCreate(user_id=self.register(person), ticket_id=ticket_id, quantity=quantity)
        try:
            self._done_by(self._buyer(person), lambda context: cart_service.add_item(context, body))
        except ConflictError:
            self.refused += 1

    def cancel(self, order: OrderRead, reason: str, by: Person | None = None) -> None:
        """By the buyer, before it is paid; or by the box office, which gives the money back."""
        caller = self._staff if by is None else self._buyer(by)
        body = OrderCancel(reason=reason)
        self._done_by(caller, lambda context: order_service.cancel_order(context, order.id, body))

    def complete(self, order: OrderRead) -> None:
        body = OrderStatusChange(status=OrderStatus.COMPLETED)
        self._done_by(
            self._staff, lambda context: order_service.change_status(context, order.id, body)
        )

    def announce_payment(self, person: Person, order: OrderRead, method: str) -> TransactionRead:
        body = TransactionCreate(order_id=order.id, payment_method=method)
        return self._done_by(
            self._buyer(person),
            lambda context: transaction_service.create_transaction(context, body),
        )

    def settle(self, payment: TransactionRead, failure: str | None = None) -> None:
        """The money came, or why it did not."""
        status = TransactionStatus.SUCCESS if failure is None else TransactionStatus.FAILED
        body = TransactionStatusChange(status=status, failure_reason=failure)
        self._done_by(
            self._staff,
            lambda context: transaction_service.change_status(context, payment.id, body),
        )

    def refund(self, payment: TransactionRead, amount: Decimal, reason: str) -> None:
        body = Refund(amount=amount, reason=reason)
        self._done_by(
            self._staff, lambda context: transaction_service.refund(context, payment.id, body)
        )

    def sweep(self) -> None:
        """What the service does every few seconds: holds that ran out end."""
        self._done_by(
            _SWEEP, lambda context: expiry_service.expire_overdue_orders(context, limit=_MANY)
        )

    def close(self) -> None:
        """Have the reports know all of it already."""
        while self._done_by(_COMMAND, lambda context: report_folding.fold(context, _MANY)):
            pass

    def _put_on_sale(self, event: Event, kind: Kind) -> int:
        body = TicketCreate(
            event_name=event.name,
            event_description=event.description,
            event_date=event.begins,
            venue=event.venue,
            price=kind.price,
            total_quantity=kind.units,
            available_quantity=int(kind.units * _ON_SALE),
            category=kind.category,
        )
        made = self._done_by(
            self._admin, lambda context: ticket_service.create_ticket(context, body)
        )
        return made.id

    def _buyer(self, person: Person) -> Caller:
        return Caller(self.register(person), UserRole.CUSTOMER)

    def _done_by(self, caller: Caller, service: Callable[[Context], T]) -> T:
        self.now += timedelta(milliseconds=7, microseconds=1)
        token = logs.request_id.set(logs.new_request_id())
        try:
            return self._database.write_now(
                lambda session: service(Context(session, self.now, self._terms, Known(caller)))
            )
        finally:
            logs.request_id.reset(token)
