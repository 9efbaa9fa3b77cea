"""The test provider in a process of its own, as a shop meets it, and as its buyers do."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from socket import socket
from typing import Any

import httpx2

from core.store.schema_version import ROOT
from tools.server import LOCALLY, serving

SECRETS = ("new secret", "old secret")
SUCCESS = "4242424242424242"
FILE = "test-payments.db"
# So that nobody waits for long in a test.
_SLOW_SECONDS = 0.1
_numbers = count(1)


@dataclass(frozen=True)
class ProviderProcess:
    """Asked over HTTP by whoever may."""

    url: str
    client: httpx2.Client

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> httpx2.Response:
        """By the shop, which is told by its secret."""
        named = {"authorization": f"Bearer {SECRETS[0]}"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        return self.client.request(method, path, json=body, headers=named)

    def made(self, **fields: Any) -> Any:
        """A payment of a number that no other has."""
        number = f"TXN-{next(_numbers)}"
        body = {"amount": "10.00", "currency": "USD", "metadata": {"number": number}, **fields}
        answer = self.ask("POST", "/v1/payments", body, idempotency_key=number)
        assert answer.status_code == httpx2.codes.CREATED, answer.text
        return answer.json()

    def paid(self, card: str = SUCCESS, **fields: Any) -> Any:
        """A payment that its buyer has confirmed with a card."""
        payment = self.made(**fields)
        assert self.confirm(payment, card=card).status_code == httpx2.codes.OK
        return self.again(payment)

    def again(self, payment: Any) -> Any:
        """As it is now."""
        answer = self.ask("GET", f"/v1/payments/{payment['id']}")
        assert answer.status_code == httpx2.codes.OK, answer.text
        return answer.json()

    def refund(self, payment: Any, amount: str, **fields: Any) -> httpx2.Response:
        key = fields.pop("key", f"refund {next(_numbers)}".replace(" ", "-"))
        body = {"payment": payment["id"], "amount": amount, "currency": "USD", **fields}
        return self.ask("POST", "/v1/refunds", body, idempotency_key=key)

    def confirm(self, payment: Any, **fields: str) -> httpx2.Response:
        """By the buyer's browser."""
        body = {"client_secret": payment["client_secret"], **fields}
        headers = {"authorization": f"Bearer {payment['publishable_key']}"}
        path = f"/v1/payments/{payment['id']}/confirm"
        return self.client.post(path, json=body, headers=headers)

    def set_faults(self, **faults: Any) -> None:
        answer = self.ask("POST", "/v1/faults", faults)
        assert answer.status_code == httpx2.codes.OK, answer.text

    def end_faults(self) -> None:
        self.ask("DELETE", "/v1/faults")


def code_of(answer: httpx2.Response) -> tuple[int, str]:
    """How something was refused."""
    return answer.status_code, answer.json()["error"]["code"]


@contextmanager
def running_provider(
    folder: Path,
    webhook: str = "",
    *,
    secrets: Sequence[str] = SECRETS,
    workers: int = 1,
    listening: socket | None = None,
    slow_seconds: float = _SLOW_SECONDS,
) -> Iterator[ProviderProcess]:
    """Keeps what it remembers in the folder, and listens where somebody may know already."""
    said = {
        "--file": str(folder / FILE),
        "--webhook": webhook,
        "--slow-seconds": str(slow_seconds),
    }
    words = ["-m", "test_payments", *(word for pair in said.items() for word in pair)]
    words += [word for secret in secrets for word in ("--secret", secret)]
    with (
        serving(ROOT, {}, workers, program=words, listening=listening) as (url, _),
        httpx2.Client(base_url=url, **LOCALLY, timeout=30) as client,
    ):
        yield ProviderProcess(url, client)
