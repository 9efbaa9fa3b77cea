"""Processes that a test started, found through their parents."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

START_SECONDS = 20
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
    helper = "resource_tracker"
    found = [pid for pid, command in children(server).items() if helper not in command]
    return found or [server]


def send(number: signal.Signals, pids: list[int]) -> None:
    """Those that are gone already need no signal."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def kill(pids: list[int], seconds: float = 10) -> None:
    """Until they are gone: one that is about to die may still take a connection with it."""
    send(signal.SIGKILL, pids)
    end = time.monotonic() + seconds
    while alive := [pid for pid in pids if _is_alive(pid)]:
        assert time.monotonic() < end, f"not dead: {alive}"
        time.sleep(0.001)


def _is_alive(pid: int) -> bool:
    """Their parent, who is not us, is told of their end; until it listens they are zombies."""
    if (_PROC / "self" / "stat").exists():
        with suppress(OSError):
            return _fields(pid)[0] != "Z"
        return False
    listed = ["ps", "-o", "stat=", "-p", str(pid)]
    state = subprocess.run(listed, capture_output=True, text=True, check=False).stdout
    return bool(state.strip()) and not state.startswith("Z")


def await_listening(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    """Until a program that was started takes connections; the log is what it says if it ends."""
    for _ in range(START_SECONDS * 100):
        with socket.socket() as probe:
            probe.settimeout(START_SECONDS)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        try:
            process.wait(0.01)
        except subprocess.TimeoutExpired:
            continue
        break
    raise AssertionError(f"it did not start: {log.read_text() if log.exists() else ''}")


def _fields(pid: int) -> list[str]:
    """State, parent and more; before them stands the command, in parentheses, whatever it is."""
    return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()


def _from_proc() -> Iterator[tuple[int, int, str]]:
    for entry in _PROC.iterdir():
        if not entry.name.isdecimal():
            continue
        with suppress(OSError):  # It ended while we looked.
            owner = _fields(int(entry.name))[1]
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            yield int(entry.name), int(owner), command


def _from_ps() -> Iterator[tuple[int, int, str]]:
    listed = subprocess.run(
        ["ps", "-axo", "pid=,ppid=,command="], capture_output=True, text=True, check=True
    )
    for line in listed.stdout.splitlines():
        pid, owner, command = line.split(maxsplit=2)
        yield int(pid), int(owner), command
