"""What the service makes is its own to read, and production wants that of what it finds."""

import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.production import load_safe_settings
from core.settings import ConfigurationError, Settings
from core.store.schema_version import ROOT
from tools.server import default_environment, running_server

GOOD_KEY = "wk7Q2mZ9xTn4Rb8Vc3Lp6Hd1Gs5Jf0Ya"


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where others get to, as to most folders of a machine; those of tests are closed."""
    with tempfile.TemporaryDirectory(prefix="nxt-open-", dir="/var/tmp") as name:
        Path(name).chmod(0o755)
        yield Path(name).resolve()


@pytest.fixture
def usual_umask() -> Iterator[None]:
    """What most machines have, and processes inherit."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def production(folder: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setitem(Settings.model_config, "env_file", folder / ".env")
    monkeypatch.setenv("ENVIRONMENT", "production")
    monkeypatch.setenv("SECRET_KEY", GOOD_KEY)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{folder}/shop.db")
    return monkeypatch


def put(file: Path, mode: int) -> None:
    file.touch()
    file.chmod(mode)


def refusal() -> str:
    with pytest.raises(ConfigurationError) as refused:
        load_safe_settings()
    return str(refused.value)


def modes(folder: Path) -> dict[str, str]:
    return {file.name: stat.filemode(file.stat().st_mode) for file in folder.iterdir()}


@pytest.mark.usefixtures("usual_umask")
class TestMade:
    """By each program, whatever umask it was started with."""

    PRIVATE = "-rw-------"

    def test_a_server_makes_files_for_itself_alone(self, folder: Path) -> None:
        url = f"sqlite:///{folder}/shop.db"
        with running_server({"DATABASE_URL": url}) as (_, _process):
            made = modes(folder)
        assert {"shop.db", "shop.db-wal", "shop.db-shm"} <= made.keys()
        assert set(made.values()) == {self.PRIVATE}

    @pytest.mark.parametrize(
        "program",
        [
            ["cli.py", "create-admin", *["--username", "a1b", "--email", "a@b.example"]],
            ["-m", "alembic", "upgrade", "head"],
        ],
    )
    def test_a_command_makes_files_for_its_user_alone(
        self, program: list[str], folder: Path
    ) -> None:
        named = {
            "DATABASE_URL": f"sqlite:///{folder}/shop.db",
            "ADMIN_PASSWORD": "a long walk home",
        }
        subprocess.run(
            [sys.executable, *program], cwd=ROOT, env=default_environment() | named, check=True
        )
        made = modes(folder)
        assert "shop.db" in made
        assert set(made.values()) == {self.PRIVATE}


class TestFound:
    @pytest.mark.parametrize(
        "name", [".env", "shop.db", "shop.db-wal", "shop.db-shm", "shop.db-turn"]
    )
    @pytest.mark.parametrize("mode", [0o604, 0o602, 0o644, 0o666])
    @pytest.mark.usefixtures("production")
    def test_what_others_can_read_or_change_stops_production(
        self, name: str, mode: int, folder: Path
    ) -> None:
        put(folder / name, mode)
        file = folder / name
        said = f"unsafe in production: others can read or change {file}: chmod 600 {file}"
        assert refusal() == said

    @pytest.mark.parametrize(
        "url", ["sqlite:///file:{}?uri=true", "sqlite:///file:{}?mode=rwc&uri=true"]
    )
    def test_the_file_of_a_uri_is_found(
        self, url: str, folder: Path, production: pytest.MonkeyPatch
    ) -> None:
        put(folder / "my shop.db", 0o644)
        production.setenv("DATABASE_URL", url.format(f"{folder}/my%20shop.db"))
        assert f"chmod 600 {folder}/my shop.db" in refusal()

    def test_the_file_of_a_path_from_here_is_found(
        self, folder: Path, production: pytest.MonkeyPatch
    ) -> None:
        put(folder / "near.db", 0o644)
        production.chdir(folder)
        production.setenv("DATABASE_URL", "sqlite:///./near.db")
        assert refusal().endswith(f"chmod 600 {folder}/near.db")

    @pytest.mark.usefixtures("production")
    def test_a_folder_in_which_others_could_put_another_file_stops_production(
        self, folder: Path
    ) -> None:
        folder.chmod(0o1777)
        said = f"unsafe in production: others can put files into {folder}: chmod o-w {folder}"
        assert refusal() == said

    @pytest.mark.usefixtures("production")
    def test_all_of_them_are_told_in_one_line(self, folder: Path) -> None:
        put(folder / ".env", 0o644)
        put(folder / "shop.db", 0o644)
        assert refusal().count("chmod 600") == 2
        assert len(refusal().splitlines()) == 1

    @pytest.mark.usefixtures("production")
    def test_the_line_that_it_tells_ends_it(self, folder: Path) -> None:
        put(folder / "shop.db", 0o666)
        _, _, command = refusal().rpartition(": ")
        subprocess.run(command.split(), check=True)
        assert load_safe_settings().environment == "production"

    @pytest.mark.usefixtures("production")
    def test_a_closed_folder_keeps_others_away_from_any_file(self, folder: Path) -> None:
        put(folder / ".env", 0o666)
        put(folder / "shop.db", 0o666)
        folder.chmod(0o700)
        assert load_safe_settings().environment == "production"

    @pytest.mark.usefixtures("production")
    def test_what_is_not_there_yet_is_no_reason(self, folder: Path) -> None:
        assert modes(folder) == {}
        assert load_safe_settings().environment == "production"

    @pytest.mark.parametrize("environment", ["development", "test", "staging"])
    def test_elsewhere_they_may_lie_open(
        self, environment: str, folder: Path, production: pytest.MonkeyPatch
    ) -> None:
        put(folder / "shop.db", 0o666)
        production.setenv("ENVIRONMENT", environment)
        assert load_safe_settings().environment == environment

    def test_a_disk_without_modes_is_allowed_by_name(
        self, folder: Path, production: pytest.MonkeyPatch
    ) -> None:
        put(folder / "shop.db", 0o666)
        production.setenv("ALLOW_UNSAFE", "files")
        assert load_safe_settings().allow_unsafe == ("files",)
