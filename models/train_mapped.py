"""Permissively licensed labelled texts beside the project, mapped to our types. Training only; nothing of them is kept.

The topics of the tweets rule types out (`mapped_topics.toml`); the sentences on crude oil (MIT) and on causes of unrest
(CC0) carry labels with no counterpart among our types, so their texts alone serve. All of them are answered by the encoder
before the fast stage learns from them.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import numpy as np

from kb.mart import read_parquet
from models.heads import NONE_AT, PRESENT, PRIMARY, TYPES, Floats
from models.labels import ARCHIVE

FOLDER = ARCHIVE.parent / "labelled"
TWEETS = "twitter_financial_news_topic_train.parquet"
TOPIC = "label_name"
LINK = re.compile(r"https?://\S+")
RULED_OUT = -6.0  # added to the logit of a type that the topic leaves no room for


def read_mapped(folder: Path = FOLDER) -> tuple[list[str], list[str]]:
    """Distinct texts without their links, and the topic of each ("" where none); two empty lists without the folder."""
    found: dict[str, str] = {}
    for path in sorted(folder.glob("*.parquet")):
        names, rows = read_parquet(path)
        topic = names.index(TOPIC) if path.name == TWEETS else None
        for row in rows:
            text = " ".join(LINK.sub(" ", row[names.index("text")] or "").split())
            if text:
                found.setdefault(text, row[topic] if topic is not None else "")
    return list(found), list(found.values())


def rule_out(answers: Floats, topics: Sequence[str]) -> Floats:
    """The encoder's answers with the types lowered that each text's topic leaves no room for."""
    possible = tomllib.loads(resources.files("models").joinpath("mapped_topics.toml").read_text("utf-8"))
    lowered = answers.copy()
    for i, topic in enumerate(topics):
        if topic in possible:
            out = np.array([name not in possible[topic] for name in TYPES])
            lowered[i, PRIMARY][:NONE_AT][out] += RULED_OUT
            lowered[i, PRESENT][out] += RULED_OUT
    return lowered
