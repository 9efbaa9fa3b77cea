"""``Idempotency-Key``: a request that is sent again is answered again, not carried out again.

A key belongs to a caller and to one request. Its row, the effect and the answer are committed in
one transaction, so a crash leaves all of them or none. The answer is stored sealed with the key
itself, of which the database has only the hash: tokens and addresses that stand in answers can't
be read from it.
"""

import hmac
import zlib
from collections.abc import Callable
from datetime import timedelta
from typing import Protocol

from fastapi import Response
from pydantic_core import from_json, to_json
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Executable,
    and_,
    bindparam,
    select,
    true,
)
from sqlalchemy.exc import DBAPIError

from core.errors import (
    ConflictError,
    DomainError,
    IdempotencyKeyReusedError,
    NotFoundError,
    RequestInProgressError,
)
from core.http.idempotency_key import REPLAYED, KeyedRequest, Seal
from core.store.batches import remove_batch
from core.store.dialects import Sql
from core.store.errors import translate
from core.store.exchange import lock_number
from core.store.statements import Row, statement
from database import commit
from models import idempotency_keys
from work.caller import Caller
from work.context import Context, Question
from work.rules import Rule

LIFETIME = timedelta(hours=24)
# From so many bytes on an answer is compressed: those of a hundred lines repeat themselves, and to
# write them costs more than to shorten them. One of a few lines would only take the time.
_WORTH_COMPRESSING = 4096
# What an answer is besides its status and body.
_KEPT_HEADERS = ("location", "content-type", "etag")
# Refusals of the business: asked again, the answer is the same. All others never ran.
_FINAL = (NotFoundError, ConflictError)

ANSWERED_KEYS = Rule(
    "answered_keys",
    "Every request that was carried out under an Idempotency-Key has its answer on record.",
    "idempotency_key",
    "text",
    """
        SELECT id, 'answer' AS field, 'an answer' AS expected, 'none' AS found
        FROM idempotency_keys WHERE status IS NULL OR answer IS NULL""",
)


class Room(Protocol):
    """What there is room for among the answers that a caller has stored."""

    def require_room(self, caller: Caller) -> None:
        """Raises where there are too many; a request that was answered is answered all the same."""

    def note(self, caller: Caller, size: int) -> None:
        """An answer of so many bytes is stored."""


def carry_out(
    context: Context,
    request: KeyedRequest,
    room: Room,
    work: Callable[[Context], Response | DomainError],
    refuse: Callable[[DomainError], Response],
) -> Response | DomainError:
    """Do the work, and commit it together with its answer.

    A refusal of the business that is raised undoes the work and is stored like an answer; one that
    is returned is not stored.
    """
    _ask(context, request, room)
    try:
        answer = context.serve(work)
        if isinstance(answer, Response):
            _remember(context, request, answer, room)
        # What a rule of the database refuses shows now.
        commit(context.session)
    except _FINAL as refusal:
        refused: DomainError = refusal
    except AlreadyAnswered as before:
        return before.response
    except DBAPIError as error:
        # Two requests met in the same moment.
        translated = translate(error)
        if not isinstance(translated, _FINAL):
            raise
        refused = translated
    else:
        return answer
    context.undo()
    stored = refuse(refused)
    _remember(context, request, stored, room)
    return stored


def find_answer(context: Context, request: KeyedRequest) -> Response | None:
    """The answer to a request that was carried out before; None if it was not."""
    values = {"principal": context.principal, "key_hash": request.key_hash}
    row = context.row(_found, **values)
    return None if row is None else _replay(row, request)


def forget_old_keys(context: Context, *, limit: int) -> int:
    """Remove keys that have lived their time, the oldest first; how many there were."""
    keys = idempotency_keys.c
    lived = keys.created_at <= context.now - LIFETIME
    old = select(keys.id).where(lived).order_by(keys.created_at)
    batch = old.limit(limit).with_for_update(skip_locked=True)
    return remove_batch(context.session, idempotency_keys, batch)


