"""The reference is what the code says, and the README's lists are true."""

import re

from core.store.schema_version import ROOT
from tests.support.declared import operations
from tests.support.markdown import blocks_of
from tools import reference

README = ROOT / "README.md"
TEXT = README.read_text(encoding="utf-8")


def test_the_reference_is_what_make_reference_writes() -> None:
    assert reference.FILE.read_text(encoding="utf-8") == reference.reference()


def test_the_endpoints_of_the_readme_are_served() -> None:
    listed = [
        (method, prefix + path)
        for prefix, line in re.findall(r"^### \w+ \(`(/api/.+)`\)\n(.+)$", TEXT, re.MULTILINE)
        for method, path in re.findall(r"`([A-Z]+) (/\S*)` - \w", line)
    ]
    served = [(method, path) for method, path, _ in operations()]
    assert len(listed) == len(set(listed)) > 40
    assert set(listed) <= set(served)


def test_the_readme_is_a_front_door() -> None:
    assert len(TEXT.splitlines()) < 310


def test_the_project_structure_exists() -> None:
    tree = next(block for block in blocks_of(README) if block.section == "Project Structure")
    folders: list[str] = []
    for line in tree.text.splitlines()[1:]:
        found = re.fullmatch(r"([│ ]*)[├└]── (\S+).*", line)
        assert found, line
        folders = [*folders[: len(found[1]) // 4], found[2]]
        assert ROOT.joinpath(*folders).exists(), line
