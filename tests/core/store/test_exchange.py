"""What is said to the database, in which messages, and what becomes of it."""

from collections.abc import Callable
from typing import Any, TypeVar

import anyio
import pytest
from sqlalchemy import Executable, Integer, bindparam, insert, literal, select, text, update
from sqlmodel import Session

from core.columns import BigId
from core.errors import BusyError
from core.store.dialects import Sql
from core.store.exchange import exchange_of
from core.store.statements import joined, statement
from models import tickets, users
from tests.support.client import Api
from tests.support.service import Service
from tests.support.statements import messages
from work.context import Context, unattended

T = TypeVar("T")
# Whatever could end an element, an array, a literal or a parameter.
ODD = ["plain", "a, b", '"quoted"', "{braces}", "back\\slash", "it's", "%s %% %", "NULL", "ünï ✓"]


@statement
def named(sql: Sql) -> Executable:
    names = sql.rows("names", name=users.c.username.type, number=Integer())
    return select(names.c.name, names.c.number).order_by(names.c.number)


@statement
def by_id(_sql: Sql) -> Executable:
    return select(users.c.id, users.c.full_name).where(users.c.id == bindparam("user_id"))


@statement
def by_price(_sql: Sql) -> Executable:
    return select(tickets.c.id, tickets.c.price).order_by(tickets.c.id)


@statement
def renamed(sql: Sql) -> Executable:
    wanted = sql.rows("wanted", user_id=BigId)
    meant = users.c.id.in_(select(wanted.c.user_id))
    return sql.counted(update(users).where(meant).values(full_name=bindparam("new_name")))


def inside(service: Service, act: Callable[[Context], T]) -> T:
    return service.database.write_now(unattended(act, service.settings, service.clock))


def name_of(service: Service, user: dict[str, Any]) -> str:
    row = inside(service, lambda context: context.row(by_id, user_id=user["id"]))
    assert row is not None
    return str(row.full_name)


def test_any_text_arrives_as_it_is(service: Service) -> None:
    given = [(name, number) for number, name in enumerate(ODD)]
    rows = inside(service, lambda context: context.rows(named, names=given))
    assert [tuple(row) for row in rows] == given
    assert inside(service, lambda context: context.rows(named, names=[])) == []


def test_events_keep_any_name_in_the_lines_of_orders(api: Api) -> None:
    user = api.user()
    for name in ODD:
        ticket = api.ticket(event_name=name, venue=name, category=name)
        [line] = api.order(user, (ticket, 1))["items"]
        [stored] = api.get(f"/api/orders/{api.get('/api/orders/', sort='-id')[0]['id']}")["items"]
        assert line == stored
        assert (line["event_name"], line["venue"], line["category"]) == (name, name, name)


def test_a_change_is_seen_by_the_next_question(api: Api, service: Service) -> None:
    user = api.user()

    def rename(context: Context) -> Any:
        context.write(renamed, expecting=1, wanted=[(user["id"],)], new_name="Another")
        return context.row(by_id, user_id=user["id"])

    assert inside(service, rename).full_name == "Another"
    assert name_of(service, user) == "Another"


def test_a_change_is_seen_by_the_session(api: Api, service: Service) -> None:
    user = api.user()

    def rename(context: Context) -> Any:
        context.write(renamed, expecting=1, wanted=[(user["id"],)], new_name="Another")
        return context.session.execute(select(users.c.full_name)).scalar_one()

    assert inside(service, rename) == "Another"


def test_a_change_of_other_rows_than_expected_is_run_again_and_changes_nothing(
    api: Api, service: Service
) -> None:
    user, runs = api.user(), []

    def rename(context: Context) -> None:
        runs.append(context.now)
        wanted = [(user["id"],), (user["id"] + 1,)]
        context.write(renamed, expecting=2, wanted=wanted, new_name="Another")

    with pytest.raises(BusyError):
        inside(service, rename)
    assert len(runs) > 1
    assert name_of(service, user) == user["full_name"]


def test_what_was_undone_leaves_nothing_behind(api: Api, service: Service) -> None:
    one, other = api.user(), api.user("other")

    def rename(context: Context) -> None:
        context.write(renamed, expecting=1, wanted=[(one["id"],)], new_name="Another")
        context.row(by_id, user_id=one["id"])
        context.undo()
        context.write(renamed, expecting=1, wanted=[(other["id"],)], new_name="A third")

    inside(service, rename)
    assert name_of(service, one) == one["full_name"]
    assert name_of(service, other) == "A third"


def test_questions_are_answered_together_whether_or_not_there_is_a_row(
    api: Api, service: Service
) -> None:
    user = api.user()

    def ask(user_id: int, *, last: bool = True) -> tuple[list[Any], list[Any]]:
        together = joined((by_id,), by_price if last else None)

        def look(context: Context) -> tuple[list[Any], list[Any]]:
            exchange = exchange_of(context.session)
            found = exchange.rows(together.statement, {"user_id": user_id})
            return together.parted(exchange.dialect, found)

        return inside(service, look)

    assert ask(user["id"]) == ([(user["id"], user["full_name"])], [])
    assert ask(99, last=False) == ([None], [])
    ids = [api.ticket()["id"] for _ in range(3)]
    answers, rows = ask(99)
    assert (answers, [row.id for row in rows]) == ([None], ids)
    # As wide as the type: the values are those of the columns.
    assert {str(row.price) for row in rows} == {"99.99"}


