"""What docs/security.md and its table of requirements name is there, and no requirement is missing.

A row can be wrong all the same: whoever takes away what it names has to say so in it.
"""

import re
from collections import Counter

import pytest

from core.settings import Settings
from core.store.schema_version import ROOT
from tests.protections.table import PROTECTIONS
from User.schemas.password import OWN_WORDS

SECURITY = ROOT / "docs/security.md"
TABLE = ROOT / "docs/security/asvs.md"
DOCUMENTS = {path.name: path.read_text(encoding="utf-8") for path in (SECURITY, TABLE)}
STATES = {"met", "partly", "not", "n/a"}
# The levels of ASVS 5.0.0's requirements: a line for each chapter, a word for each section in it, a
# digit for each requirement. So 1.1.1 and 1.1.2 are of the second level.
LEVELS = (
    "22 1111122223 112222222223 222 123",
    "122 112 12223 23",
    "3 113 12223 11222233 11122333 3 22333",
    "12233 23333 22 1222",
    "2 112333 113 222",
    "122 111111112222 11223333 112233 22222333 2223 33 2222",
    "222 1111 22 11222 223 22",
    "1233 1123 133 23",
    "111 1222",
    "22 223 22223 1111122222233333 22222 22 222",
    "2233 22233 11233 1222 23 23 33",
    "12233 11 22223",
    "2333 222223 2233 1222233",
    "22 12223333 122",
    "12233 12233 1222222 3333",
    "2 22222 2222 222 2223",
    "23 22223333 22",
)
ASKED = {
    f"{chapter}.{section}.{number}"
    for chapter, sections in enumerate(LEVELS, start=1)
    for section, levels in enumerate(sections.split(), start=1)
    for number, level in enumerate(levels, start=1)
    if level in "12"
}
_ROW = re.compile(r"^\| ([0-9].+?) \| (.+?) \| (.+?) \| (.+) \|$", re.MULTILINE)


def rows() -> list[tuple[list[str], str, str, str]]:
    """(ids, what they are about, state, where or why)"""
    found = _ROW.findall(DOCUMENTS["asvs.md"])
    return [(ids.split(", "), about, state, where) for ids, about, state, where in found]


def code_of(document: str) -> list[str]:
    return re.findall(r"`([^`]+)`", DOCUMENTS[document])


def test_the_standard_has_as_many_requirements_as_it_says() -> None:
    counted = Counter("".join(LEVELS).replace(" ", ""))
    assert counted == {"1": 70, "2": 183, "3": 92}


def test_every_requirement_of_both_levels_has_one_row() -> None:
    assert Counter(one for ids, *_ in rows() for one in ids) == Counter(ASKED)


def test_each_row_has_a_state_and_says_where_or_why() -> None:
    for ids, about, state, where in rows():
        assert state in STATES, ids
        assert about.strip(), ids
        assert where.strip(), ids


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_file_and_test_that_is_named_exists(document: str) -> None:
    named = [word for word in code_of(document) if re.fullmatch(r"[\w.-]+/[\w./:-]+", word)]
    files = [word for word in named if "://" not in word]
    assert len(files) > 30
    for word in files:
        path, *names = word.split("::")
        assert (ROOT / path).exists(), word
        for name in names:
            assert re.search(rf"\b(class|def) {name}\b", (ROOT / path).read_text("utf-8")), word


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_setting_and_command_that_is_named_exists(document: str) -> None:
    settings = {name.upper() for name in Settings.model_fields}
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for word in code_of(document):
        if named := re.fullmatch(r"([A-Z]+_[A-Z_]+)(=.*)?", word):
            assert named[1] in settings, word
        if made := re.match(r"make (\w+)", word):
            assert re.search(rf"^{made[1]}:", makefile, re.MULTILINE), word


def test_every_protection_that_is_quoted_is_taken_out_once() -> None:
    quoted = set(re.findall(r'"([^"]+)"', DOCUMENTS["security.md"]))
    assert len(quoted) > 20
    assert quoted <= {one.name for one in PROTECTIONS}


def test_words_that_are_no_passwords_are_all_told() -> None:
    (told,) = re.findall(r"digits and signs around them: (.+)\.", DOCUMENTS["security.md"])
    assert set(re.findall(r"`(\w+)`", told)) == OWN_WORDS


def test_nobody_is_told_to_write_to_an_address_that_nobody_reads() -> None:
    policy = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    assert "docs/security.md" in policy
    assert "@" not in policy
