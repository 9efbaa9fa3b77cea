"""The README keeps its word: every command works, and every answer and table is true."""

import argparse
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from alembic.config import CommandLine
from sqlalchemy import URL
from uvicorn.main import main as uvicorn_command

import main
from core.errors import DomainError
from core.problems import status_of
from core.schema_version import ROOT
from core.settings import Settings, load_settings
from tests.client import ANYWHERE, PROBLEM
from tests.conftest import BACKENDS
from tests.markdown import Answer, Block, Command, answers_of, blocks_of, commands_of, differences
from tests.postgres import new_database
from tests.server import APP, as_written, default_environment, running_server, serving

README = ROOT / "README.md"
TEXT = README.read_text(encoding="utf-8")
BLOCKS = [*blocks_of(README), *blocks_of(ROOT / "CONTRIBUTING.md")]
SHELL_BLOCKS = [block for block in BLOCKS if block.language == "bash"]
ADDRESS = "http://localhost:8000"
# All that the programs need of the surroundings; a make or pytest around us must not reach them.
PLAIN = {"PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin"}
# Everything of a checkout that git would not clone.
NOT_CLONED = shutil.ignore_patterns(
    ".git", ".venv*", "venv", ".*cache", ".hypothesis", ".coverage*", "__pycache__", ".env", "*.db*"
)


