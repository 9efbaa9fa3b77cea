"""What happens by itself: money that arrives after seconds, and webhooks that are sent."""

import asyncio
import contextvars
import logging
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import httpx2
from starlette.types import ASGIApp

from test_payments.signatures import HEADER, signature
from test_payments.store import Message, Store

logger = logging.getLogger("test_payments")

Clock = Callable[[], float]

# After which tries it is sent again, and how much later; then it is given up.
_PAUSES = (0.5, 3, 10, 30, 120)
# What a shop may take to hear.
_PATIENCE = 10.0
# Whoever takes a message and dies keeps it from others for so long.
_LEASE = 15.0
# So often it is looked whether the time has come: a clock may be set.
_LONGEST_SLEEP, _SHORTEST_SLEEP = 1.0, 0.01


@dataclass(frozen=True)
class Receiver:
    """Where webhooks go."""

    # With ``{channel}`` where that of the payment stands; empty: nowhere.
    url: str = ""
    # Who serves that, where it is served by this very process.
    app: ASGIApp | None = None


class Background:
    def __init__(
        self,
        store: Store,
        receiver: Receiver,
        secrets: Sequence[str],
        settle_due: Callable[[], None],
        clock: Clock = time.time,
    ) -> None:
        self._store = store
        self._receiver = receiver
        self._secrets = secrets
        self._settle_due = settle_due
        self._clock = clock
        self._woken = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._main: asyncio.Task[None] | None = None
        self._client: httpx2.AsyncClient | None = None

    def wake(self) -> None:
        """Look now what there is to do; the first time, begin to look."""
        self._woken.set()
        if self._main is None:
            self._main = self._start(self._run())

    async def send_about(self, payment_id: str) -> None:
        """Send what there is to tell of a payment, and wait until it was heard."""
        messages = self._store.take_messages_about(payment_id, self._clock() + _LEASE)
        await asyncio.gather(*(self._start(self._send(message)) for message in messages))

    async def close(self) -> None:
        """End what is being done; what was not told is told by who opens the file next."""
        loop = asyncio.get_running_loop()
        # One that somebody has begun on another event loop ends with that, and can't be awaited.
        for task in (ended := [task for task in self._tasks if task.get_loop() is loop]):
            task.cancel()
        await asyncio.gather(*ended, return_exceptions=True)
        self._main = None
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        # In a context of its own: it outlives the request that has caused it, and its deadline.
        loop = asyncio.get_running_loop()
        task = loop.create_task(work, context=contextvars.Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _run(self) -> None:
        while True:
            self._woken.clear()
            try:
                seconds = self._do_what_is_due()
            except Exception:
                # Nobody waits for this task who could hear of it.
                logger.exception("what was due could not be done")
                seconds = _LONGEST_SLEEP
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._woken.wait()

    def _do_what_is_due(self) -> float | None:
        """In how many seconds to look again; None: when somebody says so."""
        self._settle_due()
        now = self._clock()
        for message in self._store.take_messages(now, now + _LEASE):
            self._start(self._send(message))
        due = self._store.next_due()
        return None if due is None else min(max(due - now, _SHORTEST_SLEEP), _LONGEST_SLEEP)

    async def _send(self, message: Message) -> None:
        if not self._receiver.url or await self._is_heard(message):
            self._store.forget(message)
        elif message.attempt > len(_PAUSES):
            logger.warning("a webhook was given up: %s", message.body)
            self._store.forget(message)
        else:
            self._store.put_off(message, self._clock() + _PAUSES[message.attempt - 1])
            self._woken.set()

    async def _is_heard(self, message: Message) -> bool:
        body = message.body.encode()
        headers = {
            "Content-Type": "application/json",
            HEADER: signature(body, self._secrets, self._clock()),
        }
        url = self._receiver.url.replace("{channel}", message.channel)
        try:
            answer = await self._opened().post(url, content=body, headers=headers)
        except httpx2.HTTPError as error:
            logger.info("a webhook was not heard: %s", error)
            return False
        return answer.is_success

    def _opened(self) -> httpx2.AsyncClient:
        if self._client is None:
            transport = None
            if self._receiver.app is not None:
                transport = httpx2.ASGITransport(self._receiver.app, raise_app_exceptions=False)
            self._client = httpx2.AsyncClient(
                transport=transport, timeout=_PATIENCE, trust_env=False
            )
        return self._client
