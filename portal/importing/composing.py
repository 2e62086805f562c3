"""The notice file that a post becomes, with the trace by which a later import knows its source again."""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from portal.config import Settings
from portal.importing.fields import date_node, text_node, true_node
from portal.importing.posts import Post
from portal.notice import TEXT_KEYS
from portal.paper import name_parts

_TRACE = re.compile(rb"^x-imported: \{from: .*, sha256: '?([0-9a-f]{16})'?\}\r?$", re.MULTILINE)
_TRANSLATES = re.compile(rb"^translates:", re.MULTILINE)
_HEAD = 16_384  # bytes of a notice in which the trace of an import is looked for


@dataclass(frozen=True, slots=True)
class Earlier:
    """A notice file that an earlier import wrote."""

    file: Path
    id: str
    translation: bool


def traces(settings: Settings) -> Iterator[tuple[str, Earlier]]:
    """What earlier imports wrote, by the trace of its source."""
    for folder in settings.notice_dirs():
        for file in sorted(folder.rglob("*.md")):
            try:
                with file.open("rb") as stream:
                    head = stream.read(_HEAD)
            except OSError:
                continue
            trace = _TRACE.search(head)
            if trace is not None:
                identity, _ = name_parts(settings, file.stem)
                yield (
                    trace[1].decode(),
                    Earlier(file, identity, _TRANSLATES.search(head, 0, trace.start()) is not None),
                )


def compose(post: Post, original: Post | None, date: dt.date) -> bytes:
    """The notice file of a post; of a translation where there is an `original`."""
    found = post.fields
    front: dict[str, yaml.Node] = {"title": text_node(found.title)}
    extra = dict(found.extra)
    if original is None:
        front["date"] = date_node(date)
        if found.draft:
            front["draft"] = true_node()
        own = found.own
    else:
        front["translates"] = yaml.ScalarNode("tag:yaml.org,2002:int", "1")
        own = {key: node for key, node in found.own.items() if key in TEXT_KEYS}
        extra |= {f"x-{key}": node for key, node in found.own.items() if key not in TEXT_KEYS}
        if found.date is not None and found.date != original.fields.date:
            extra.setdefault("x-date", date_node(found.date))
        theirs = original.fields.extra
        extra = {
            key: node
            for key, node in extra.items()
            if key not in theirs or _yaml({key: node}) != _yaml({key: theirs[key]})
        }
    if found.summary:
        front["summary"] = text_node(found.summary)
    front |= own
    # One line, so that the next import finds it without reading the YAML of every notice.
    shown = os.fsencode(post.path).decode("utf-8", "replace")
    pairs = [(text_node("from"), text_node(shown)), (text_node("sha256"), text_node(post.trace))]
    front["x-imported"] = yaml.MappingNode("tag:yaml.org,2002:map", pairs, flow_style=True)
    return f"---\n{_yaml(front | extra)}---\n".encode() + post.matter.body


def _yaml(front: Mapping[str, yaml.Node]) -> str:
    root = yaml.MappingNode(
        "tag:yaml.org,2002:map", [(text_node(key), node) for key, node in front.items()], flow_style=False
    )
    text: str = yaml.serialize(root, Dumper=yaml.CSafeDumper, allow_unicode=True, width=1_000_000)
    if (
        "\\U000" in text
    ):  # libyaml writes every character beyond the basic plane as an escape; the slower emitter does not
        text = yaml.serialize(root, Dumper=yaml.SafeDumper, allow_unicode=True, width=1_000_000)
    return text
