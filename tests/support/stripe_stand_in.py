"""What localstripe lacks of Stripe: sessions, lists since a time, keys, limits, and bad days.

It keeps payments as Stripe would, and answers over HTTP on this machine.
"""

import json
import re
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.support.stripe_words import intent, refund, session

_PATIENCE = 20
_FOLDERS = {"/v1/payment_intents": "pi", "/v1/checkout/sessions": "cs", "/v1/refunds": "re"}
# Of a dollar, and of what is worth as much.
_LEAST_UNITS = 50


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    params: dict[str, Any]
    headers: dict[str, str]


class RefusalError(Exception):
    def __init__(self, status: int, **error: Any) -> None:
        super().__init__(status)
        self.status, self.error = status, {"type": "invalid_request_error", **error}


@dataclass
class StandIn:
    url: str = ""
    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    # What is answered next instead: a status with a body, or None, which hangs up.
    planned: deque[tuple[int, bytes] | None] = field(default_factory=deque)
    _by_key: dict[str, tuple[dict[str, Any], dict[str, Any]]] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def put(self, about: dict[str, Any], created: int = 0) -> dict[str, Any]:
        """Something that is there already."""
        kept = {"created": created, **about}
        self.objects[kept["id"]] = kept
        return kept

    def clear(self) -> None:
        self.objects.clear()
        self.asked.clear()
        self.planned.clear()
        self.forget_keys()

    def forget_keys(self) -> None:
        """As Stripe does after a day."""
        self._by_key.clear()

    def pay(self, reference: str) -> None:
        """What the buyer does, by whichever way."""
        paid = self.objects[reference]
        if paid["object"] == "checkout.session":
            told = intent(id=f"pi_of_{reference}", metadata=paid["metadata"])
            self.put(told | {"amount": paid["amount_total"], "currency": paid["currency"]})
            paid |= {"status": "complete", "payment_status": "paid", "payment_intent": told["id"]}
            self.pay(told["id"])
            return
        charge = {"object": "charge", "id": f"ch_of_{reference}", "amount_refunded": 0}
        self.put(charge | {"currency": paid["currency"]})
        paid |= {"status": "succeeded", "amount_received": paid["amount"]}
        paid["latest_charge"] = charge["id"]

    def answer(self, asked: Asked) -> Any:
        self.asked.append(asked)
        key = asked.headers.get("idempotency-key")
        if key in self._by_key:
            params, known = self._by_key[key]
            if params != asked.params:
                raise RefusalError(400, type="idempotency_error", message="other parameters")
            return known
        if asked.method == "POST":
            made = self._make(asked)
            if key:
                self._by_key[key] = asked.params, dict(made)
            return made
        if asked.path in _FOLDERS:
            return self._list(asked.path, asked.params)
        return self._expanded(asked.path.rpartition("/")[2], asked.params.get("expand", []))

    def _make(self, asked: Asked) -> dict[str, Any]:
        new_id = f"{_FOLDERS[asked.path]}_{next(self._numbers)}"
        make = {"pi": self._make_intent, "cs": self._make_session, "re": self._make_refund}
        return self.put(make[_FOLDERS[asked.path]](new_id, asked.params))

    def _make_intent(self, new_id: str, params: dict[str, Any]) -> dict[str, Any]:
        units = _chargeable(int(params["amount"]))
        return intent(
            id=new_id,
            amount=units,
            amount_received=0,
            currency=params["currency"],
            status="requires_payment_method",
            latest_charge=None,
            client_secret=f"{new_id}_secret_1",
            metadata=params["metadata"],
        )

    def _make_session(self, new_id: str, params: dict[str, Any]) -> dict[str, Any]:
        (line,) = params["line_items"]
        price = line["price_data"]
        return session(
            id=new_id,
            amount_total=_chargeable(int(price["unit_amount"]) * int(line["quantity"])),
            currency=price["currency"],
            status="open",
            payment_status="unpaid",
            payment_intent=None,
            url=f"https://checkout.stripe.com/c/pay/{new_id}",
            metadata=params["metadata"],
        )

    def _make_refund(self, new_id: str, params: dict[str, Any]) -> dict[str, Any]:
        paid, units = self.objects[params["payment_intent"]], int(params["amount"])
        charge = self.objects[paid["latest_charge"]]
        if charge["amount_refunded"] + units > paid["amount_received"]:
            raise RefusalError(400, code="charge_already_refunded", message="more than there is")
        charge["amount_refunded"] += units
        return refund(
            id=new_id,
            amount=units,
            currency=paid["currency"],
            payment_intent=paid["id"],
            metadata=params["metadata"],
        )

    def _list(self, folder: str, params: dict[str, Any]) -> dict[str, Any]:
        """The newest first, a few at a time, so that a list always has another page."""
        since = int(params.get("created", {}).get("gte", 0))
        wanted = params.get("payment_intent")
        found = [
            one["id"]
            for one in sorted(self.objects.values(), key=lambda one: -one["created"])
            if one["id"].startswith(_FOLDERS[folder]) and one["created"] >= since
            if wanted is None or one["payment_intent"] == wanted
        ]
        first = found.index(params["starting_after"]) + 1 if "starting_after" in params else 0
        paths = [path.removeprefix("data.") for path in params.get("expand", [])]
        data = [self._expanded(one, paths) for one in found[first : first + 2]]
        return {"object": "list", "url": folder, "data": data, "has_more": len(found) > first + 2}

    def _expanded(self, reference: str, paths: list[str]) -> dict[str, Any]:
        if reference not in self.objects:
            raise RefusalError(404, code="resource_missing", message=f"No such: '{reference}'")
        told = dict(self.objects[reference])
        for path in paths:
            name, _, rest = path.partition(".")
            if told[name] is not None:
                told[name] = self._expanded(told[name], [rest] if rest else [])
        return told


def _chargeable(units: int) -> int:
    if units < _LEAST_UNITS:
        raise RefusalError(400, code="amount_too_small", message="at least $0.50")
    return units


def nested(query: str) -> dict[str, Any]:
    """The parameters that ``a[b][0]=c`` stands for."""
    found: dict[str, Any] = {}
    for name, value in parse_qsl(query):
        *path, last = re.findall(r"[^\[\]]+", name)
        here = found
        for step in path:
            here = here.setdefault(step, {})
        here[last] = value
    return {name: _listed(value) for name, value in found.items()}


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {name: _listed(one) for name, one in value.items()}
    return list(inner.values()) if all(name.isdigit() for name in inner) else inner


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body in one piece: the second of two would wait until the first is acknowledged.
    wbufsize = -1
    stand_in: StandIn

    def do_GET(self) -> None:
        self._answer(urlsplit(self.path).query)

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers["content-length"])).decode())

    def _answer(self, query: str) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.command, urlsplit(self.path).path, nested(query), headers)
        if self.stand_in.planned:
            self.stand_in.asked.append(asked)
            planned = self.stand_in.planned.popleft()
            if planned is None:
                self.close_connection = True
                return
            self._send(*planned)
            return
        try:
            self._send(200, json.dumps(self.stand_in.answer(asked)).encode())
        except RefusalError as refused:
            self._send(refused.status, json.dumps({"error": refused.error}).encode())

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Request-Id", "req_1")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def standing_in() -> Iterator[StandIn]:
    stand_in = StandIn()
    handler = type("Handler", (_Handler,), {"stand_in": stand_in})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    stand_in.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield stand_in
    finally:
        server.shutdown()
        server.server_close()
        thread.join(_PATIENCE)
