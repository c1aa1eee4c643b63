"""Lines and sentences out of the HTML or plain text of filings, for `edgar`.

A row of a table is one line, its cells parted by tabs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

MOST_LETTERS = 1_000  # of one sentence: what is longer is no sentence, and patterns need not run through it
_BLOCKS = frozenset(
    "address article blockquote br center div dd dl dt h1 h2 h3 h4 h5 h6 hr li ol p section table tr ul".split()
)
_UNSEEN = frozenset(("head", "script", "style", "title", "ix:header", "ix:hidden"))
_LEAVE = object()  # on the stack: the node beneath is left, not entered
_HTML = re.compile(r"<(?:html|body|div|p|td|font)\b", re.I)
_COLUMNS = re.compile(r"\S {3,}\S|\.{4,}")  # plain text set in columns keeps its lines
_SAME = str.maketrans({"\u00a0": " ", "\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2018": "'", "\u2019": "'", "\u00ad": None,
                       "\u200b": None, "\ufeff": None, "\u201c": '"', "\u201d": '"'})  # fmt: skip
_SENTENCE = re.compile(r"(?<=[.!?;])\s+(?=[A-Z\"])|\s*[\u2022\u25cf\u00b7]\s*")


def read_lines(text: str) -> list[str]:
    """The visible lines of one document of a filing, without empty ones; a PDF printed as text gives none."""
    start = text.lstrip()[:200]
    if start.startswith(("<PDF>", "begin 644")):
        return []
    raw = _walk(text) if _HTML.search(text[:20_000]) else _unwrap(text)
    return [line for line in map(_clean, raw.split("\n")) if line]


def split_sentences(lines: Iterable[str]) -> list[str]:
    """The sentences of lines that are prose (rows of tables left out), in their order."""
    prose = (line for line in lines if not is_row(line))
    return [s.strip()[:MOST_LETTERS] for line in prose for s in _SENTENCE.split(line.replace("\t", " ")) if s.strip()]


def is_row(line: str) -> bool:
    """Whether a line is a row of a table of figures: three cells or more, or cells that are all short."""
    cells = [c for c in line.split("\t") if c]
    return len(cells) > 1 and all(len(c) < 120 for c in cells) and not _is_bullet(cells)


def cut_text(text: str, most: int) -> str:
    """At most `most` characters, cut after a sentence if one ends in the second half, else after a word and marked."""
    if len(text) <= most:
        return text
    head = text[: most - 1]
    stop = max(head.rfind(". "), head.rfind("; "))
    return head[: stop + 1] if stop > most // 2 else head.rsplit(" ", 1)[0] + "…"


def _is_bullet(cells: list[str]) -> bool:
    return len(cells) == 2 and len(cells[0]) <= 3 and not cells[0].isdigit()


def _clean(line: str) -> str:
    cells = (re.sub(r"\s+", " ", cell).strip() for cell in line.translate(_SAME).split("\t"))
    return "\t".join(cell for cell in cells if cell)


def _walk(text: str) -> str:
    """The text of HTML: blocks on lines of their own, but not inside the rows of tables."""
    from selectolax.lexbor import LexborHTMLParser

    pieces: list[str] = []
    rows = 0  # how many rows of tables are open
    root = LexborHTMLParser(text).root
    stack: list[tuple[Any, Any]] = [] if root is None else [(root, None)]
    while stack:
        node, state = stack.pop()
        tag = node.tag
        if state is _LEAVE:
            rows -= tag == "tr"
            pieces.append("\t" if tag in ("td", "th") else " " if rows else "\n")
        elif tag == "-text":
            pieces.append((node.text_content or "").replace("\n", " ").replace("\t", " "))
        elif not _is_unseen(node):
            if tag in _BLOCKS:
                pieces.append(" " if rows else "\n")
            rows += tag == "tr"
            if tag in _BLOCKS or tag in ("td", "th"):
                stack.append((node, _LEAVE))
            stack.extend((child, None) for child in reversed(list(node.iter(include_text=True))))
    return "".join(pieces)


def _is_unseen(node: Any) -> bool:
    if node.tag in _UNSEEN:
        return True
    style = (node.attributes.get("style") or "") if node.tag == "div" else ""
    return "display:none" in style.replace(" ", "")


def _unwrap(text: str) -> str:
    """Plain text with the lines of each paragraph joined; what is set in columns keeps its lines, parted by tabs."""
    pieces = []
    for paragraph in re.split(r"\n\s*\n", re.sub(r"</?[A-Za-z][^<>]{0,100}>", " ", text).replace("\r", "")):
        if _COLUMNS.search(paragraph):
            pieces += [re.sub(r" {3,}|\.{4,}", "\t", line) for line in paragraph.split("\n")]
        else:
            pieces.append(paragraph.replace("\n", " "))
    return "\n".join(pieces)
