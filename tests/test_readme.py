"""The README and all documents keep their word: every command works, and every answer is true."""

import json
import re
import shlex
import shutil
import venv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx2
import pytest
import typer
from alembic.config import CommandLine
from sqlalchemy import URL
from uvicorn.main import main as uvicorn_command

import cli
from commands.backups import DUMP, LOAD
from core.settings import Settings, load_settings
from core.store.schema_version import ROOT, prepare_schema
from test_payments.__main__ import parser as parser_of_test_payments
from tests.support.checkouts import (
    PLAIN,
    checkout_with_env,
    databases_removed,
    environment_for,
    folder_with_env,
    python,
    run,
)
from tests.support.clients import PACKAGES, TYPES
from tests.support.curl import PROGRAM, request_of
from tests.support.forked import said_by, serving_forked
from tests.support.markdown import (
    Answer,
    Block,
    Command,
    answers_of,
    blocks_of,
    commands_of,
    differences,
)
from tests.support.service import BACKENDS, settings_for
from tests.support.shell import run_blocks
from tools.postgres import new_database
from tools.server import APP, LOCALLY, serving

README = ROOT / "README.md"
TEXT = README.read_text(encoding="utf-8")
DOCUMENTS = (README, ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/**/*.md")))
BLOCKS = [block for document in DOCUMENTS for block in blocks_of(document)]
SHELL_BLOCKS = [block for block in BLOCKS if block.language == "bash"]
ADDRESS = "http://localhost:8000"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh one after ``cp .env.example .env``."""
    return checkout_with_env(tmp_path_factory.mktemp("readme"))


@pytest.fixture(scope="module")
def migrated(postgres: URL, worker_name: str) -> Iterator[str]:
    """The name of a PostgreSQL database after the README's steps; to be copied."""
    with new_database(postgres, f"{worker_name}_readme_migrated") as database:
        python("-m", "alembic", "upgrade", "head", environment=environment_for(database))
        yield str(database.database)


# Requests: curl blocks, each followed by a block with the answers.


@dataclass(frozen=True)
class Exchange:
    command: Command
    answer: Answer


def is_requests(block: Block) -> bool:
    return block.language == "bash" and bool(
        re.search(r"^curl |\$\(curl ", block.text, re.MULTILINE)
    )


# Where a command needs an answer from before it, all blocks of the section are one script.
SCRIPTS = list(dict.fromkeys(block.section for block in SHELL_BLOCKS if "$(curl " in block.text))
SESSIONS = [
    section
    for section in dict.fromkeys(block.section for block in BLOCKS if is_requests(block))
    if section not in SCRIPTS
]
COMMAND_BLOCKS = [block for block in SHELL_BLOCKS if block.section not in SCRIPTS]
# Once with its stand-in, which is all there is where curl is missing, and once with curl itself.
CURLS = dict(zip(BACKENDS, ("", shutil.which("curl") or ""), strict=True))


def exchanges(section: str) -> Iterator[Exchange]:
    """The requests of a section with their answers, which may follow several blocks of requests."""
    asked: list[Command] = []
    for block in BLOCKS:
        if block.section != section:
            continue
        if is_requests(block):
            asked += commands_of(block)
        elif asked:
            answers = answers_of(block)
            assert len(asked) == len(answers), f"{block}: an answer for each command"
            yield from map(Exchange, asked, answers)
            asked = []
    assert not asked, f"{section}: the last requests have no answers"


def printing(section: str) -> Iterator[tuple[Command, str]]:
    """The commands at the end of a section of requests, with what they print."""
    blocks = [block for block in BLOCKS if block.section == section]
    for block, following in pairwise(blocks):
        if block.language == "bash" and not is_requests(block) and following.language == "text":
            (command,) = commands_of(block)
            assert command.program == "python", f"{block}: what else prints?"
            yield command, following.text


def sent(client: httpx2.Client, command: Command) -> httpx2.Response:
    """What curl would send, sent to another address."""
    request = request_of(command.words[1:])
    assert request.url.startswith(ADDRESS)
    path = request.url.removeprefix(ADDRESS)
    return client.request(request.method, path, headers=request.headers, content=request.body)


@dataclass(frozen=True)
class Running:
    """A service, and where commands find its code and its database."""

    url: str
    folder: Path
    environment: dict[str, str]


@contextmanager
def new_service(backend: str, request: pytest.FixtureRequest) -> Iterator[Running]:
    """The service on an empty database, made by the README's own steps."""
    folder: Path = request.getfixturevalue("checkout")
    if backend == "sqlite":
        with databases_removed(folder), serving_forked(folder, {}) as url:
            yield Running(url, folder, {})
        return
    server: URL = request.getfixturevalue("postgres")
    template: str = request.getfixturevalue("migrated")
    name = f"{request.getfixturevalue('worker_name')}_readme"
    with new_database(server, name, template) as database:
        named = environment_for(database)
        with databases_removed(folder), serving_forked(folder, named) as url:
            yield Running(url, folder, named)


def test_a_fresh_checkout_is_served(checkout: Path) -> None:
    """By a process that begins with nothing, as those of the tests below do not."""
    with databases_removed(checkout), serving(checkout, {}):
        assert (checkout / "nexticket.db").exists()


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("section", SESSIONS)
def test_requests_are_answered_as_printed(
    section: str, backend: str, request: pytest.FixtureRequest
) -> None:
    with (
        new_service(backend, request) as service,
        httpx2.Client(base_url=service.url, **LOCALLY, timeout=30) as client,
    ):
        for exchange in exchanges(section):
            answer = sent(client, exchange.command)
            said = f"{exchange.command.words}: {answer.text}"
            assert answer.status_code == exchange.answer.status, said
            for name, value in exchange.answer.headers.items():
                assert answer.headers.get(name) == value, said
            assert not list(differences(exchange.answer.body, answer.json())), said
        for command, printed in printing(section):
            environment = PLAIN | service.environment
            said = said_by(command.words[1:], environment, service.folder)
            assert said == f"{printed}\n"


@pytest.mark.parametrize(("backend", "curl"), CURLS.items())
@pytest.mark.parametrize("section", SCRIPTS)
def test_scripts_do_what_is_printed(
    section: str,
    backend: str,
    curl: str,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    pairs = [pair for pair in pairwise(BLOCKS) if pair[0].section == section]
    pairs = [(block, following) for block, following in pairs if block.language == "bash"]
    with new_service(backend, request) as service:
        moved = [
            replace(block, text=block.text.replace(ADDRESS, service.url)) for block, _ in pairs
        ]
        outcomes = run_blocks(
            moved,
            folder=service.folder,
            environment=PLAIN | service.environment | {PROGRAM: curl},
            notes=tmp_path_factory.mktemp("notes"),
        )
    for (block, following), outcome in zip(pairs, outcomes, strict=True):
        if is_requests(block):
            printed = [(answer.status, answer.body) for answer in answers_of(following)]
            assert not list(differences(as_tree(printed), as_tree(outcome.answers))), str(block)
        else:
            assert outcome.printed == f"{following.text}\n"


def as_tree(answers: list[tuple[int, Any]]) -> list[Any]:
    return [{"status": status, "body": body} for status, body in answers]


# Set-up: a check for every other program.


def check_make(command: Command, _folder: Path) -> None:
    run("make", "--dry-run", *command.words[1:])


def check_git(command: Command, _folder: Path) -> None:
    assert command.words[1:] == ["clone", "<repository-url>"]


def check_cd(command: Command, _folder: Path) -> None:
    assert f"```\n{command.words[1]}/\n├── main.py" in TEXT, "the project structure's folder"


def check_python(command: Command, folder: Path) -> None:
    option, *words = command.words[1:]
    if words[:1] == ["test_payments"]:
        parser_of_test_payments().parse_args(words[1:])
        return
    if words[:1] == ["serve"] or "--provider" in words:
        # It would not end by itself, or ask somebody else.
        commands: Any = typer.main.get_command(cli.app)
        commands.commands[words[0]].make_context(words[0], words[1:])
        return
    if option == "cli.py":
        password = {"ADMIN_PASSWORD": "a long walk in the rain"}
        # Not every command makes the database that it works on.
        prepare_schema(settings_for(URL.create("sqlite", database=str(folder / "nexticket.db"))))
        said_by([option, *words], PLAIN | password, folder_with_env(folder))
        return
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
    if install == ["install"]:
        assert f"\n{file}>=" in (ROOT / "requirements-clients.txt").read_text(encoding="utf-8")
        return
    assert install == ["install", "-r"]
    assert file in {"requirements-dev.txt", *included_by("requirements-dev.txt")}
    try_installation()


def included_by(file: str) -> list[str]:
    return re.findall("^-r (.+)$", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE)


@cache
def try_installation() -> None:
    """Once of the file that asks for all that the others do."""
    words = ("install", "--dry-run", "--no-index", "--quiet", "-r", "requirements-dev.txt")
    python("-m", "pip", *words)


def check_npm(command: Command, _folder: Path) -> None:
    install, *packages = command.words[1:]
    assert install == "install"
    assert (
        set(packages) <= json.loads(PACKAGES.read_text(encoding="utf-8"))["devDependencies"].keys()
    )


def check_npx(command: Command, _folder: Path) -> None:
    """tests/clients does the same, and uses what is made."""
    assert command.words[1:] == ["openapi-typescript", "docs/openapi.json", *TYPES, "api.d.ts"]


def check_openapi_python_client(command: Command, _folder: Path) -> None:
    """Likewise."""
    assert command.words[1:] == ["generate", "--path", "docs/openapi.json"]


def check_cp(command: Command, folder: Path) -> None:
    assert command.words[1:] == [".env.example", ".env"]
    loaded = Settings(_env_file=folder_with_env(folder) / ".env")  # type: ignore[call-arg]
    assert loaded == load_settings()


def check_chmod(command: Command, folder: Path) -> None:
    run(*command.words, folder=folder_with_env(folder))


def check_uvicorn(command: Command, _folder: Path) -> None:
    options = uvicorn_command.make_context("uvicorn", command.words[1:]).params
    assert options["app"] == APP
    # Otherwise anybody on the machine, or behind a careless proxy, chooses where they come from.
    assert not options["proxy_headers"]


def check_export(command: Command, _folder: Path) -> None:
    name, value = command.words[1].split("=", maxsplit=1)
    check_setting(name, value)


def check_pg_dump(command: Command, _folder: Path) -> None:
    """What the command line tells, which tests/test_cli_backups.py runs."""
    assert command.words == shlex.split(DUMP.format("monday.dump"))


def check_pg_restore(command: Command, _folder: Path) -> None:
    assert command.words == shlex.split(LOAD.format("monday.dump"))


def check_alembic(command: Command, _folder: Path) -> None:
    CommandLine("alembic").parser.parse_args(command.words[1:])


# Of one domain: that all can be collected is seen wherever they are run.
COLLECT = ("--collect-only", "-q", "-p", "no:cacheprovider", "tests/Ticket")


def check_pytest(command: Command, _folder: Path) -> None:
    files = command.words[1:]
    if files:
        assert all((ROOT / file).exists() for file in files)
        return
    assert " tests collected" in python("-m", "pytest", *COLLECT)


def check_setting(name: str, value: str) -> None:
    assert name.lower() in Settings.model_fields
    Settings.model_validate({name.lower(): value})


CHECKS: dict[str, Callable[[Command, Path], None]] = {
    program: check
    for name, check in list(globals().items())
    if name.startswith("check_") and name != "check_setting"
    for program in {name.removeprefix("check_"), name.removeprefix("check_").replace("_", "-")}
}
SETUP = [
    pytest.param(command, id=f"{block} {' '.join(command.words)}")
    for block in COMMAND_BLOCKS
    if not is_requests(block)
    for command in commands_of(block)
]


@pytest.mark.parametrize("block", COMMAND_BLOCKS, ids=str)
def test_every_command_has_a_check(block: Block) -> None:
    programs = {command.program for command in commands_of(block)}
    assert programs == {"curl"} if is_requests(block) else programs <= CHECKS.keys()


@pytest.mark.parametrize("command", SETUP)
def test_set_up_commands_are_possible(command: Command, tmp_path: Path) -> None:
    for name, value in command.environment.items():
        check_setting(name, value)
    CHECKS[command.program](command, tmp_path)
