"""Wikitext, the markup of MediaWiki: a page's headings and bullets, and the plain words and cited addresses of one.

Reads what the day pages of current events are made of, not the whole language: templates give their words where they
stand for words (`nowrap`, `convert`, `flag`) and nothing otherwise. Pure: used by `ingest.sources.wikipedia`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

LONGEST_BULLET = 8_000  # characters; longer ones are no news in brief
DEEPEST = 8  # templates within templates
# Possessive (++, *+) where a pattern would else go back over all it has read.
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.S)
_REF = re.compile(r"<ref\b[^<>]*+(?:(?<=/)>|(?<!/)>(?:(?!</?ref\b).)*+</ref\s*+>)", re.S | re.I)
_TEMPLATE = re.compile(r"\{\{([^{}]*)\}\}")
_WIKILINK = re.compile(r"\[\[([^\[\]]*)\]\]")
_LINK = re.compile(r"\[((?:https?:)?//[^\s\[\]]++)\s*+([^\[\]]*+)\]", re.I)
_BARE_LINK = re.compile(r"https?://[^\s\[\]<>]+", re.I)
_HEADING = re.compile(r";\s*(.+)|'''\s*(.+?)\s*'''\s*:?|(?:={2,6})\s*(.+?)\s*={2,6}")
_BULLET = re.compile(r"([*#:]+)\s*(.*)")
_FRAME = re.compile(r"\{?\||!|__[A-Z]+__$|#REDIRECT\b", re.I)  # tables, switches
_TAG = re.compile(r"</?[a-z][^<>]{0,300}>", re.I)
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
_SENTENCE_END = (".", "!", "?", "…", '"', "”", "’", ")")
# Templates that stand for words: which of their parts these are. Others say nothing that a sentence needs.
_WORDS = {
    "nowrap": slice(None), "nobr": slice(None), "small": slice(None), "abbr": slice(0, 1), "lang": slice(-1, None),
    "flag": slice(0, 1), "flagcountry": slice(0, 1), "convert": slice(0, 2), "cvt": slice(0, 2),
}  # fmt: skip
_SIGNS = {
    "ndash": "–",
    "mdash": "—",
    "en dash": "–",
    "em dash": "—",
    "snd": " – ",
    "spnd": " – ",
    "nbsp": " ",
    "'": "'",
}


@dataclass(frozen=True)
class Bullet:
    """One bullet with the heading it stands under and the bullets above it, still in markup. `leaf`: none stands below."""

    heading: str
    above: tuple[str, ...]
    markup: str
    leaf: bool


@dataclass(frozen=True)
class Sentence:
    """The plain words of a bullet; the addresses it cites and what it calls them, in order."""

    words: str
    addresses: tuple[str, ...]
    publishers: tuple[str, ...]


def drop_templates(text: str) -> str:
    """The page without comments, footnotes and templates, those that stand for words put into words."""
    text = _REF.sub("", _COMMENT.sub("", text))
    for _ in range(DEEPEST):
        text, changed = _TEMPLATE.subn(_say_template, text)
        if not changed:
            break
    return text.replace("{{", "").replace("}}", "")


def _say_template(found: re.Match[str]) -> str:
    name, *parts = found[1].split("|")
    name = name.strip().lower()
    if name in _SIGNS:
        return _SIGNS[name]
    joint = " " if name in ("convert", "cvt") else "|"  # a bar within words is one of a link
    return joint.join(parts[_WORDS[name]]).strip() if name in _WORDS else ""


def read_bullets(text: str) -> Iterator[Bullet | str]:
    """The bullets of a page without templates, in order; a line that is neither bullet, heading nor frame as it is."""
    heading = ""
    open_: list[tuple[int, str]] = []  # depth and markup of the bullets above
    waiting: tuple[int, Bullet] | None = None  # the last bullet, until it is known whether another stands below
    for raw in text.splitlines():
        line = _INVISIBLE.sub("", raw[: LONGEST_BULLET + DEEPEST]).strip()
        title, bullet = _HEADING.fullmatch(line), _BULLET.fullmatch(line)
        depth = len(bullet[1]) if bullet and bullet[2].strip(" *#:'") else 0
        if waiting and (depth or title):
            yield Bullet(waiting[1].heading, waiting[1].above, waiting[1].markup, leaf=depth <= waiting[0])
            waiting = None
        if title:
            heading, open_ = read_sentence(title[1] or title[2] or title[3]).words.rstrip(" :"), []
        elif depth and bullet:
            open_ = [(d, m) for d, m in open_ if d < depth]
            waiting = depth, Bullet(heading, tuple(m for _, m in open_), bullet[2], leaf=True)
            open_.append((depth, bullet[2]))
        elif not bullet and not _FRAME.match(line) and read_sentence(_TAG.sub("", line)).words:
            yield line
    if waiting:
        yield waiting[1]


def read_sentence(markup: str) -> Sentence:
    """The words of one line without its markup and without the citations after them."""
    text = _resolve_wikilinks(_INVISIBLE.sub("", markup))
    publishers: list[str] = []

    def put(found: re.Match[str]) -> str:
        label = re.sub(r"'{2,5}", "", found[2]).strip()
        if not _is_citation(text, found, label):
            return label
        name = label.strip("() ,;")
        if name and name not in publishers:
            publishers.append(name)
        return ""

    addresses = [
        found[0].strip("[]").split()[0] for found in re.finditer(f"{_LINK.pattern}|{_BARE_LINK.pattern}", text)
    ]
    words = _BARE_LINK.sub("", _LINK.sub(put, text))
    return Sentence(_tidy(words), tuple(dict.fromkeys(addresses)), tuple(publishers))


def has_prose(markup: str) -> bool:
    """Whether a bullet says more than the names of the pages it links to: "[[Iran war]], [[Oil]]" does not."""
    return re.search(r"\w", _WIKILINK.sub("", _LINK.sub("", markup))) is not None


def _resolve_wikilinks(text: str) -> str:
    for _ in range(DEEPEST):
        text, changed = _WIKILINK.subn(_say_wikilink, text)
        if not changed:
            break
    return text


def _say_wikilink(found: re.Match[str]) -> str:
    target, bar, label = found[1].partition("|")
    if re.match(r"\s*(?:file|image|category)\s*:", target, re.I):
        return ""
    if bar and label.strip():
        return label
    return re.sub(r"\s*\([^()]*\)\s*$", "", target) if bar else target.lstrip(": ").replace("#", " ")


def _is_citation(text: str, found: re.Match[str], label: str) -> bool:
    """Whether a link cites a source, as "(Reuters)" does, or is a word of the sentence."""
    if not label or (label.startswith("(") and label.endswith(")")):
        return True
    before = _LINK.sub("", text[: found.start()]).rstrip(" ,;/'")
    if before.endswith("("):  # the older form: ([address Reuters])
        return True
    after = _LINK.sub("", text[found.end() :])
    return before.endswith(_SENTENCE_END) and re.search(r"\w", after) is None


def _tidy(words: str) -> str:
    words = re.sub(r"'{2,5}", "", words)
    words = re.sub(r"\(\s*(?:[,;/]\s*)*\)", "", words)
    words = re.sub(r"\s+", " ", words)
    return re.sub(r" ([,.;:!?])", r"\1", words).strip(" ,;/|")
