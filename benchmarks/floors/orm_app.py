"""What everybody writes first: ORM objects, one session a request, refresh, relationships.

Stock is looked at under a lock, the caller is looked up for each request; no key makes a request
safe to repeat, and nothing is written down besides the order.
"""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar

import jwt
from fastapi import APIRouter, Depends, FastAPI, Header, HTTPException, Request
from sqlalchemy import Engine
from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, Session, SQLModel, create_engine, select

from benchmarks.layout import CUSTOMERS, HOT
from core.settings import database_url

STOCK = 10_000_000


class Base(SQLModel, registry=registry()):
    """Tables of its own, apart from the product's of the same names."""


class Buyer(Base, table=True):
    __tablename__: ClassVar[Any] = "orm_buyers"
    id: int | None = Field(default=None, primary_key=True)
    username: str


class Ticket(Base, table=True):
    __tablename__: ClassVar[Any] = "orm_tickets"
    id: int | None = Field(default=None, primary_key=True)
    event_name: str
    event_description: str
    event_date: datetime
    venue: str
    category: str
    price: Decimal = Field(max_digits=10, decimal_places=2)
    total_quantity: int
    available_quantity: int


class Order(Base, table=True):
    __tablename__: ClassVar[Any] = "orm_orders"
    id: int | None = Field(default=None, primary_key=True)
    user_id: int = Field(foreign_key="orm_buyers.id", index=True)
    status: str = "pending"
    total_amount: Decimal = Field(max_digits=10, decimal_places=2)
    created_at: datetime
    items: list["OrderItem"] = Relationship(back_populates="order")


class OrderItem(Base, table=True):
    __tablename__: ClassVar[Any] = "orm_order_items"
    id: int | None = Field(default=None, primary_key=True)
    order_id: int | None = Field(default=None, foreign_key="orm_orders.id", index=True)
    ticket_id: int = Field(foreign_key="orm_tickets.id", index=True)
    quantity: int
    unit_price: Decimal = Field(max_digits=10, decimal_places=2)
    order: Order | None = Relationship(back_populates="items")


class Line(SQLModel):
    ticket_id: int
    quantity: int


class OrderCreate(SQLModel):
    user_id: int
    items: list[Line]


class ItemRead(SQLModel):
    id: int
    ticket_id: int
    quantity: int
    unit_price: Decimal


class OrderRead(SQLModel):
    id: int
    user_id: int
    status: str
    total_amount: Decimal
    created_at: datetime
    items: list[ItemRead]


router = APIRouter()


def app() -> FastAPI:
    service = FastAPI()
    service.state.engine = create_engine(database_url(os.environ["DATABASE_URL"]), pool_size=16)
    fill(service.state.engine)
    service.include_router(router)
    return service


def _session(request: Request) -> Iterator[Session]:
    with Session(request.app.state.engine) as session:
        yield session


Opened = Annotated[Session, Depends(_session)]


def _buyer(session: Opened, authorization: Annotated[str, Header()]) -> Buyer:
    token = authorization.removeprefix("Bearer ")
    claims = jwt.decode(token, os.environ["SECRET_KEY"], algorithms=["HS256"])
    found = session.exec(select(Buyer).where(Buyer.id == int(claims["sub"]))).first()
    if found is None:
        raise HTTPException(401)
    return found


By = Annotated[Buyer, Depends(_buyer)]


@router.get("/health/ready")
def ready() -> dict[str, str]:
    return {"status": "ok"}


@router.get("/api/tickets/{ticket_id}", response_model=Ticket)
def get_ticket(ticket_id: int, session: Opened, _by: By) -> Any:
    return session.get(Ticket, ticket_id)


@router.get("/api/tickets/", response_model=list[Ticket])
def list_tickets(session: Opened, _by: By, limit: int = 50) -> Any:
    return session.exec(select(Ticket).order_by("id").limit(limit)).all()


@router.post("/api/orders/", response_model=OrderRead, status_code=201)
def place_order(body: OrderCreate, session: Opened, by: By) -> Any:
    return place(session, body, by)


def place(session: Session, body: OrderCreate, by: Buyer) -> Order:
    if by.id != body.user_id:
        raise HTTPException(403)
    order = Order(user_id=by.id, total_amount=Decimal(0), created_at=datetime.now(UTC))
    # By id, or two orders would wait for each other.
    for line in sorted(body.items, key=lambda line: line.ticket_id):
        wanted = select(Ticket).where(Ticket.id == line.ticket_id).with_for_update()
        ticket = session.exec(wanted).one()
        if ticket.available_quantity < line.quantity:
            raise HTTPException(409, "Not enough tickets are available")
        ticket.available_quantity -= line.quantity
        item = OrderItem(ticket_id=line.ticket_id, quantity=line.quantity, unit_price=ticket.price)
        order.items.append(item)
        order.total_amount += ticket.price * line.quantity
    session.add(order)
    session.commit()
    session.refresh(order)
    return order


def fill(engine: Engine) -> None:
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all(Buyer(id=number, username=f"user{number}") for number in CUSTOMERS)
        session.add_all(_ticket(number) for number in range(1, HOT + 1))
        session.commit()


def _ticket(number: int) -> Ticket:
    return Ticket(
        id=number,
        event_name=f"Concert {number} of the City Orchestra",
        event_description="An evening with the orchestra.",
        event_date=datetime(2040, 1, 1, 20, tzinfo=UTC),
        venue="Hall 3",
        category="Gallery",
        price=Decimal("49.90"),
        total_quantity=STOCK,
        available_quantity=STOCK,
    )
