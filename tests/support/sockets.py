"""Callers that speak HTTP by hand: too much, too slowly, or without listening."""

import socket
import time
from collections.abc import Callable
from threading import Event

PATIENCE = 20.0


def until(condition: Callable[[], bool], patience: float = PATIENCE) -> None:
    """Wait for what another thread, or another process, does."""
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end
        pause(0.01)


def pause(seconds: float) -> None:
    """A caller's own time."""
    Event().wait(seconds)


def said_until_the_end(caller: socket.socket) -> bytes:
    said = b""
    try:
        while more := caller.recv(65536):
            said += more
    except ConnectionResetError:
        pass
    return said


def answer(caller: socket.socket) -> bytes:
    """The answer to one request on a connection that stays."""
    said = b""
    while b"\r\n\r\n" not in said:
        said += caller.recv(65536)
    head, _, body = said.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    while len(body) < length:
        body += caller.recv(65536)
    return said


def is_cut_off(caller: socket.socket, piece: bytes, times: int) -> bool:
    """Whether the other end hangs up while a piece is sent again and again."""
    try:
        for _ in range(times):
            caller.sendall(piece)
    except OSError:
        return True
    return False


def drip(caller: socket.socket, drop: bytes, seconds: float = 10) -> bytes:
    """Send a little again and again, until the other end speaks or hangs up; what it said."""
    caller.settimeout(0.05)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            caller.sendall(drop)
            return said_until_the_end(caller)
        except TimeoutError:
            continue
        except OSError:
            return b""
    raise AssertionError("still connected")
