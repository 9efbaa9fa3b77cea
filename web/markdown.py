"""Markdown as HTML of a page, and nothing of it that was HTML already.

Headings get the ids that GitHub gives them, so that a link to one leads there in both places.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from typing import Any, TypeAlias

# A parser is not needed by those who serve the API alone: it is loaded with the first page.
Parser: TypeAlias = Any
Token: TypeAlias = Any

_LANGUAGES = {
    "bash": "Shell",
    "env": "Settings",
    "http": "Answer",
    "ini": "Settings",
    "js": "JavaScript",
    "json": "JSON",
    "python": "Python",
    "sql": "SQL",
    "text": "Answer",
    "ts": "TypeScript",
}
# What a reader runs or keeps, and may want to copy.
_TYPED = {"bash", "env", "ini", "js", "json", "python", "sql", "ts"}
# What a program says.
_ANSWERS = {"http", "text"}
_ARROW = re.compile(r"\s*(\S+) --> (\S+?)(?:: (.+))?")


@dataclass(frozen=True)
class Heading:
    level: int
    id: str
    title: str


@dataclass(frozen=True)
class Picture:
    address: str
    # As they are drawn, so that nothing moves once the picture is there.
    width: int
    height: int


@dataclass(frozen=True)
class Places:
    """Where what a file links to is found by readers of the page; None: nowhere."""

    address_of: Callable[[str], str | None]
    path_of: Callable[[str], str]
    picture_of: Callable[[str], Picture | None]


@dataclass(frozen=True)
class Rendered:
    title: str
    # All but the title.
    html: str
    headings: tuple[Heading, ...]


def render(text: str, places: Places) -> Rendered:
    parser = _parser()
    tokens = parser.parse(text)
    headings = _number_headings(tokens)
    # The page says the title itself, above its table of contents.
    if headings and tokens[0].tag == "h1":
        del tokens[:3]
    for token in tokens:
        _lead_links(token.children or [], places)
    _name_tables(tokens)
    html = parser.renderer.render(tokens, parser.options, {"places": places})
    return Rendered(headings[0].title if headings else "", html, tuple(headings))


def headings_of(text: str) -> list[Heading]:
    """The headings alone, without the work of parsing all else."""
    is_code, lines = False, []
    for line in text.splitlines():
        is_code ^= line.startswith("```")
        if not is_code and line.startswith("#"):
            lines += [line, ""]
    return _number_headings(_parser().parse("\n".join(lines)))


def code(text: str, language: str = "") -> str:
    """A block of code, which scrolls in a frame of its own."""
    label = f'<p class="code-label">{_LANGUAGES[language]}</p>' if language in _LANGUAGES else ""
    is_typed = " data-copy" if language in _TYPED else ""
    kind = "code answer" if language in _ANSWERS else "code"
    name = f'role="group" aria-label="{_LANGUAGES.get(language, "Text")}"'
    return (
        f'<div class="{kind}"{is_typed}>{label}'
        f'<pre tabindex="0" data-frame {name}><code>{escape(text)}</code></pre></div>\n'
    )


def slug(title: str) -> str:
    """What GitHub calls a heading."""
    return re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-")


@cache
def _parser() -> Parser:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    rules: dict[str, Callable[..., str]] = {
        "fence": _fence,
        "image": _image,
        "table_open": _table_open,
        "table_close": _table_close,
    }
    for name, rule in rules.items():
        parser.add_render_rule(name, rule)
    return parser


def _number_headings(tokens: Sequence[Token]) -> list[Heading]:
    """Give the headings their ids, and levels of which none is passed over."""
    found: list[Heading] = []
    seen: Counter[str] = Counter()
    within: list[str] = []
    for index, token in enumerate(tokens):
        if token.type == "heading_open":
            title = _words(tokens[index + 1].children)
            name = slug(title)
            told = f"{name}-{seen[name]}" if seen[name] else name
            seen[name] += 1
            # Screen readers take a gap for a part that is missing.
            while within and within[-1] >= token.tag:
                within.pop()
            within.append(token.tag)
            level = len(within)
            token.tag = tokens[index + 2].tag = f"h{level}"
            token.attrSet("id", told)
            found.append(Heading(level, told, title))
    return found


def _words(children: Sequence[Token]) -> str:
    return "".join(child.content for child in children if child.type in {"text", "code_inline"})


def _lead_links(children: Sequence[Token], places: Places) -> None:
    """Have links lead to where their target is served; what is nowhere is named instead."""
    path = None
    for token in children:
        if token.type == "link_open":
            said = str(token.attrGet("href"))
            address = places.address_of(said)
            if address is None:
                path = places.path_of(said)
                _become(token, "<span>")
            else:
                token.attrSet("href", address)
        elif token.type == "link_close" and path is not None:
            _become(token, f'</span> <span class="elsewhere">(<code>{escape(path)}</code>)</span>')
            path = None


def _become(token: Token, html: str) -> None:
    token.type, token.content = "html_inline", html


def _name_tables(tokens: Sequence[Token]) -> None:
    """A table is called by the heading above it."""
    above = ""
    for index, token in enumerate(tokens):
        if token.type == "heading_open":
            above = _words(tokens[index + 1].children)
        elif token.type == "table_open":
            token.meta["name"] = above


def _table_open(_self: Any, tokens: Sequence[Token], index: int, *_: Any) -> str:
    name = escape(f"Table: {tokens[index].meta['name']}")
    return (
        f'<div class="table-frame" tabindex="0" data-frame role="group" aria-label="{name}">'
        "<table>\n"
    )


def _table_close(*_: Any) -> str:
    return "</table></div>\n"


def _fence(_self: Any, tokens: Sequence[Token], index: int, *_: Any) -> str:
    token = tokens[index]
    language = token.info.strip()
    arrows = _arrows(token.content) if language == "mermaid" else None
    return _transitions(arrows) if arrows else code(token.content, language)


def _arrows(diagram: str) -> list[tuple[str, str, str]] | None:
    """The arrows of a diagram of states; None: it has something else as well."""
    kind, *lines = diagram.strip().splitlines()
    found = [_ARROW.fullmatch(line) for line in lines]
    if kind != "stateDiagram-v2" or not all(found):
        return None
    return [(one[1], one[2], one[3] or "") for one in found if one]


def _transitions(arrows: Sequence[tuple[str, str, str]]) -> str:
    """A diagram of states in words: it needs no program, and everybody can read it."""
    rows = "".join(
        f"<tr><td>{_state(begin)}</td><td>{_state(end)}</td><td>{escape(why)}</td></tr>\n"
        for begin, end, why in arrows
    )
    return (
        '<div class="table-frame"><table class="states">\n<thead><tr><th>From</th><th>To</th>'
        f"<th>By</th></tr></thead>\n<tbody>\n{rows}</tbody>\n</table></div>\n"
    )


def _state(name: str) -> str:
    return "(it begins)" if name == "[*]" else f"<code>{escape(name)}</code>"


def _image(
    _self: Any, tokens: Sequence[Token], index: int, _options: Any, env: dict[str, Places]
) -> str:
    token = tokens[index]
    picture = env["places"].picture_of(str(token.attrGet("src")))
    shows = escape(_words(token.children))
    if picture is None:
        return f'<em class="elsewhere">{shows}</em>'
    return (
        f'<img src="{escape(picture.address)}" alt="{shows}" '
        f'width="{picture.width}" height="{picture.height}" loading="lazy" decoding="async">'
    )
