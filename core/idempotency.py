"""``Idempotency-Key``: a request that is sent again is answered again, not carried out again.

A key belongs to a caller and to one request. Its row, the effect and the answer are committed in
one transaction, so a crash leaves all of them or none. The answer is stored sealed with the key
itself, of which the database has only the hash: tokens and addresses that stand in answers can't
be read from it.
"""

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar, cast
from urllib.parse import parse_qsl

from cryptography.fernet import Fernet
from fastapi import Request, Response
from sqlalchemy import Row, delete, func, literal, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from core.bodies import is_form
from core.database_errors import translate
from core.errors import (
    ConflictError,
    DomainError,
    IdempotencyKeyReusedError,
    InvalidIdempotencyKeyError,
    NotFoundError,
    RequestInProgressError,
    RetryTransaction,
)
from core.middleware import route_path
from models import idempotency_keys

A = TypeVar("A", bound=Response | None)

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
METHODS = frozenset({"POST", "PUT", "PATCH"})
LIFETIME = timedelta(hours=24)
MAX_LENGTH = 255
# Quotes are how structured fields are spelt, and say nothing themselves.
PATTERN = r"^[ -~]*[!#-~][ -~]*$"
# What an answer is besides its status and body.
_KEPT_HEADERS = ("location", "content-type")
# Refusals of the business: asked again, the answer is the same. All others never ran.
_FINAL = (NotFoundError, ConflictError)

# Not the session's own savepoint: that would be released, a round trip during which the stock of
# an order stays locked. The commit releases it as well.
_SAVE, _UNDO = text("SAVEPOINT carried_out"), text("ROLLBACK TO SAVEPOINT carried_out")


@dataclass(frozen=True)
class KeyedRequest:
    """A request under a key: how it is told from others, and what its answer is sealed with."""

    key_hash: str
    fingerprint: str
    seal: Fernet


async def keyed_request(request: Request) -> KeyedRequest | None:
    """What a request's key stands for; None if it has none, or is of a kind that needs none."""
    if request.method not in METHODS or (key := _key_of(request)) is None:
        return None
    said = b"\0".join([*_address(request), await _content(request)])
    # Bodies hold passwords: who reads the database must not be able to try some, so both of
    # these need the key.
    fingerprint = hmac.digest(key.encode(), b"request\0" + said, "sha256")
    sealing = hmac.digest(key.encode(), b"answer\0" + said, "sha256")
    key_hash = hashlib.sha256(key.encode()).hexdigest()
    return KeyedRequest(key_hash, fingerprint.hex(), Fernet(urlsafe_b64encode(sealing)))


def carry_out(
    session: Session,
    request: KeyedRequest,
    principal: str,
    work: Callable[[], A],
    refuse: Callable[[DomainError], Response],
    *,
    now: datetime,
) -> A:
    """Do the work and store its answer, or replay the answer of the one who did it before.

    A refusal of the business undoes the work and is stored like an answer. Work that answers None
    is not stored. Raises if the key belongs to another request, or to one that is under way.
    """
    stored = _claim(session, request, principal, now)
    if stored is not None:
        return cast("A", _replay(stored, request))
    answer = _answer_of(session, work, refuse)
    row = _row_of(request, principal)
    if answer is None:
        session.execute(delete(idempotency_keys).where(*row))
    else:
        sealed = _sealed(answer, request.seal)
        filled = update(idempotency_keys).where(*row)
        session.execute(filled.values(status=answer.status_code, answer=sealed))
    return answer


def find_answer(session: Session, request: KeyedRequest, principal: str) -> Response | None:
    """The answer to a request that was carried out before; None if it was not."""
    row = _find(session, request, principal)
    return None if row is None else _replay(row, request)


