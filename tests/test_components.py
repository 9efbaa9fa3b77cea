"""What is locked can be listed, and asked about: which of it has known vulnerabilities."""

import json
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from tools import audit, sbom
from tools.locks import LOCKS, SERVICE, STRIPE, pins

# Packages as pip-audit reports them.
CLEAN: Any = {"name": "tiny", "version": "1", "vulns": []}
SKIPPED: Any = {"name": "lost", "skip_reason": "not found"}
OPEN: Any = {
    "name": "weak",
    "version": "2",
    "vulns": [{"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": ["2.1"]}],
}


@pytest.fixture(scope="module")
def listed() -> Any:
    return json.loads(sbom.sbom())


class TestComponents:
    def test_every_locked_package_is_listed_with_its_hashes(self, listed: Any) -> None:
        found = {(it["name"], it["version"]): hashes_of(it) for it in listed["components"]}
        assert found == {
            (pin.name, pin.version): set(pin.hashes) for lock in LOCKS for pin in pins(lock)
        }

    def test_what_the_service_needs_is_told_from_what_developing_needs(self, listed: Any) -> None:
        required = {it["name"] for it in listed["components"] if it["scope"] == "required"}
        assert required == {pin.name for pin in pins(SERVICE)}
        optional = {it["name"] for it in listed["components"] if it["scope"] == "optional"}
        assert "stripe" in optional
        assert optional == {pin.name for pin in pins(STRIPE)} - required

    def test_who_needs_whom_is_told_from_the_service_on(self, listed: Any) -> None:
        needs = {it["ref"]: set(it.get("dependsOn", ())) for it in listed["dependencies"]}
        named = {it["bom-ref"]: it["name"] for it in listed["components"]}
        direct = {named[ref] for ref in needs["nexticket-api"]}
        assert {"fastapi", "pwdlib", "sqlalchemy"} <= direct
        reached: set[str] = set()
        waiting = ["nexticket-api"]
        while waiting:
            ref = waiting.pop()
            waiting += needs[ref] - reached
            reached |= needs[ref]
        assert {"pydantic-core", "argon2-cffi-bindings"} <= {named[ref] for ref in reached}

    def test_licences_are_told(self, listed: Any) -> None:
        (fastapi,) = [it for it in listed["components"] if it["name"] == "fastapi"]
        assert fastapi["licenses"] == [{"license": {"id": "MIT"}}]

    def test_it_is_what_cyclonedx_says_it_has_to_be(self, listed: Any) -> None:
        assert list(schema_of_cyclonedx().iter_errors(listed)) == []
        assert (listed["bomFormat"], listed["specVersion"]) == ("CycloneDX", "1.6")


class TestAudit:
    """With a stand-in for pip-audit, which says what that says, and ends as that does."""

    @pytest.mark.parametrize(
        ("told", "status", "said"),
        [
            ([CLEAN], audit.NONE_KNOWN, "1 packages, 0 known vulnerabilities\n"),
            (
                [CLEAN, OPEN],
                audit.VULNERABLE,
                "weak 2: PYSEC-1, CVE-1; mended in 2.1\n2 packages, 1 known vulnerabilities\n",
            ),
            (
                [CLEAN, SKIPPED],
                audit.NOT_TOLD,
                "Not audited: pypi knows nothing of 1 of 2 packages\n",
            ),
            ([], audit.NOT_TOLD, "Not audited: pypi knows nothing of 0 of 0 packages\n"),
        ],
    )
    def test_what_is_known_is_told_apart_from_what_is_not(
        self,
        told: list[Any],
        status: int,
        said: str,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        program = stand_in(tmp_path, json.dumps({"dependencies": told}), status=bool(told))
        assert audit.audit(program, "pypi") == status
        assert capsys.readouterr().out == said

    def test_what_is_known_counts_more_than_what_is_not(self, tmp_path: Path) -> None:
        program = stand_in(tmp_path, json.dumps({"dependencies": [OPEN, SKIPPED]}))
        assert audit.audit(program, "pypi") == audit.VULNERABLE

    def test_a_service_that_does_not_answer_is_told_in_one_line(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        program = stand_in(tmp_path, "", errors="Traceback:\nOSError: no route\n\nDuring this, …")
        assert audit.audit(program, "osv") == audit.NOT_TOLD
        assert capsys.readouterr().out == "Not audited: osv did not answer: OSError: no route\n"

    def test_all_locks_are_looked_at(self, tmp_path: Path) -> None:
        """And no two at once that have one package in two releases: that is no answer."""
        audit.audit(stand_in(tmp_path, json.dumps({"dependencies": []})), "pypi")
        asked = [json.loads(line) for line in (tmp_path / "words").read_text().splitlines()]
        assert all("--require-hashes" in words for words in asked)
        together = [[lock for lock in LOCKS if str(lock) in words] for words in asked]
        assert {lock for locks in together for lock in locks} == {*LOCKS} - {SERVICE, STRIPE}
        for locks in together:
            named = {(pin.name, pin.marker): pin for lock in locks for pin in pins(lock)}
            assert all(
                named[pin.name, pin.marker].version == pin.version
                for lock in locks
                for pin in pins(lock)
            )


def hashes_of(component: Any) -> set[str]:
    (release,) = component["externalReferences"]
    return {one["content"] for one in release["hashes"]}


def schema_of_cyclonedx() -> Any:
    """As its makers ship it, with the two schemas that it refers to."""
    folder = files("cyclonedx.schema._res")
    names = ("bom-1.6", "spdx", "jsf-0.82")
    schemas = [json.loads((folder / f"{name}.SNAPSHOT.schema.json").read_text()) for name in names]
    named = [(schema["$id"].replace(".schema.", ".SNAPSHOT.schema."), schema) for schema in schemas]
    registry = jsonschema_rs.Registry(named)
    return jsonschema_rs.validator_for(schemas[0], registry=registry)


def stand_in(folder: Path, said: str, *, errors: str = "", status: bool = True) -> list[str]:
    """A program that writes down its words, says this and ends with 0 or 1."""
    script = (
        "import json, pathlib, sys\n"
        f"words = pathlib.Path({str(folder / 'words')!r}).open('a')\n"
        "words.write(json.dumps(sys.argv) + '\\n')\n"
        f"print({said!r})\nprint({errors!r}, file=sys.stderr)\nsys.exit({int(status)})"
    )
    (folder / "stand_in.py").write_text(script)
    return [sys.executable, str(folder / "stand_in.py")]