def run(*words: str | Path, folder: Path = ROOT, environment: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        words,
        cwd=folder,
        env=PLAIN | (environment or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def python(*words: str, **arguments: Any) -> str:
    return run(sys.executable, *words, **arguments)


def checkout_with_env(folder: Path) -> Path:
    """A fresh checkout after ``cp .env.example .env``."""
    copy = folder / "checkout"
    shutil.copytree(ROOT, copy, ignore=NOT_CLONED)
    shutil.copy(copy / ".env.example", copy / ".env")
    return copy


# Requests: curl blocks, each followed by a block with the answers.


@dataclass(frozen=True)
class Exchange:
    command: Command
    answer: Answer


def is_requests(block: Block) -> bool:
    return block.language == "bash" and block.text.startswith("curl ")


SESSIONS = list(dict.fromkeys(block.section for block in BLOCKS if is_requests(block)))


def exchanges(section: str) -> Iterator[Exchange]:
    for block, following in pairwise(BLOCKS):
        if is_requests(block) and block.section == section:
            commands, answers = commands_of(block), answers_of(following)
            assert len(commands) == len(answers), f"{following}: an answer for each command"
            yield from map(Exchange, commands, answers)


def sent(client: httpx.Client, command: Command) -> httpx.Response:
    """What curl would send, sent to another address."""
    parser = argparse.ArgumentParser("curl")
    parser.add_argument("-X", dest="method")
    parser.add_argument("-H", dest="headers", action="append", default=[])
    parser.add_argument("-d", dest="body")
    parser.add_argument("url")
    options = parser.parse_args(command.words[1:])
    assert options.url.startswith(ADDRESS)
    headers = dict(header.split(": ", maxsplit=1) for header in options.headers)
    if options.body:
        headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
    method = options.method or ("POST" if options.body else "GET")
    path = options.url.removeprefix(ADDRESS)
    return client.request(method, path, headers=headers, content=options.body)


@contextmanager
def new_service(backend: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """The service on an empty database, made by the README's own steps."""
    if backend == "sqlite":
        folder = checkout_with_env(request.getfixturevalue("tmp_path"))
        with serving(folder, {}) as (url, _):
            yield url
        return
    server: URL = request.getfixturevalue("postgres")
    name = f"{request.getfixturevalue('worker_name')}_readme"
    with new_database(server, name) as database:
        address = database.set(drivername="postgresql").render_as_string(hide_password=False)
        named = {"DATABASE_URL": address}
        python("-m", "alembic", "upgrade", "head", environment=default_environment() | named)
        with running_server(named) as (url, _):
            yield url


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("section", SESSIONS)
def test_requests_are_answered_as_printed(
    section: str, backend: str, request: pytest.FixtureRequest
) -> None:
    with (
        new_service(backend, request) as url,
        httpx.Client(base_url=url, trust_env=False, timeout=30) as client,
    ):
        for exchange in exchanges(section):
            answer = sent(client, exchange.command)
            said = f"{exchange.command.words}: {answer.text}"
            assert answer.status_code == exchange.answer.status, said
            for name, value in exchange.answer.headers.items():
                assert answer.headers.get(name) == value, said
            assert not list(differences(exchange.answer.body, answer.json())), said


# Set-up: a check for every other program.


def check_make(command: Command, _folder: Path) -> None:
    run("make", "--dry-run", *command.words[1:])


def check_git(command: Command, _folder: Path) -> None:
    assert command.words[1:] == ["clone", "<repository-url>"]


def check_cd(command: Command, _folder: Path) -> None:
    assert f"```\n{command.words[1]}/\n├── main.py" in TEXT, "the project structure's folder"


def check_python(command: Command, folder: Path) -> None:
    option, *words = command.words[1:]
    # Without pip, for it takes seconds to unpack.
    flags = ["--without-pip"] if words == ["venv", "venv"] else []
    said = python(option, *words, *flags, folder=folder)
    assert said or (folder / "venv/bin/python").exists()


def check_source(command: Command, folder: Path) -> None:
    venv.create(folder / "venv")
    assert (folder / command.words[1]).is_file()


def check_pip(command: Command, _folder: Path) -> None:
    """Nothing is fetched: what the file asks for must be what these tests run with."""
    *install, file = command.words[1:]
    assert install == ["install", "-r"]
    python("-m", "pip", "install", "--dry-run", "--no-index", "--quiet", "-r", file)


def check_cp(command: Command, folder: Path) -> None:
    assert command.words[1:] == [".env.example", ".env"]
    loaded = Settings(_env_file=checkout_with_env(folder) / ".env")  # type: ignore[call-arg]
    assert loaded == load_settings()


def check_uvicorn(command: Command, _folder: Path) -> None:
    options = uvicorn_command.make_context("uvicorn", command.words[1:]).params
    assert options["app"] == APP


def check_export(command: Command, _folder: Path) -> None:
    name, value = command.words[1].split("=", maxsplit=1)
    check_setting(name, value)


def check_alembic(command: Command, _folder: Path) -> None:
    CommandLine("alembic").parser.parse_args(command.words[1:])


COLLECT = ("--collect-only", "-q", "-p", "no:cacheprovider")


def check_pytest(command: Command, _folder: Path) -> None:
    assert " tests collected" in python("-m", "pytest", *command.words[1:], *COLLECT)


def check_setting(name: str, value: str) -> None:
    assert name.lower() in Settings.model_fields
    Settings.model_validate({name.lower(): value})


CHECKS: dict[str, Callable[[Command, Path], None]] = {
    name.removeprefix("check_"): check
    for name, check in list(globals().items())
    if name.startswith("check_") and name != "check_setting"
}
SETUP = [
    pytest.param(command, id=f"{block} {' '.join(command.words)}")
    for block in SHELL_BLOCKS
    if not is_requests(block)
    for command in commands_of(block)
]


@pytest.mark.parametrize("block", SHELL_BLOCKS, ids=str)
def test_every_command_has_a_check(block: Block) -> None:
    programs = {command.program for command in commands_of(block)}
    assert programs == {"curl"} if is_requests(block) else programs <= CHECKS.keys()


@pytest.mark.parametrize("command", SETUP)
def test_set_up_commands_are_possible(command: Command, tmp_path: Path) -> None:
    for name, value in command.environment.items():
        check_setting(name, value)
    CHECKS[command.program](command, tmp_path)


# Tables and lists, held against what they tell of.


def test_the_endpoints_are_those_of_the_openapi_document() -> None:
    listed: list[tuple[str, str]] = []
    prefix = ""
    for line in TEXT.split("## API Endpoints")[1].split("### Conventions")[0].splitlines():
        if heading := re.fullmatch(r"### \w+(?: \(`(.+)`\))?", line):
            prefix = heading[1] or ""
        elif line:
            found = re.fullmatch(r"- `([A-Z]+) (/\S*)` - .+", line)
            assert found, line
            listed.append((found[1], prefix + found[2]))
    document = main.app.openapi()
    served = [
        (method.upper(), path) for path, methods in document["paths"].items() for method in methods
    ]
    assert sorted(listed) == sorted(served)


def test_the_error_table_lists_every_code() -> None:
    rows = "\n".join(
        f"| `{code}` | {status} | {title} | {', '.join(f'`{name}`' for name in members)} |".replace(
            "  ", " "
        )
        for (status, code), (title, members) in sorted(error_codes().items())
    )
    assert f"| Code | Status | Meaning | Brings |\n|---|---|---|---|\n{rows}\n" in TEXT


def error_codes() -> dict[tuple[int, str], tuple[str, list[str]]]:
    """(status, code): title and members of all refusals: of the domains, declared, anywhere."""
    anywhere = {"internal_error": 500, "not_found": 404, "method_not_allowed": 405}
    assert anywhere.keys() == ANYWHERE
    titles = {code: HTTPStatus(status).phrase for code, status in anywhere.items()}
    found: dict[tuple[int, str], tuple[str, list[str]]]
    found = {(status, code): (titles[code], []) for code, status in anywhere.items()}
    found |= {
        (status_of(refusal), refusal.code): (refusal.title, list(refusal.example))
        for refusal in refusals(DomainError)
    }
    return found | dict(declared_codes())


def refusals(kind: type[DomainError]) -> Iterator[type[DomainError]]:
    for refusal in kind.__subclasses__():
        if hasattr(refusal, "code"):
            yield refusal
        yield from refusals(refusal)


def declared_codes() -> Iterator[tuple[tuple[int, str], tuple[str, list[str]]]]:
    common = {"type", "title", "status", "detail", "instance", "code", "request_id"}
    for operations in main.app.openapi()["paths"].values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                examples = response.get("content", {}).get(PROBLEM, {}).get("examples", {})
                for code, example in examples.items():
                    value = example["value"]
                    members = [name for name in value if name not in common]
                    yield (int(status), code), (value["title"], members)


def test_the_settings_table_lists_every_setting_with_its_default() -> None:
    listed = dict(re.findall(r"^\| `([A-Z_]+)` \| (.+?) \| .+ \|$", TEXT, re.MULTILINE))
    assert listed == {
        name.upper(): f"`{value}`" if (value := as_written(field.get_default())) else "(empty)"
        for name, field in Settings.model_fields.items()
    }


def test_the_project_structure_exists() -> None:
    tree = next(block for block in BLOCKS if block.section == "Project Structure")
    folders: list[str] = []
    for line in tree.text.splitlines()[1:]:
        found = re.fullmatch(r"([│ ]*)[├└]── (\S+).*", line)
        assert found, line
        folders = [*folders[: len(found[1]) // 4], found[2]]
        assert ROOT.joinpath(*folders).exists(), line
