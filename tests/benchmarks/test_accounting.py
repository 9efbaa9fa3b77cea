"""Whose CPU time it was."""

import os
import subprocess
import sys
import time

from benchmarks.accounting import spent

BUSY = "import time\nwhile time.process_time() < 0.3: pass"


def test_what_we_use_is_ours_and_not_the_others() -> None:
    before = spent(os.getpid(), None)
    until = time.process_time() + 0.2
    while time.process_time() < until:
        pass
    cost = spent(os.getpid(), None).since(before)
    assert cost.service >= 0.15
    assert cost.ours >= cost.service


def test_a_child_counts_after_its_end_as_well() -> None:
    before = spent(None, None)
    subprocess.run([sys.executable, "-c", BUSY], check=True)
    assert spent(None, None).since(before).ours >= 0.25