def forget_old_keys(session: Session, *, now: datetime, limit: int) -> int:
    """Remove keys that have lived their time, the oldest first; how many there were."""
    keys = idempotency_keys.c
    old = select(keys.id).where(keys.created_at <= now - LIFETIME).order_by(keys.created_at)
    batch = old.limit(limit).with_for_update(skip_locked=True)
    gone = delete(idempotency_keys).where(keys.id.in_(batch)).returning(keys.id)
    return len(session.execute(gone).all())


def _key_of(request: Request) -> str | None:
    """The header's value; the quoted form of structured fields and the bare one are the same."""
    values = request.headers.getlist(HEADER)
    if not values:
        return None
    key = said = values[0].strip(" \t")
    if len(said) > 1 and said[0] == said[-1] == '"':
        key = said[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    # What PATTERN says; matched against it, a long text with a bad end would take for ever.
    says_something = said.isascii() and said.isprintable() and said.strip(' "')
    if len(values) > 1 or len(key) > MAX_LENGTH or not says_something:
        raise InvalidIdempotencyKeyError
    return key


def _address(request: Request) -> list[bytes]:
    """Method, path and query; the order of parameters says nothing."""
    query = sorted(parse_qsl(request.scope["query_string"], keep_blank_values=True))
    parameters = [part for pair in query for part in pair]
    path = route_path(request.scope).rstrip("/")
    # A lone surrogate can stand in a path that is not UTF-8.
    return [request.method.encode(), path.encode(errors="surrogatepass"), *parameters]


async def _content(request: Request) -> bytes:
    """The body, the same for all ways to write the same JSON or form."""
    if is_form(request):
        form = await request.form()
        return repr(sorted(form.multi_items(), key=repr)).encode()
    body = await request.body()
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        # No JSON, or nested without end: no operation takes it, and it has but one spelling.
        return body
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _claim(
    session: Session, request: KeyedRequest, principal: str, now: datetime
) -> Row[Any] | None:
    """Make the key this transaction's, or return what is stored under it."""
    if _insert(session, request, principal, now):
        return None
    row = _find(session, request, principal)
    if row is None:
        raise RequestInProgressError
    if row.created_at > now - LIFETIME:
        return row
    # Too old to count, and the sweep has not come by yet.
    session.execute(delete(idempotency_keys).where(idempotency_keys.c.id == row.id))
    if not _insert(session, request, principal, now):
        raise RetryTransaction
    return None


def _insert(session: Session, request: KeyedRequest, principal: str, now: datetime) -> bool:
    row = {
        "principal": principal,
        "key_hash": request.key_hash,
        "fingerprint": request.fingerprint,
        "created_at": now,
    }
    if session.get_bind().dialect.name == "sqlite":
        # One writer at a time: nobody else can be under way.
        statement: Any = sqlite.insert(idempotency_keys).values(**row)
    else:
        statement = _insert_unless_under_way(row)
    claim = statement.on_conflict_do_nothing(index_elements=["principal", "key_hash"])
    return session.execute(claim.returning(idempotency_keys.c.id)).one_or_none() is not None


def _insert_unless_under_way(row: dict[str, Any]) -> postgresql.Insert:
    """PostgreSQL would wait for a twin that is not committed yet, and keep a connection for that.

    Who gets the lock first is the one; it is given back with the transaction.
    """
    name = f"{row['principal']}\0{row['key_hash']}".encode()
    number = int.from_bytes(hashlib.sha256(name).digest()[:8], signed=True)
    columns = [literal(value, idempotency_keys.c[key].type) for key, value in row.items()]
    free = select(*columns).where(func.pg_try_advisory_xact_lock(number))
    return postgresql.insert(idempotency_keys).from_select(list(row), free)


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


def _row_of(request: KeyedRequest, principal: str) -> tuple[Any, Any]:
    keys = idempotency_keys.c
    return keys.principal == principal, keys.key_hash == request.key_hash


def _find(session: Session, request: KeyedRequest, principal: str) -> Row[Any] | None:
    statement = select(*idempotency_keys.c).where(*_row_of(request, principal))
    return session.execute(statement).one_or_none()


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
