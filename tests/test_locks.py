"""Only what is locked is installed, by the hashes of its files."""

import base64
import hashlib
import json
import os
import re
import subprocess
import sys
import venv
import zipfile
from collections.abc import Callable
from pathlib import Path

import pip
import pytest

from core.store.schema_version import ROOT
from tests.support.clients import PACKAGES
from tools.locks import CLIENTS, DEVELOPMENT, LOCKS, SERVICE, STRIPE, TOOLS, normal, pins

ASKED_FOR = {
    SERVICE: ["requirements.txt"],
    STRIPE: ["requirements-stripe.txt"],
    DEVELOPMENT: ["requirements.txt", "requirements-stripe.txt", "requirements-dev.txt"],
    TOOLS: ["requirements-tools.txt"],
    CLIENTS: ["requirements-clients.txt"],
}
EACH = pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
# A name with its extras, an exact version and a marker; a hash below it.
_PIN = r"[a-z0-9-]+(\[[a-z0-9,-]+\])?==[\w.]+( ; [^\\;]+)? \\"
_HASH = r"    --hash=sha256:[0-9a-f]{64}( \\)?"


class TestLocks:
    @EACH
    def test_each_pin_has_a_hash(self, lock: Path) -> None:
        locked = pins(lock)
        assert len(locked) > 5
        assert [pin.name for pin in locked if not pin.hashes] == []

    @EACH
    def test_each_line_is_a_pin_or_a_hash_of_one(self, lock: Path) -> None:
        """Nothing that pip would take as an option, such as another index."""
        for line in lock.read_text(encoding="utf-8").splitlines():
            assert re.fullmatch(f"#.*|{_PIN}|{_HASH}", line), line

    @EACH
    def test_what_the_requirements_ask_for_is_locked(self, lock: Path) -> None:
        locked = {pin.name for pin in pins(lock)}
        asked = [
            normal(named[0])
            for file in ASKED_FOR[lock]
            for line in (ROOT / file).read_text(encoding="utf-8").splitlines()
            if (named := re.match(r"\w[\w-]*", line))
        ]
        assert asked
        assert set(asked) <= locked, "run `make lock`"

    def test_what_is_tested_is_what_is_served(self) -> None:
        assert {*pins(SERVICE), *pins(STRIPE)} <= {*pins(DEVELOPMENT)}

    def test_who_pays_by_stripe_has_nothing_else_than_everybody(self) -> None:
        """Installed on top of the service's lock, it leaves all that is there."""
        served = {pin.name: pin for pin in pins(SERVICE)}
        assert [pin for pin in pins(STRIPE) if served.get(pin.name, pin) != pin] == []

    def test_no_file_names_an_index(self) -> None:
        """Which one is asked is a setting of pip's on each machine, a mirror for instance."""
        for file in (*LOCKS, *ROOT.glob("requirements*.txt")):
            assert "://" not in file.read_text(encoding="utf-8"), file

    def test_what_is_for_node_is_locked_by_hashes_and_without_an_index(self) -> None:
        asked = json.loads(PACKAGES.read_text(encoding="utf-8"))["devDependencies"]
        lock = json.loads(PACKAGES.with_name("package-lock.json").read_text(encoding="utf-8"))
        packages = {name: one for name, one in lock["packages"].items() if name}
        assert {f"node_modules/{name}" for name in asked} <= packages.keys()
        assert lock["packages"][""]["devDependencies"] == asked
        for name, one in packages.items():
            assert "resolved" not in one, name
            assert one["integrity"].startswith("sha512-"), name


class TestInstalling:
    """``make install`` with an index of one package, which is what the lock says or is not."""

    def test_make_installs_what_has_the_hash_of_the_lock(self, tmp_path: Path) -> None:
        done = make_install(tmp_path, lambda digest: digest)
        assert done.returncode == 0, done.stdout
        found = list(tmp_path.glob("checkout/.venv/lib/*/site-packages/tiny.py"))
        assert len(found) == 1

    def test_make_does_not_install_another_file(self, tmp_path: Path) -> None:
        done = make_install(tmp_path, lambda digest: digest[::-1])
        assert done.returncode != 0
        assert "THESE PACKAGES DO NOT MATCH THE HASHES" in done.stdout

    def test_make_does_not_install_what_has_no_hash(self, tmp_path: Path) -> None:
        done = make_install(tmp_path, lambda _: "")
        assert done.returncode != 0
        assert "Hashes are required" in done.stdout

    def test_every_installation_of_the_makefile_asks_for_hashes(self) -> None:
        text = (ROOT / "Makefile").read_text(encoding="utf-8")
        lines = [line for line in text.splitlines() if "pip install" in line]
        assert lines
        assert all("--require-hashes" in line for line in lines)


def make_install(folder: Path, written: Callable[[str], str]) -> subprocess.CompletedProcess[str]:
    """``make install`` in a checkout whose lock has one package, under a hash as it is written."""
    index, checkout = folder / "index", folder / "checkout"
    index.mkdir()
    digest = written(tiny_wheel(index))
    venv.create(checkout / ".venv", symlinks=True)
    # A pip of its own would take seconds to unpack.
    (folder / "path").mkdir()
    (folder / "path/pip").symlink_to(Path(pip.__file__).parent)
    (checkout / "Makefile").write_text((ROOT / "Makefile").read_text(encoding="utf-8"))
    line = f"tiny==1.0 \\\n    --hash=sha256:{digest}\n" if digest else "tiny==1.0\n"
    (checkout / "requirements.lock").write_text(line)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PYTHONPATH": str(folder / "path"),
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(index),
    }
    return subprocess.run(
        ["make", "install", f"PYTHON={sys.executable}"],
        cwd=checkout,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def tiny_wheel(folder: Path) -> str:
    """A package of one empty module, and its hash."""
    about = "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n"
    wheel = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    contents = {"tiny.py": "", "tiny-1.0.dist-info/METADATA": about}
    contents["tiny-1.0.dist-info/WHEEL"] = wheel
    record = [
        f"{name},sha256={urlsafe_digest(text)},{len(text)}" for name, text in contents.items()
    ]
    contents["tiny-1.0.dist-info/RECORD"] = "\n".join([*record, "tiny-1.0.dist-info/RECORD,,", ""])
    file = folder / "tiny-1.0-py3-none-any.whl"
    with zipfile.ZipFile(file, "w") as packed:
        for name, text in contents.items():
            packed.writestr(name, text)
    return hashlib.sha256(file.read_bytes()).hexdigest()


def urlsafe_digest(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
