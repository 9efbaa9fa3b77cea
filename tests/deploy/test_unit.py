"""The unit in deploy/ gives the service what it needs of a machine, and nothing else."""

import re
import shutil
import subprocess
from configparser import ConfigParser
from pathlib import Path

import pytest
from typer.testing import CliRunner

import cli
from core.settings import Settings
from core.store.schema_version import ROOT

UNIT = ROOT / "deploy/nexticket.service"
# In tenths, as systemd judges: 0 is a service that may do nothing, 100 one that may do all.
MOST_EXPOSED = 15
HARDENED = {
    "NoNewPrivileges": "yes",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "PrivateUsers": "yes",
    "ProtectKernelModules": "yes",
    "ProtectKernelTunables": "yes",
    "ProtectKernelLogs": "yes",
    "ProtectControlGroups": "yes",
    "ProtectProc": "invisible",
    "InaccessiblePaths": "-/opt/nexticket/.git",
    "RestrictNamespaces": "yes",
    "RestrictSUIDSGID": "yes",
    "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX",
    "LockPersonality": "yes",
    "CapabilityBoundingSet": "",
    "SystemCallArchitectures": "native",
    "UMask": "0077",
    "StateDirectoryMode": "0700",
    "LimitCORE": "0",
    "KillMode": "mixed",
}


@pytest.fixture
def unit() -> ConfigParser:
    parser = ConfigParser(interpolation=None, strict=False, comment_prefixes=("#",))
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(UNIT, encoding="utf-8")
    return parser


@pytest.mark.parametrize(("name", "value"), HARDENED.items())
def test_it_has_each_wall(unit: ConfigParser, name: str, value: str) -> None:
    assert unit["Service"][name] == value


def test_it_runs_as_nobody_in_particular_and_within_bounds(unit: ConfigParser) -> None:
    service = unit["Service"]
    assert service["User"] not in {"", "root"}
    assert re.fullmatch(r"[0-9]+G", service["MemoryMax"])
    assert int(service["TasksMax"]) > 0
    # The connections of a process, and its files.
    assert int(service["LimitNOFILE"]) > 2 * Settings().max_connections


def test_it_starts_the_service_as_everybody_does(unit: ConfigParser) -> None:
    words = unit["Service"]["ExecStart"].split()
    assert words[1:3] == ["cli.py", "serve"]
    told = CliRunner().invoke(cli.app, ["serve", "--help"])
    assert told.exit_code == 0
    assert {word for word in words if word.startswith("--")} <= set(told.stdout.split())


def test_it_waits_longer_than_a_request_may_take(unit: ConfigParser) -> None:
    assert int(unit["Service"]["TimeoutStopSec"]) > Settings().request_timeout_seconds + 2


def test_systemd_finds_no_fault_in_it(tmp_path: Path) -> None:
    """Where there is a systemd; what matters most is held by the others."""
    if shutil.which("systemd-analyze") is None:
        return
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text("utf-8").replace("/opt/nexticket/.venv/bin/python", "/bin/true"))
    said = subprocess.run(
        ["systemd-analyze", "verify", copy], capture_output=True, text=True, check=False
    )
    assert UNIT.name not in said.stderr, said.stderr
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", f"--threshold={MOST_EXPOSED}", copy],
        capture_output=True,
        text=True,
        check=False,
    )
    assert judged.returncode == 0, judged.stdout
