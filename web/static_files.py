"""The files that pages are made of: read once, and compressed once.

Their address has a digest of all of them, so that a browser asks for each of them only once, and
never has some of one release and some of another.
"""

import gzip
import mimetypes
import re
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path, PurePosixPath

FOLDER = Path(__file__).parent / "static"
# What the shop shares with the example of one stands there, to be copied by others.
_FOLDERS = {
    "": FOLDER,
    "js/purchase/": FOLDER.parent.parent / "examples" / "storefront" / "purchase",
}
_DIGITS = 16
_TEXTS = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
_IMPORTED = re.compile(r"""^(?:import|export)\b[^'"]*?from "(\.[^"]+)";""", re.MULTILINE)


@dataclass(frozen=True)
class StaticFile:
    media_type: str
    plain: bytes
    # None where compressing gains nothing.
    compressed: bytes | None


@dataclass(frozen=True)
class StaticFiles:
    digest: str
    # By their path below the folder.
    by_path: dict[str, StaticFile]

    def modules_of(self, path: str) -> list[str]:
        """A module and all that it imports, so that a browser need not find one after the other."""
        found: list[str] = []
        left = [path]
        while left:
            module = left.pop()
            if module not in found:
                found.append(module)
                left += [_beside(module, said) for said in self._imports(module)]
        return found

    def _imports(self, module: str) -> list[str]:
        return _IMPORTED.findall(self.by_path[module].plain.decode())


@cache
def static_files() -> StaticFiles:
    by_path = {}
    digest = sha256()
    for below, folder in _FOLDERS.items():
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                path, plain = below + file.relative_to(folder).as_posix(), file.read_bytes()
                by_path[path] = _read(file, plain)
                digest.update(path.encode() + b"\0" + plain + b"\0")
    return StaticFiles(digest.hexdigest()[:_DIGITS], by_path)


def _read(file: Path, plain: bytes) -> StaticFile:
    text = _TEXTS.get(file.suffix)
    if text is None:
        guessed = mimetypes.guess_type(file.name)[0]
        return StaticFile(guessed or "application/octet-stream", plain, None)
    # Without a time, so that it is the same in every process.
    return StaticFile(f"{text}; charset=utf-8", plain, gzip.compress(plain, mtime=0))


def _beside(module: str, said: str) -> str:
    """The path of what a module calls ``./x.js`` or ``../y/x.js``."""
    parts: list[str] = []
    for part in (PurePosixPath(module).parent / said).parts:
        if part == "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)
