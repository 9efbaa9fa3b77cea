"""Hashing passwords takes memory by design; many log-ins at once must not take all of it."""

import re
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode

import pytest

from core.settings import Settings
from tests.support.racing import Client
from tests.support.service import fresh_database
from tools.server import running_server

LOG_INS = 50
LIMIT_MIB = 400


def peak_mib(pid: int) -> float:
    """The most memory that a process has held so far."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found
    return int(found[1]) / 1024


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak from /proc")
def test_fifty_log_ins_at_once_stay_within_bounds(
    request: pytest.FixtureRequest, worker_name: str
) -> None:
    memory = Settings.model_fields["password_hash_memory_kib"].get_default() / 1024
    # Without a bound they would take this much, so the test can fail.
    assert LOG_INS * memory > LIMIT_MIB
    with (
        fresh_database("sqlite", request, f"{worker_name}_memory") as url,
        running_server(
            {"DATABASE_URL": url.render_as_string(), "REQUEST_TIMEOUT_SECONDS": "60"}
        ) as (address, process),
    ):
        body = {
            "username": "john",
            "email": "john@example.com",
            "full_name": "John",
            "password": "a walk in the rain",
        }
        with closing(Client(address)) as client:
            client.ok("POST", "/api/users/", body)
        form = urlencode({"username": "john", "password": "a walk in the rain"})

        def log_in(_: int) -> int:
            with closing(Client(address)) as client:
                return client.send_form("/api/auth/token", form).status

        with ThreadPoolExecutor(LOG_INS) as pool:
            assert list(pool.map(log_in, range(LOG_INS))) == [200] * LOG_INS
        assert peak_mib(process.pid) < LIMIT_MIB
