"""``make sbom``: what is locked as a CycloneDX list of components, in sbom.json.

What the service needs is *required*, what only some deployments install *optional*; what only
developing needs is *excluded*, as CycloneDX calls what is not delivered. Licences, and who needs
whom, are told of the packages that are installed here: for another system the lock may have others.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.model.license import License
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from tools.locks import LOCKS, ROOT, SERVICE, STRIPE, Pin, normal, pins

FILE = ROOT / "sbom.json"
_REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*)(?:\[(?P<extras>[^\]]*)\])?")
_EXTRA = re.compile(r"""extra == ["']([\w-]+)["']""")


def sbom() -> str:
    installed = {normal(found.name): found for found in distributions()}
    components = [_component(pin, installed.get(pin.name)) for pin in _all_pins()]
    # Of a package that other systems have in another release, the one that is the service's here.
    by_name = {component.name: component for component in reversed(components)}
    asked_for = _asked_for()
    bom = Bom(components=components)
    bom.metadata.component = _service()
    bom.register_dependency(bom.metadata.component, [by_name[name] for name in asked_for])
    for name in by_name.keys() & installed.keys():
        needs = _needs(installed[name], asked_for.get(name, set()))
        bom.register_dependency(by_name[name], [by_name[one] for one in needs if one in by_name])
    return str(JsonV1Dot6(bom).output_as_string(indent=2))


def _all_pins() -> list[Pin]:
    """Each release once, the service's first."""
    found: dict[tuple[str, str], Pin] = {}
    for pin in (pin for lock in LOCKS for pin in pins(lock)):
        found.setdefault((pin.name, pin.version), pin)
    return list(found.values())


def _component(pin: Pin, installed: Distribution | None) -> Component:
    purl = PackageURL("pypi", None, pin.name, pin.version)
    return Component(
        name=pin.name,
        version=pin.version,
        type=ComponentType.LIBRARY,
        scope=_scope(pin),
        purl=purl,
        bom_ref=purl.to_string(),
        licenses=_licenses(installed.metadata) if installed else (),
        external_references=[_release(pin, purl)],
    )


def _scope(pin: Pin) -> ComponentScope:
    if pin in _pinned_in(SERVICE):
        return ComponentScope.REQUIRED
    return ComponentScope.OPTIONAL if pin in _pinned_in(STRIPE) else ComponentScope.EXCLUDED


@cache
def _pinned_in(lock: Path) -> frozenset[Pin]:
    return frozenset(pins(lock))


def _release(pin: Pin, purl: PackageURL) -> ExternalReference:
    """The files, any of which may be installed; where they come from is the installer's choice."""
    return ExternalReference(
        type=ExternalReferenceType.DISTRIBUTION,
        url=XsUri(purl.to_string()),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest) for digest in pin.hashes],
    )


def _licenses(metadata: Any) -> list[License]:
    """What the package says: an expression, or else a short name."""
    said = metadata.get("License-Expression") or metadata.get("License") or ""
    classified = [
        line.rpartition(" :: ")[2]
        for line in metadata.get_all("Classifier", ())
        if line.startswith("License :: ")
    ]
    # Some put the whole text there.
    name = said if said and "\n" not in said else next(iter(classified), "")
    return [LicenseFactory().make_from_string(name)] if name else []


def _service() -> Component:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return Component(
        name=project["name"],
        version=project["version"],
        type=ComponentType.APPLICATION,
        bom_ref=project["name"],
        licenses=[LicenseFactory().make_from_string(project["license"])],
    )


def _asked_for() -> dict[str, set[str]]:
    """What the service asks for by itself, with the extras of each."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return {name: extras for name, extras, _ in _requirements(lines)}


def _needs(installed: Distribution, extras: set[str]) -> set[str]:
    return {
        name
        for name, _, line in _requirements(installed.requires or ())
        if not (of := set(_EXTRA.findall(line))) or of & extras
    }


def _requirements(lines: Iterable[str]) -> Iterator[tuple[str, set[str], str]]:
    for line in lines:
        if found := _REQUIREMENT.match(line):
            extras = (found["extras"] or "").split(",")
            yield normal(found["name"]), {extra.strip() for extra in extras} - {""}, line


if __name__ == "__main__":
    FILE.write_text(sbom(), encoding="utf-8")
    print(f"{FILE.relative_to(ROOT)} is written.")
