"""What a device calls itself, as its owner may know it by: ``Firefox on Windows``.

Of ``User-Agent``, which may be anything, only words that are known here are kept, or a plain name.
"""

import re

# Browsers name those that they want to be taken for: who stands further down is named by others.
_BROWSERS = {
    "Edg": "Edge",
    "OPR": "Opera",
    "SamsungBrowser": "Samsung Internet",
    "Firefox": "Firefox",
    "FxiOS": "Firefox",
    "CriOS": "Chrome",
    "Chrome": "Chrome",
    "Safari": "Safari",
}
_SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "CrOS": "ChromeOS",
    "Macintosh": "Mac",
    "Linux": "Linux",
}
_LOOKED_AT = 512
# How a program that is no browser begins, such as ``curl/8.5.0``.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,39}")


def device_of(user_agent: str | None) -> str | None:
    """None where nothing sensible is said."""
    said = (user_agent or "")[:_LOOKED_AT]
    browser = _first_of(_BROWSERS, said)
    system = _first_of(_SYSTEMS, said)
    if browser and system:
        return f"{browser} on {system}"
    if browser or system:
        return browser or system
    plain = _PLAIN.match(said)
    return plain[0] if plain else None


def _first_of(names: dict[str, str], said: str) -> str | None:
    return next((name for sign, name in names.items() if sign in said), None)