on_postgres = pytest.mark.parametrize(
    "shared_service", ["postgres"], indirect=True, scope="session"
)


@on_postgres
def test_an_order_is_a_look_and_a_message_whatever_it_holds(api: Api, service: Service) -> None:
    user, sold = api.user(), [api.ticket() for _ in range(10)]
    keyed = api.having({"Idempotency-Key": "a"})
    for lines in (1, 2, 10):
        items = [{"ticket_id": ticket["id"], "quantity": 1} for ticket in sold[:lines]]
        keyed = api.having({"Idempotency-Key": f"of {lines}"})
        with messages(service.database) as sent:
            keyed.post("/api/orders/", {"user_id": user["id"], "items": items})
        assert len(sent) == 2
        assert sent[1].endswith("COMMIT")


@on_postgres
def test_a_refusal_that_changed_nothing_is_stored_in_the_transaction_that_asked(
    api: Api, service: Service
) -> None:
    """So that the lock of its key is kept until then, and nothing has to begin anew."""
    user, ticket = api.user(), api.ticket(total_quantity=1)
    keyed = api.having({"Idempotency-Key": "a"})
    items = [{"ticket_id": ticket["id"], "quantity": 2}]
    with messages(service.database) as sent:
        body = {"user_id": user["id"], "items": items}
        assert keyed.refused("POST", "/api/orders/", body)["code"] == "insufficient_stock"
    assert len(sent) == 2
    assert "ROLLBACK" not in sent[1]
    assert "BEGIN" not in sent[1]


@on_postgres
def test_a_read_is_one_message_and_a_payment_two_and_three(api: Api, service: Service) -> None:
    user, ticket = api.user(), api.ticket()
    order = api.order(user, (ticket, 2))
    with messages(service.database) as sent:
        payment = api.payment(order)
    assert len(sent) == 2
    with messages(service.database) as sent:
        api.get(f"/api/tickets/{ticket['id']}")
    assert len(sent) == 1
    with messages(service.database) as sent:
        api.settle(payment)
    assert len(sent) == 3


@on_postgres
def test_what_is_prepared_is_planned_once_whatever_its_values(api: Api, service: Service) -> None:
    """Planning anew took as long as all else that PostgreSQL did for an order."""
    user, ticket = api.user(), api.ticket(total_quantity=10)
    for _ in range(7):
        api.order(user, (ticket, 1))
    plans = text("SELECT generic_plans, custom_plans FROM pg_prepared_statements")
    # Asked in the seat that was left last, which has the connection that was used.
    seen = anyio.run(service.database.write, lambda session: session.execute(plans).all())
    assert sum(generic for generic, _ in seen) >= 7
    assert sum(custom for _, custom in seen) == 0


@statement
def dear(_sql: Sql) -> Executable:
    odd = literal("it's 100 %").label("odd")
    wanted = tickets.c.price > bindparam("price", type_=tickets.c.price.type)
    return select(tickets.c.id, odd).where(wanted, tickets.c.id > 0).limit(7)


def test_what_never_changes_in_a_statement_is_not_sent_each_time(
    service: Service, api: Api
) -> None:
    ticket = api.ticket(price=5)
    rows = inside(service, lambda context: context.rows(dear, price=1))
    assert [tuple(row) for row in rows] == [(ticket["id"], "it's 100 %")]
    prepared = dear.on(service.database.writer.dialect).prepared
    assert prepared is None or prepared.execute.count("%s") == 1


@on_postgres
def test_an_error_that_is_passed_over_is_not_committed(service: Service) -> None:
    def pass_over(session: Session) -> None:
        session.execute(insert(users).values(username="x", username_key="x"))

    def swallow(session: Session) -> None:
        with pytest.raises(Exception, match="null value"):
            pass_over(session)

    with pytest.raises(AssertionError, match="passed over"):
        service.database.write_now(swallow)


@on_postgres
def test_a_pooler_that_gives_each_transaction_another_connection_costs_one_attempt(
    api: Api, service: Service
) -> None:
    user = api.user()

    def forgetful(session: Session) -> None:
        session.execute(text("DEALLOCATE ALL"))

    # What other tests have left open takes turns; here all is said through one connection.
    service.database.writer.dispose()
    service.database.write_now(unattended(_rename(user, "One"), service.settings))
    try:
        # As if the next transaction were on another connection of the server's.
        service.database.write_now(forgetful)
        inside(service, _rename(user, "Two"))
        assert name_of(service, user) == "Two"
        assert not service.database._preparation.is_possible
        inside(service, _rename(user, "Three"))
        assert name_of(service, user) == "Three"
    finally:
        service.database._preparation.is_possible = True


def _rename(user: dict[str, Any], name: str) -> Callable[[Context], None]:
    return lambda context: context.write(
        renamed, expecting=1, wanted=[(user["id"],)], new_name=name
    )
