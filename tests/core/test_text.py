"""What tells names apart, and what does not."""

import pytest

from core.text import account_key, kept_name, name_key, search_key

E_ACUTE = "\N{LATIN SMALL LETTER E WITH ACUTE}"
ZERO_WIDTH = "\N{ZERO WIDTH SPACE}"
JOINER = "\N{ZERO WIDTH JOINER}"
PICTURE = "\N{VARIATION SELECTOR-16}"


def flag(region: str) -> str:
    """A black flag and the tags that tell whose it is: gbeng, gbsct, gbwls."""
    tags = "".join(chr(0xE0000 + ord(letter)) for letter in region)
    return f"🏴{tags}\N{CANCEL TAG}"


# Spellings that say the same.
SAME = [
    ("Main Arena", "MAIN ARENA", "main  arena", " Main\N{NO-BREAK SPACE}Arena\t"),
    (f"Caf{E_ACUTE}", "cafe\N{COMBINING ACUTE ACCENT}", "CAFE\N{COMBINING ACUTE ACCENT}"),
    ("Straße", "STRASSE", f"stra{ZERO_WIDTH}sse", "Stra\N{SOFT HYPHEN}ße"),
    ("ΟΔΥΣΣΕΥΣ", "Οδυσσευς", "οδυσσευσ"),
    ("❤", "❤\N{VARIATION SELECTOR-16}"),
    ("東京 ドーム", "東京\N{IDEOGRAPHIC SPACE}ドーム"),
    # With or without what asks for the picture in colours.
    (f"❤{PICTURE}{JOINER}🔥", f"❤{JOINER}🔥", f"❤\N{VARIATION SELECTOR-15}{JOINER}🔥"),
    (flag("gbeng"), f"🏴{PICTURE}{flag('gbeng')[1:]}"),
    # A joiner that joins nothing, and tags of nothing or without an end.
    ("👩🚀", f"👩{JOINER}{JOINER}🚀", f"{JOINER}👩🚀{JOINER}", f"👩🚀{flag('gbeng')[1:]}"),
    ("🏴", flag("gbeng")[:-1], "🏴\N{CANCEL TAG}"),
    # Joined or not, these are the same words, and not every keyboard has what joins or parts.
    ("می\N{ZERO WIDTH NON-JOINER}خواهم", "میخواهم"),
    ("क\N{DEVANAGARI SIGN VIRAMA}ष", f"क\N{DEVANAGARI SIGN VIRAMA}{JOINER}ष"),
]
DIFFERENT = [
    ("Run 10²", "Run 102"),
    ("Main Arena", "MainArena"),
    (f"Caf{E_ACUTE}", "Cafe"),
    ("card", "cards"),
    (flag("gbeng"), flag("gbsct")),
    (flag("gbwls"), "🏴"),
    ("🇩🇪", "🇫🇷"),
    (f"👨{JOINER}👩{JOINER}👧", "👨👩👧"),
    (f"👩🏽{JOINER}🚀", "👩🏽🚀"),
    (f"🏳{PICTURE}{JOINER}🌈", f"🏳{PICTURE}🌈"),
]


@pytest.mark.parametrize("spellings", SAME)
def test_one_key_is_that_of_all_spellings(spellings: tuple[str, ...]) -> None:
    assert len({name_key(name) for name in spellings}) == 1
    for name in spellings:
        assert name_key(name_key(name)) == name_key(name)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_what_looks_different_has_a_key_of_its_own(one: str, other: str) -> None:
    assert name_key(one) != name_key(other)


def test_what_is_not_seen_hides_no_word_from_a_search() -> None:
    assert search_key(f"Gold{ZERO_WIDTH}en\nHour") == "golden\nhour"
    assert search_key(f"👩{JOINER}🚀") == "👩🚀"


@pytest.mark.parametrize("typed", ["a@b", "@", "a@xn--", "xn--@xn--.example", "ü" * 400 + "@ü.de"])
def test_what_can_be_no_address_is_kept_as_it_was_typed(typed: str) -> None:
    assert kept_name(typed) == typed
    assert account_key(typed)
