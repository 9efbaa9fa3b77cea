"""Names in the environment that were meant for a setting, with one letter wrong."""

import os
from collections.abc import Collection, Iterator

# Shorter names are like too many others.
_LEAST_LETTERS = 8


def slips(names: Collection[str], said: Collection[str]) -> Iterator[str]:
    """Names in the environment that were meant for settings which nothing else sets.

    ``names`` are those of all settings, ``said`` those that ``.env`` sets. What else stands in the
    environment is not ours to judge; in ``.env`` every unknown name is refused.
    """
    there = {name.lower() for name in os.environ}
    unset = set(names) - there - set(said)
    for name in sorted(there - set(names)):
        for meant in sorted(unset):
            if len(meant) >= _LEAST_LETTERS and _is_slip(name, meant):
                yield f"{name.upper()}: there is no such setting, did you mean {meant.upper()}?"


def _is_slip(name: str, meant: str) -> bool:
    """Whether one letter is wrong, too many, missing, or swapped with the next."""
    same = next((n for n, (a, b) in enumerate(zip(name, meant, strict=False)) if a != b), None)
    if same is None:
        same = min(len(name), len(meant))
    found, wanted = name[same:], meant[same:]
    is_swapped = found[:2] == wanted[1::-1] and found[2:] == wanted[2:]
    return is_swapped or found[1:] in {wanted, wanted[1:]} or found == wanted[1:]
