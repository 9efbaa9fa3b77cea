"""The house as its source text tells it: files, imports, and the floors that they stand on."""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import PurePosixPath

from core.store.schema_version import ROOT

# Path of a file below the root -> its text.
Sources = Mapping[str, str]

PLAN = ROOT / "docs/architecture.md"


@cache
def read_sources() -> dict[str, str]:
    # What others wrote lies in folders of these names: many times as many files as our own.
    own = [path for path in ROOT.iterdir() if not path.name.startswith((".", "venv"))]
    paths = [inner for path in own if path.is_dir() for inner in path.rglob("*.py")]
    paths += [path for path in own if path.suffix == ".py"]
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in paths}


@cache
def parsed(text: str) -> ast.Module:
    return ast.parse(text)


@cache
def imports_in(text: str) -> tuple[ast.Import | ast.ImportFrom, ...]:
    """Kept without the tree that they were found in: several rules ask, of all files."""
    found = ast.walk(ast.parse(text))
    return tuple(node for node in found if isinstance(node, ast.Import | ast.ImportFrom))


@cache
def nodes(text: str) -> tuple[ast.AST, ...]:
    """All of a file's tree, found once for all rules."""
    return tuple(ast.walk(parsed(text)))


def top(path: str) -> str:
    return PurePosixPath(path).parts[0]


def module_of(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


@dataclass(frozen=True)
class Import:
    path: str
    line: int
    # As a path below the root.
    imported: str


def imports_of(path: str, text: str, paths: Mapping[str, str]) -> Iterator[Import]:
    """A file's imports of the house's own; ``paths`` are {module: path of its file}.

    Of a package's modules, the module counts and not the package.
    """
    for node in imports_in(text):
        if isinstance(node, ast.Import):
            named = [(alias.name, alias.name) for alias in node.names]
        else:
            assert node.level == 0, "imports are written in full"
            named = [(f"{node.module}.{alias.name}", str(node.module)) for alias in node.names]
        for module in dict.fromkeys(inner if inner in paths else outer for inner, outer in named):
            if module in paths:
                yield Import(path, node.lineno, paths[module])


def all_imports(sources: Sources) -> list[Import]:
    paths = {module_of(path): path for path in sources}
    return [one for path, text in sources.items() for one in imports_of(path, text, paths)]


@dataclass(frozen=True)
class Floors:
    """The lists of a plan: names of files and of folders (with a slash), and their floors."""

    floors: Mapping[str, int]

    @classmethod
    def of(cls, plan: str, block: str) -> "Floors":
        """From a fenced block: a number, names, and after two blanks what they are for."""
        (listed,) = re.findall(rf"^```{block}\n(.+?)^```$", plan, re.MULTILINE | re.DOTALL)
        floors: dict[str, int] = {}
        for line in listed.splitlines():
            found = re.match(r" *(\d+) +(\S+(?: \S+)*)", line)
            assert found, f"no floor and its places: {line}"
            floors |= {name: int(found[1]) for name in found[2].split()}
        return cls(floors)

    def place_of(self, path: str) -> str | None:
        """The listed name that a path is or lies below: the longest, for a folder may be split."""
        found = [
            name
            for name in self.floors
            if path == name or (name.endswith("/") and path.startswith(name))
        ]
        return max(found, key=len, default=None)


@dataclass(frozen=True)
class House:
    """The floors between packages, and those inside of each domain."""

    outer: Floors
    inner: Floors

    @classmethod
    def planned(cls) -> "House":
        plan = PLAN.read_text(encoding="utf-8")
        return cls(Floors.of(plan, "floors"), Floors.of(plan, "rooms"))

    def unlisted(self, sources: Sources) -> list[str]:
        return [
            f"{path}: no floor of docs/architecture.md lists it"
            for path in sources
            if self.outer.place_of(path) is None
        ]

    def fault_of(self, one: Import) -> str | None:
        """Which floor may not see which; None for an import that points down."""
        here, there = self.outer.place_of(one.path), self.outer.place_of(one.imported)
        if here is None or there is None:
            return None  # Told as unlisted.
        if here != there and self.outer.floors[here] <= self.outer.floors[there]:
            where = "beside" if self.outer.floors[here] == self.outer.floors[there] else "below"
            return (
                f"{one.path}:{one.line} imports {one.imported}: "
                f"{here} stands {where} {there} and may not see it"
            )
        return self._fault_of_rooms(one)

    def _fault_of_rooms(self, one: Import) -> str | None:
        here, there = self.room_of(one.path), self.room_of(one.imported)
        if here is None or there is None or self.inner.floors[here] >= self.inner.floors[there]:
            return None
        return (
            f"{one.path}:{one.line} imports {one.imported}: "
            f"{here} of a domain stand below {there} and may not see them"
        )

    def room_of(self, path: str) -> str | None:
        """Which room of a domain a file is in; None outside of the domains."""
        domain, _, rest = path.partition("/")
        if not rest or not domain[0].isupper():
            return None
        named = rest.removesuffix(".py").partition("/")[0]
        return named if named in self.inner.floors else "…"

    def faults(self, sources: Sources) -> list[str]:
        found = [self.fault_of(one) for one in all_imports(sources)]
        return [*self.unlisted(sources), *(fault for fault in found if fault)]

    def arrows(self, sources: Sources) -> dict[tuple[str, str], int]:
        """How many imports run from which floor's place to which."""
        counted: dict[tuple[str, str], int] = {}
        for one in all_imports(sources):
            pair = (str(self.outer.place_of(one.path)), str(self.outer.place_of(one.imported)))
            if pair[0] != pair[1]:
                counted[pair] = counted.get(pair, 0) + 1
        return counted


def circles(sources: Sources) -> list[str]:
    """Files that import each other in a loop."""
    below: dict[str, set[str]] = {path: set() for path in sources}
    for one in all_imports(sources):
        below[one.path].add(one.imported)
    # Who imports nothing that is left is in no loop; mostly nobody is left.
    while ends := {path for path, inner in below.items() if not inner}:
        below = {path: inner - ends for path, inner in below.items() if path not in ends}
    return sorted(path for path in below if path in _reachable(below, path))


def _reachable(below: Mapping[str, set[str]], start: str) -> set[str]:
    found: set[str] = set()
    waiting = list(below[start])
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += below[path]
    return found