class AlreadyAnswered(Exception):  # noqa: N818 - no error
    """The request was carried out before, and this was its answer."""

    def __init__(self, response: Response) -> None:
        self.response = response
        super().__init__()


def _ask(context: Context, request: KeyedRequest, room: Room) -> None:
    """Ask, before anything is done, whether this was done before: ``AlreadyAnswered``.

    Refused if the key belongs to another request, or to one that is under way.
    """
    values = {
        "principal": context.principal,
        "key_hash": request.key_hash,
        "key_number": lock_number(f"{context.principal}\0{request.key_hash}"),
    }

    def hear(row: Row | None) -> None:
        if row is None:
            raise AssertionError("whether it is free is always told")
        if row.id is not None and row.created_at > context.now - LIFETIME:
            raise AlreadyAnswered(_replay(row, request))
        if not row.is_free:
            raise RequestInProgressError
        room.require_room(context.caller)

    context.ask_first(Question(_stored, values, hear))


def _of_key() -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    keys = idempotency_keys.c
    return keys.principal == bindparam("principal"), keys.key_hash == bindparam("key_hash")


@statement
def _found(_sql: Sql) -> Executable:
    return select(*idempotency_keys.c).where(*_of_key())


@statement
def _stored(sql: Sql) -> Executable:
    """What is stored under the key, and whether it is free.

    PostgreSQL would wait for a twin that is not committed yet, and keep a connection for that. Who
    gets the lock first is the one.
    """
    is_free = sql.lock_is_ours(bindparam("key_number", type_=BigInteger))
    free = select(is_free.label("is_free")).subquery("free")
    return select(free.c.is_free, *idempotency_keys.c).select_from(
        free.outerjoin(idempotency_keys, and_(*_of_key()))
    )


@statement
def _answered(sql: Sql) -> Executable:
    """Store an answer; one that has lived its time, and that no sweep came by yet, makes room."""
    columns = ("principal", "key_hash", "fingerprint", "status", "answer", "created_at")
    keys = idempotency_keys.c
    said = [bindparam(name, type_=keys[name].type).label(name) for name in columns]
    line = sql.insert(idempotency_keys).from_select(columns, select(*said).where(true()))
    renewed = {name: line.excluded[name] for name in columns[2:]}
    is_old = keys.created_at <= bindparam("too_old", type_=keys.created_at.type)
    return sql.counted(
        line.on_conflict_do_update(
            index_elements=["principal", "key_hash"], set_=renewed, where=is_old
        )
    )


def _remember(context: Context, request: KeyedRequest, answer: Response, room: Room) -> None:
    sealed = _sealed(answer, request.seal)
    room.note(context.caller, len(sealed))
    context.write(
        _answered,
        expecting=1,
        principal=context.principal,
        key_hash=request.key_hash,
        fingerprint=request.fingerprint,
        status=answer.status_code,
        answer=sealed,
        created_at=context.now,
        too_old=context.now - LIFETIME,
    )


def _replay(row: Row, request: KeyedRequest) -> Response:
    if not hmac.compare_digest(row.fingerprint, request.fingerprint):
        raise IdempotencyKeyReusedError
    said = request.seal.decrypt(row.answer)
    # JSON begins with a brace, and what zlib has made does not.
    stored = from_json(said if said.startswith(b"{") else zlib.decompress(said))
    headers = {**stored["headers"], REPLAYED: "true"}
    return Response(stored["body"], status_code=row.status, headers=headers)


def _sealed(answer: Response, seal: Seal) -> bytes:
    headers = {name: answer.headers[name] for name in _KEPT_HEADERS if name in answer.headers}
    body = bytes(answer.body).decode()
    said = to_json({"headers": headers, "body": body})
    return seal.encrypt(said if len(said) < _WORTH_COMPRESSING else zlib.compress(said, level=1))
