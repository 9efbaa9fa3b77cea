"""The README's lists and tables are true: endpoints, errors, settings, roles, files."""

import re
from collections.abc import Iterator
from http import HTTPStatus

import main
from core.errors import DomainError
from core.http.problems import status_of
from core.settings import Settings
from core.store.schema_version import ROOT
from tests.support.client import ANYWHERE, PROBLEM
from tests.support.declared import RIGHTS
from tests.support.markdown import blocks_of
from tools.server import as_written
from work.access import Access

README = ROOT / "README.md"
TEXT = README.read_text(encoding="utf-8")


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


def test_the_roles_table_is_the_policy() -> None:
    lines = [f"| {' | '.join(row)} |" for row in role_rows()]
    table = "\n".join(
        ["| | Operations | Nobody | Customer | Staff | Admin |", "|---|---" * 3 + "|", *lines]
    )
    assert f"\n{table}\n" in TEXT


def role_rows() -> Iterator[list[str]]:
    """The operations of a domain that have the same rule share a row."""
    words = {Access.NO: "no", Access.OWN: "own", Access.ALL: "yes"}
    rows: dict[tuple[str, ...], list[str]] = {}
    for operations in main.app.openapi()["paths"].values():
        for operation in operations.values():
            rule = RIGHTS[operation["operationId"]]
            access = (rule.anonymous, rule.customer, rule.staff, rule.admin)
            key = (operation["tags"][0], *(words[one] for one in access))
            rows.setdefault(key, []).append(operation["summary"])
    for (tag, *may), summaries in sorted(rows.items(), key=lambda row: row[0][0]):
        yield [tag, "; ".join(summaries), *may]


def test_the_settings_table_lists_every_setting_with_its_default() -> None:
    listed = dict(re.findall(r"^\| `([A-Z_]+)` \| (.+?) \| .+ \|$", TEXT, re.MULTILINE))
    assert listed == {
        name.upper(): f"`{value}`" if (value := as_written(field.get_default())) else "(empty)"
        for name, field in Settings.model_fields.items()
    }


def test_the_project_structure_exists() -> None:
    tree = next(block for block in blocks_of(README) if block.section == "Project Structure")
    folders: list[str] = []
    for line in tree.text.splitlines()[1:]:
        found = re.fullmatch(r"([│ ]*)[├└]── (\S+).*", line)
        assert found, line
        folders = [*folders[: len(found[1]) // 4], found[2]]
        assert ROOT.joinpath(*folders).exists(), line
