"""Another commit to be measured: its files, its environment, and nothing left of it."""

import os
import subprocess
from pathlib import Path

import pytest

from benchmarks import baseline
from benchmarks.subjects import OWN, Checkout
from core.store.schema_version import ROOT
from tools.server import default_environment

AUTHOR = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.com")


def git(folder: Path, *words: str) -> str:
    plain = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    command = ["git", *AUTHOR, *words]
    done = subprocess.run(
        command, cwd=folder, env=plain, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two commits, of which the second one has other files."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        # Set inside of a git hook: the commands would mean another repository.
        monkeypatch.delenv(name)
    monkeypatch.setattr(baseline, "ROOT", tmp_path)
    git(tmp_path, "init", "--quiet")
    for release in ("old", "new"):
        (tmp_path / "main.py").write_text(release)
        (tmp_path / f"{release}.py").write_text("")
        git(tmp_path, "add", ".")
        git(tmp_path, "commit", "--quiet", "--message", release)
    git(tmp_path, "rm", "--quiet", "old.py")
    git(tmp_path, "commit", "--quiet", "--message", "without old.py")
    return tmp_path


def test_it_has_the_files_of_its_commit_and_no_others(repository: Path) -> None:
    (repository / "draft.py").write_text("")
    with baseline.checked_out("HEAD~2") as checkout:
        files = {path.name: path.read_text() for path in checkout.folder.iterdir()}
    assert files == {"main.py": "old", "old.py": ""}


def test_it_is_called_by_its_id(repository: Path) -> None:
    with baseline.checked_out("HEAD~2") as checkout:
        assert checkout.name == git(repository, "rev-parse", "--short", "HEAD~2")


def test_nothing_is_left_of_it_and_the_repository_is_as_before(repository: Path) -> None:
    with baseline.checked_out("HEAD~2") as checkout:
        pass
    assert not checkout.folder.parent.exists()
    assert git(repository, "status", "--porcelain") == ""
    assert len(git(repository, "worktree", "list").splitlines()) == 1


@pytest.mark.usefixtures("repository")
def test_nothing_is_left_of_it_after_a_failure() -> None:
    opened = baseline.checked_out("HEAD")
    folder = opened.__enter__().folder
    assert folder.exists()
    failure = OSError("no space left")
    assert not opened.__exit__(type(failure), failure, None)
    assert not folder.parent.exists()


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize("name", ["nowhere", "--help", "HEAD:main.py"])
def test_what_is_no_commit_is_told(name: str) -> None:
    with pytest.raises(baseline.NoSuchCommitError, match="rev-parse"), baseline.checked_out(name):
        pass


def test_figures_of_changed_files_are_not_told_as_those_of_the_commit(repository: Path) -> None:
    clean = baseline.revision()
    assert clean == git(repository, "rev-parse", "--short", "HEAD")
    (repository / "main.py").write_text("changed")
    assert baseline.revision() == f"{clean}-changed"


def test_figures_are_kept_where_there_is_no_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(baseline, "ROOT", tmp_path)
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "none"))
    assert baseline.revision() == "unversioned"


def test_another_commit_is_told_only_what_production_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_POOL_SIZE", "1")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    other = Checkout("old", tmp_path).environment
    assert other["ENVIRONMENT"] == "production"
    assert not {"DATABASE_POOL_SIZE", "DATABASE_URL", "PYTHONPATH"} & other.keys()


def test_both_are_told_the_same_where_both_are_told_something(tmp_path: Path) -> None:
    other = Checkout("old", tmp_path).environment
    mine = baseline.own().environment
    assert {name: mine[name] for name in other} == other


def test_this_checkout_knows_no_settings_of_a_developer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_POOL_SIZE", "1")
    mine = baseline.own()
    assert (mine.name, mine.folder) == (OWN, ROOT)
    assert mine.environment.keys() >= default_environment().keys()
    usual = default_environment()["DATABASE_POOL_SIZE"]
    assert mine.environment["DATABASE_POOL_SIZE"] == usual
