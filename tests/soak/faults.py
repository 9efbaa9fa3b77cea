"""What befalls a service and its database; each fault is over when its function returns."""

import random
import signal
import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from tests.soak.provider import Provider
from tests.soak.service import Service
from tests.support.faults.site import KEYED
from tests.support.wire import Wire
from tools import processes
from tools.postgres import PostgresServer

Fault = Callable[[], None]
LOST_ANSWERS = 3


class Faults:
    """Drawn by chance; a seed tells which."""

    def __init__(self, service: Service, provider: Provider, choices: random.Random) -> None:
        self._service = service
        self._provider = provider
        self._choices = choices

    def of_the_provider(self) -> Mapping[str, Fault]:
        return {
            "provider down": lambda: self._trouble(answers="down"),
            "provider slow": lambda: self._trouble(answers="slow", chance=0.7),
            "provider's nonsense": lambda: self._trouble(answers="nonsense", chance=0.7),
            "webhooks doubled": lambda: self._trouble(webhooks="doubled"),
            "webhooks late": lambda: self._trouble(webhooks="late"),
            "provider killed": lambda: self._meanwhile(self._provider.kill, self._provider.start),
            "provider frozen": lambda: self._meanwhile(self._provider.freeze, self._provider.thaw),
            "workers killed, provider slow": self._kill_while_waiting,
        }

    def on_any_database(self) -> Mapping[str, Fault]:
        return {
            **self.of_the_provider(),
            "worker killed": self._kill_one,
            "all workers killed": self._kill_all,
            "worker frozen": self._freeze_worker,
            "service restarted": self._restart,
        }

    def on_postgres(self, server: PostgresServer, wire: Wire, database: str) -> Mapping[str, Fault]:
        return {
            **self.on_any_database(),
            "database crashed": lambda: server.restart("immediate"),
            "connections ended": lambda: server.end_connections(database),
            "COMMIT answers lost": lambda: wire.lose_commits(LOST_ANSWERS, of=KEYED),
            "network silent": lambda: self._meanwhile(wire.cut, wire.mend),
            "database frozen": lambda: self._meanwhile(server.freeze, server.thaw),
            "database stopped": lambda: self._meanwhile(server.stop, server.start),
            "worker killed, database away": lambda: self._kill_while_away(server),
        }

    def on_sqlite(self, path: Path) -> Mapping[str, Fault]:
        return {**self.on_any_database(), "database locked": lambda: self._lock(path)}

    def _kill_one(self) -> None:
        processes.kill(self._some_worker())

    def _kill_all(self) -> None:
        processes.kill(self._service.workers)

    def _freeze_worker(self) -> None:
        """Past five seconds uvicorn takes it for dead and starts another."""
        pids = self._some_worker()
        self._meanwhile(
            lambda: processes.send(signal.SIGSTOP, pids),
            lambda: processes.send(signal.SIGCONT, pids),
        )

    def _some_worker(self) -> list[int]:
        """One; none in the moment when all have died and no other was started yet."""
        pids = self._service.workers
        return self._choices.sample(pids, min(1, len(pids)))

    def _restart(self) -> None:
        self._service.stop()
        self._service.start()

    def _kill_while_away(self, server: PostgresServer) -> None:
        def harm() -> None:
            server.stop()
            self._kill_one()

        self._meanwhile(harm, server.start)

    def _trouble(self, **faults: Any) -> None:
        """What is wrong with the provider as a whole; should it be forgotten, it ends by itself."""
        harm = partial(self._provider.set_faults, **faults)
        self._meanwhile(harm, self._provider.end_faults)

    def _kill_while_waiting(self) -> None:
        """In between the steps of those who wait for the provider."""
        self._provider.set_faults(answers="slow")
        try:
            time.sleep(1)
            self._kill_all()
        finally:
            self._provider.end_faults()

    def _lock(self, path: Path) -> None:
        """Another process writes, and takes its time."""
        with closing(sqlite3.connect(path, timeout=30, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            self._wait()
            other.execute("ROLLBACK")

    def _meanwhile(self, harm: Fault, mend: Fault) -> None:
        harm()
        try:
            self._wait()
        finally:
            mend()

    def _wait(self) -> None:
        time.sleep(self._choices.uniform(2, 8))
