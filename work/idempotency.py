"""``Idempotency-Key``: a request that is sent again is answered again, not carried out again.

A key belongs to a caller and to one request. Its row, the effect and the answer are committed in
one transaction, so a crash leaves all of them or none. The answer is stored sealed with the key
itself, of which the database has only the hash: tokens and addresses that stand in answers can't
be read from it.
"""

import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar, cast

from cryptography.fernet import Fernet
from fastapi import Response
from sqlalchemy import Row, delete, func, literal, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from core.errors import (
    ConflictError,
    DomainError,
    IdempotencyKeyReusedError,
    NotFoundError,
    RequestInProgressError,
    RetryTransaction,
)
from core.http.idempotency_key import REPLAYED, KeyedRequest
from core.store.errors import translate
from core.store.upsert import insert_into
from models import idempotency_keys
from work.context import Context
from work.rules import Rule

A = TypeVar("A", bound=Response | DomainError)

LIFETIME = timedelta(hours=24)
# What an answer is besides its status and body.
_KEPT_HEADERS = ("location", "content-type")
# Refusals of the business: asked again, the answer is the same. All others never ran.
_FINAL = (NotFoundError, ConflictError)

# Not the session's own savepoint: that would be released, a round trip during which the stock of
# an order stays locked. The commit releases it as well.
_SAVE, _UNDO = text("SAVEPOINT carried_out"), text("ROLLBACK TO SAVEPOINT carried_out")

ANSWERED_KEYS = Rule(
    "answered_keys",
    "Every request that was carried out under an Idempotency-Key has its answer on record.",
    "idempotency_key",
    "text",
    """
        SELECT id, 'answer' AS field, 'an answer' AS expected, 'none' AS found
        FROM idempotency_keys WHERE status IS NULL OR answer IS NULL""",
)


def carry_out(
    context: Context,
    request: KeyedRequest,
    work: Callable[[], A],
    refuse: Callable[[DomainError], Response],
) -> A:
    """Do the work and store its answer, or replay the answer of the one who did it before.

    A refusal of the business that is raised undoes the work and is stored like an answer; one that
    is returned is not stored. Raises if the key belongs to another request, or to one under way.
    """
    stored = _claim(context, request)
    if stored is not None:
        return cast("A", _replay(stored, request))
    answer = _answer_of(context.session, work, refuse)
    row = _row_of(context, request)
    if isinstance(answer, DomainError):
        context.session.execute(delete(idempotency_keys).where(*row))
    else:
        sealed = _sealed(answer, request.seal)
        filled = update(idempotency_keys).where(*row)
        context.session.execute(filled.values(status=answer.status_code, answer=sealed))
    return answer


def find_answer(context: Context, request: KeyedRequest) -> Response | None:
    """The answer to a request that was carried out before; None if it was not."""
    row = _find(context, request)
    return None if row is None else _replay(row, request)


def forget_old_keys(context: Context, *, limit: int) -> int:
    """Remove keys that have lived their time, the oldest first; how many there were."""
    keys = idempotency_keys.c
    lived = keys.created_at <= context.now - LIFETIME
    old = select(keys.id).where(lived).order_by(keys.created_at)
    batch = old.limit(limit).with_for_update(skip_locked=True)
    gone = delete(idempotency_keys).where(keys.id.in_(batch)).returning(keys.id)
    return len(context.session.execute(gone).all())


def _claim(context: Context, request: KeyedRequest) -> Row[Any] | None:
    """Make the key this transaction's, or return what is stored under it."""
    if _insert(context, request):
        return None
    row = _find(context, request)
    if row is None:
        raise RequestInProgressError
    if row.created_at > context.now - LIFETIME:
        return row
    # Too old to count, and the sweep has not come by yet.
    context.session.execute(delete(idempotency_keys).where(idempotency_keys.c.id == row.id))
    if not _insert(context, request):
        raise RetryTransaction
    return None


def _insert(context: Context, request: KeyedRequest) -> bool:
    row = {
        "principal": context.caller.principal,
        "key_hash": request.key_hash,
        "fingerprint": request.fingerprint,
        "created_at": context.now,
    }
    statement: Any = insert_into(context.session, idempotency_keys)
    if context.session.get_bind().dialect.name == "sqlite":
        # One writer at a time: nobody else can be under way.
        statement = statement.values(**row)
    else:
        statement = statement.from_select(list(row), _unless_under_way(row))
    claim = statement.on_conflict_do_nothing(index_elements=["principal", "key_hash"])
    claimed = context.session.execute(claim.returning(idempotency_keys.c.id))
    return claimed.one_or_none() is not None


def _unless_under_way(row: dict[str, Any]) -> Any:
    """PostgreSQL would wait for a twin that is not committed yet, and keep a connection for that.

    Who gets the lock first is the one; it is given back with the transaction.
    """
    name = f"{row['principal']}\0{row['key_hash']}".encode()
    number = int.from_bytes(hashlib.sha256(name).digest()[:8], signed=True)
    columns = [literal(value, idempotency_keys.c[key].type) for key, value in row.items()]
    return select(*columns).where(func.pg_try_advisory_xact_lock(number))


def _answer_of(
    session: Session,
    work: Callable[[], A],
    refuse: Callable[[DomainError], Response],
) -> A:
    session.execute(_SAVE)
    try:
        return work()
    except _FINAL as refusal:
        refused: DomainError = refusal
    except DBAPIError as error:
        # A rule of the database that two requests met in the same moment.
        translated = translate(error)
        if not isinstance(translated, _FINAL):
            raise
        refused = translated
    session.execute(_UNDO)
    return cast("A", refuse(refused))


def _row_of(context: Context, request: KeyedRequest) -> tuple[Any, Any]:
    keys = idempotency_keys.c
    return keys.principal == context.caller.principal, keys.key_hash == request.key_hash


def _find(context: Context, request: KeyedRequest) -> Row[Any] | None:
    statement = select(*idempotency_keys.c).where(*_row_of(context, request))
    return context.session.execute(statement).one_or_none()


def _replay(row: Row[Any], request: KeyedRequest) -> Response:
    if not hmac.compare_digest(row.fingerprint, request.fingerprint):
        raise IdempotencyKeyReusedError
    stored = json.loads(request.seal.decrypt(row.answer))
    headers = {**stored["headers"], REPLAYED: "true"}
    return Response(stored["body"], status_code=row.status, headers=headers)


def _sealed(answer: Response, seal: Fernet) -> bytes:
    headers = {name: answer.headers[name] for name in _KEPT_HEADERS if name in answer.headers}
    body = bytes(answer.body).decode()
    return seal.encrypt(json.dumps({"headers": headers, "body": body}).encode())
