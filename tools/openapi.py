"""``make openapi``: docs/openapi.json, the contract that front ends generate their clients from."""

import json
from typing import Any

from core.settings import Settings
from core.store.schema_version import ROOT
from main import create_app

FILE = ROOT / "docs/openapi.json"


def default_settings() -> Settings:
    """As they are in the code, whatever the surroundings say."""
    fields = Settings.model_fields.items()
    return Settings(_env_file=None, **{name: field.get_default() for name, field in fields})  # type: ignore[call-arg]


def document() -> dict[str, Any]:
    return create_app(default_settings()).openapi()


def text() -> str:
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
    print(f"{FILE.relative_to(ROOT)} is written.")
