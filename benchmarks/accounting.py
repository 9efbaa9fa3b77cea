"""CPU time of processes, ours and all others, from /proc."""

import os
import time
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_TICK = 1 / os.sysconf("SC_CLK_TCK")
CORES = os.cpu_count() or 1


@dataclass(frozen=True)
class Spent:
    """Seconds of CPU; foreign is what neither we nor our services used."""

    service: float
    database: float
    ours: float
    machine: float
    # By the clock.
    elapsed: float

    def since(self, before: "Spent") -> "Spent":
        return Spent(
            self.service - before.service,
            self.database - before.database,
            self.ours - before.ours,
            self.machine - before.machine,
            self.elapsed - before.elapsed,
        )

    @property
    def foreign(self) -> float:
        """The part of the machine that others used."""
        return max(self.machine - self.ours, 0) / (self.elapsed * CORES)


def spent(service: int | None, database: int | None) -> Spent:
    """Until now; the database's processes are no children of ours."""
    processes = _Processes()
    of_database = processes.tree(database) if database else 0
    ours = processes.tree(os.getpid()) + of_database
    return Spent(
        processes.tree(service) if service else 0,
        of_database,
        ours,
        processes.all(),
        time.monotonic(),
    )


class _Processes:
    """All processes as of one moment."""

    def __init__(self) -> None:
        self._children: dict[int, list[int]] = defaultdict(list)
        self._seconds: dict[int, float] = {}
        for entry in _PROC.iterdir():
            if entry.name.isdecimal():
                with suppress(OSError):  # It ended while we looked.
                    self._note(int(entry.name), (entry / "stat").read_text())

    def _note(self, pid: int, stat: str) -> None:
        """Before the state stands the command, in parentheses, whatever it is."""
        fields = stat.rpartition(")")[2].split()
        self._children[int(fields[1])].append(pid)
        # User and system time, its own and that of the children which ended.
        self._seconds[pid] = sum(map(int, fields[11:15])) * _TICK

    def tree(self, root: int) -> float:
        below = sum(self.tree(child) for child in self._children[root])
        return self._seconds.get(root, 0) + below

    def all(self) -> float:
        """Nothing is lost when one ends: its parent has it then."""
        return sum(self._seconds.values())
