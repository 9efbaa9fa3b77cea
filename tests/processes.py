"""Processes that a test started, found through their parents."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")


def children(parent: int) -> dict[int, str]:
    """The direct children of a process: {pid: command line}."""
    found = _from_proc() if (_PROC / "self" / "stat").exists() else _from_ps()
    return {pid: command for pid, owner, command in found if owner == parent}


def with_children(parent: int) -> list[int]:
    return [parent, *children(parent)]


def workers(server: int) -> list[int]:
    """The processes that answer for a uvicorn of several; one alone answers by itself."""
    # Beside them runs a helper of the standard library that serves nobody.
    found = [pid for pid, command in children(server).items() if "spawn_main" in command]
    return found or [server]


def send(number: signal.Signals, pids: list[int]) -> None:
    """Those that are gone already need no signal."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def _from_proc() -> Iterator[tuple[int, int, str]]:
    for entry in _PROC.iterdir():
        if not entry.name.isdecimal():
            continue
        with suppress(OSError):  # It ended while we looked.
            # The command in parentheses may hold anything; state and parent follow it.
            owner = (entry / "stat").read_text().rpartition(")")[2].split()[1]
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            yield int(entry.name), int(owner), command


def _from_ps() -> Iterator[tuple[int, int, str]]:
    listed = subprocess.run(
        ["ps", "-axo", "pid=,ppid=,command="], capture_output=True, text=True, check=True
    )
    for line in listed.stdout.splitlines():
        pid, owner, command = line.split(maxsplit=2)
        yield int(pid), int(owner), command
