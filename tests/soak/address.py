"""A port of this machine that stays one's own, whether somebody listens there or not."""

import socket


class Address:
    def __init__(self) -> None:
        # Bound, so that nobody else gets it; callers are refused as long as nobody listens.
        self._held = socket.socket()
        self._held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._held.bind(("127.0.0.1", 0))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def listener(self) -> socket.socket:
        """For who serves it next."""
        listener = socket.create_server(("127.0.0.1", self._port), reuse_port=True)
        # As servers do it that make their own.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listener

    def close(self) -> None:
        self._held.close()

    @property
    def _port(self) -> int:
        return int(self._held.getsockname()[1])
