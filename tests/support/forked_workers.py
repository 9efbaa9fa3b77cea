"""``cli.py`` as it is, but for its workers: each is a fork of the server that starts them.

Elsewhere a worker is a Python of its own, which takes seconds to read the service that its parent
has read already. To what workers do to each other that makes no difference; how they are started
for real is tried by ``tests/test_serving.py`` and by those who test what they hand on.
"""

import gc
import multiprocessing
import os
import signal

from uvicorn import _subprocess
from uvicorn.supervisors.multiprocess import SIGNALS

import main
from cli import app
from core.private_files import keep_files_private


def _forget_signals() -> None:
    """A worker listens to what it is told itself, and not to what its parent is."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)


if __name__ == "__main__":
    # The service is made by each worker; nothing of it may be there before.
    assert "app" not in vars(main)
    _subprocess.spawn = multiprocessing.get_context("fork")  # type: ignore[assignment]
    os.register_at_fork(after_in_child=_forget_signals)
    gc.freeze()
    keep_files_private()
    app()
