"""The documents of the repository as pages: which there are, and where they are found.

Nothing of a request is ever a path of a file: what is served was found beforehand, by its address.
"""

import posixpath
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from hashlib import sha256
from pathlib import Path

from web import markdown
from web.markdown import Heading, Picture, Places, Rendered

GUIDE = "/guide"
ROOT = Path(__file__).resolve().parent.parent
# What stands beside docs/, and is read like it.
_BESIDE = {
    "readme": "README.md",
    "contributing": "CONTRIBUTING.md",
    "changelog": "CHANGELOG.md",
    "reporting": "SECURITY.md",
}
# Shown as they are, for they are copied and changed.
_FILES = {
    "files/env-example": ".env.example",
    "files/nginx-conf": "deploy/nginx.conf",
    "files/nexticket-service": "deploy/nexticket.service",
    "files/license": "LICENSE",
}
_CONTRACT = "docs/openapi.json"
_PICTURES = "docs/images/"
_PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Document:
    address: str
    # From the root of the repository.
    path: str

    @property
    def text(self) -> str:
        return (ROOT / self.path).read_text(encoding="utf-8")

    @property
    def is_code(self) -> bool:
        return self.address in _FILES

    @property
    def title(self) -> str:
        """Its first line, without loading what reads Markdown."""
        if self.is_code:
            return self.path
        found = re.match(r"# (.+)", self.text)
        return found[1] if found else self.path


@dataclass(frozen=True)
class Image:
    content: bytes
    digest: str
    width: int
    height: int


@cache
def documents() -> dict[str, Document]:
    """All that are served, by their address below the guide."""
    chosen = [Document(address, path) for address, path in (_BESIDE | _FILES).items()]
    return {one.address: one for one in (*_below_docs(), *chosen) if (ROOT / one.path).is_file()}


@cache
def images() -> dict[str, Image]:
    """The pictures of documents, by their path below their folder."""
    folder = ROOT / _PICTURES
    return {
        file.relative_to(folder).as_posix(): _image(file) for file in sorted(folder.rglob("*.png"))
    }


@lru_cache(maxsize=256)
def page(address: str, root: str, *, has_contract: bool) -> Rendered:
    """A document as HTML, whose links lead to pages below ``root``."""
    document = documents()[address]
    if document.is_code:
        path = document.path
        return Rendered(
            path, markdown.code(document.text), (Heading(1, markdown.slug(path), path),)
        )
    return markdown.render(document.text, _places(document, root, has_contract=has_contract))


def _below_docs() -> Iterator[Document]:
    for file in sorted((ROOT / "docs").rglob("*.md")):
        below = file.relative_to(ROOT / "docs")
        named = below.parent if below.name == "README.md" else below.with_suffix("")
        yield Document(named.as_posix(), file.relative_to(ROOT).as_posix())


def _places(document: Document, root: str, *, has_contract: bool) -> Places:
    addresses = {one.path: f"{root}{GUIDE}/{one.address}" for one in documents().values()}
    if has_contract:
        addresses[_CONTRACT] = f"{root}/openapi.json"
    folder = posixpath.dirname(document.path)

    def path_of(said: str) -> str:
        return posixpath.normpath(posixpath.join(folder, said.partition("#")[0]))

    def address_of(said: str) -> str | None:
        if "://" in said or said.startswith(("#", "mailto:")):
            return said
        path, anchor = path_of(said), said.partition("#")[1:]
        if (ROOT / path).is_dir():
            path = f"{path}/README.md"
        if path == "docs/guides/README.md":
            return f"{root}{GUIDE}"
        found = addresses.get(path)
        return None if found is None else found + "".join(anchor)

    def picture_of(said: str) -> Picture | None:
        name = path_of(said).removeprefix(_PICTURES)
        image = images().get(name)
        if image is None:
            return None
        address = f"{root}{GUIDE}/images/{name}?v={image.digest}"
        return Picture(address, image.width, image.height)

    return Places(address_of, path_of, picture_of)


def _image(file: Path) -> Image:
    content = file.read_bytes()
    if not content.startswith(_PNG):
        raise AssertionError(f"{file.name} is no PNG")
    width, height = struct.unpack(">II", content[16:24])
    return Image(content, sha256(content).hexdigest()[:16], width, height)
