"""What each key of a post becomes: a key of the notice where one fits, an `x-` key with its value where none does."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from portal.decoded import Fault
from portal.importing import bodies, moments
from portal.importing.matter import Matter

_DATES = (
    "date",
    "publishdate",
    "publish_date",
    "pubdate",
    "published_at",
    "publishedat",
    "published",
    "created",
    "created_at",
    "createdat",
)
_SUMMARIES = ("summary", "description", "excerpt")
_TOPICS = ("tags", "tag", "categories", "category", "keywords")
_LANGUAGES = ("lang", "language", "locale")
_TEXTS = ("issuer", "reason", "scope", "exceptions", "measures", "value", "feedback")
"""Keys of the same name and meaning; `number` besides, which is a fact and no text."""
_DAYS = {"expires": "expires", "expirydate": "expires", "review_by": "review_by", "evaluate_on": "evaluate_on"}
_LONGEST_TITLE = 200
_BLANKS = " \t\n\r\u200b\u200c\u200d\u2060\ufeff\u00a0\u3000"

TEXT = "tag:yaml.org,2002:str"


@dataclass(frozen=True, slots=True)
class Fields:
    """A post in the words of a notice."""

    title: str
    date: dt.date | None
    """None where neither a key nor the path says when."""
    summary: str | None
    draft: bool
    language: str | None
    """As the front matter has it: zh-CN."""
    own: Mapping[str, yaml.Node]
    """Further keys of the notice, by name."""
    extra: Mapping[str, yaml.Node]
    """`x-` keys, in the order of the source."""
    mapped: tuple[tuple[str, str], ...]
    guessed: tuple[Fault, ...]
    left: tuple[Fault, ...]


def of(matter: Matter, name: str, day: dt.date | None) -> Fields:
    """Map a post's keys. `name` is the post's name in its path, `day` the day that the path names."""
    reader = _Reader(matter)
    title = reader.title(name)
    date = reader.date(day)
    summary = reader.summary()
    draft = reader.draft()
    language = reader.language()
    own = reader.own(date)
    extra = reader.extra()
    return Fields(
        title,
        date,
        summary,
        draft,
        language,
        own,
        extra,
        tuple(reader.mapped),
        tuple(reader.guessed),
        tuple(reader.left),
    )


def text_node(value: str) -> yaml.Node:
    return yaml.ScalarNode(TEXT, value)


def date_node(value: dt.date) -> yaml.Node:
    text = value.isoformat(sep=" ") if isinstance(value, dt.datetime) else value.isoformat()
    return yaml.ScalarNode("tag:yaml.org,2002:timestamp", text)


def _day(value: dt.date) -> dt.date:
    return value.date() if isinstance(value, dt.datetime) else value


def true_node() -> yaml.Node:
    return yaml.ScalarNode("tag:yaml.org,2002:bool", "true")


class _Reader:
    """Takes one key after the other out of a post; whatever is left at the end is extra."""

    def __init__(self, matter: Matter) -> None:
        self._matter = matter
        self._rest = dict(matter.data)
        self._names: dict[str, str] = {}
        for key in matter.data:
            self._names.setdefault(key.lower(), key)  # Hugo's keys know no case, and neither do people
        self._more: dict[str, yaml.Node] = {}
        self.mapped: list[tuple[str, str]] = []
        self.guessed: list[Fault] = []
        self.left: list[Fault] = []

    def title(self, name: str) -> str:
        key, value = self._peek("title")
        node = self._matter.nodes.get(key) if key else None
        if isinstance(value, str):
            words = value
        elif value is not None and isinstance(node, yaml.ScalarNode):
            words = node.value  # title: 2020, title: true, title: 1.10, as written
        else:
            words = ""
        words = " ".join(words.strip(_BLANKS).split())
        if words and key:
            self._take(key, "title")
        else:
            words = self._title_without_key(name)
        if len(words) > _LONGEST_TITLE:
            self._more["x-title"] = text_node(words)
            cut = words[: _LONGEST_TITLE - 1]
            words = (cut.rpartition(" ")[0] if " " in cut[_LONGEST_TITLE // 2 :] else cut) + "…"
            self._guess(
                key,
                "title-shortened",
                "the title is longer than 200 characters; it was shortened, and stands whole in x-title",
            )
        return words

    def _title_without_key(self, name: str) -> str:
        found = bodies.heading(self._matter.text)
        if found is not None:
            words, line = found
            fault = Fault(
                (self._matter.body_line + line - 1, 1), "title-from-heading", "no title; the first heading was taken"
            )
        else:
            words = " ".join(name.replace("-", " ").replace("_", " ").split()) or name
            words = words[:1].upper() + words[1:]
            fault = Fault((1, 1), "title-from-name", "no title and no heading; the file's name was taken")
        self.guessed.append(fault)
        return words

    def date(self, day: dt.date | None) -> dt.date | None:
        why = ""
        for name in _DATES:
            key, value = self._peek(name)
            if key is None or value is None or (name == "published" and isinstance(value, bool)):
                continue
            whole = value
            if isinstance(value, dict):  # Material: date: {created: …, updated: …}
                value = value.get("created")
            found, doubt = moments.moment(value)
            if found is None:
                why = why or f"'{key}' cannot be read as a date: {doubt}"
                if name == "date":
                    self.left.append(Fault((self._matter.line(key), 1), "date-unreadable", why, "it stands in x-date"))
                continue
            self.mapped.append((key, "date"))
            if doubt:
                self._guess(key, "date-doubtful", f"'{key}' was {doubt}" if doubt.startswith("read") else doubt)
            if not doubt and whole is value:
                del self._rest[key]
            return found
        if day is not None:
            self.guessed.append(
                Fault(
                    (1, 1),
                    "date-from-name",
                    why + "; the one in the path was taken" if why else "no date; the one in the path was taken",
                )
            )
        return day

    def summary(self) -> str | None:
        chosen: str | None = None
        for name in _SUMMARIES:
            key, value = self._peek(name)
            if key is None or not isinstance(value, str):
                continue
            words = value.strip(_BLANKS)
            if not words or words == chosen:
                del self._rest[key]
            elif chosen is None:
                chosen = words
                self._take(key, "summary")
        return chosen

    def draft(self) -> bool:
        """Whether any key says that this is not for everybody yet; an unclear one does."""
        draft = False
        for name, unfinished in (
            ("draft", True),
            ("published", False),
            ("publish", False),
            ("hidden", True),
            ("unlisted", True),
            ("private", True),
        ):
            key, value = self._peek(name)
            if key is None or value is None:
                continue
            said = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}.get(
                str(value).strip().lower()
            )
            if said is None and name in {"published", "publish"}:
                continue  # a date
            if said is None:
                self._guess(key, "draft-doubtful", f"'{key}' is neither true nor false; taken for a draft")
            if said is None or said is unfinished:
                draft = True
                self._take(key, "draft")
            elif name in {"draft", "published", "publish"}:
                del self._rest[key]
        key, value = self._peek("status")
        if key is not None and str(value).strip().lower() in {"draft", "private", "pending", "future", "unpublished"}:
            draft = True
            self._take(key, "draft")
        key, value = self._peek("password")
        if key is not None and value not in (None, ""):
            draft = True
            del self._rest[key]
            line = self._matter.line(key)
            self.left.append(
                Fault(
                    (line, 1),
                    "password",
                    "this post stood behind a password; it became a draft, without the password",
                    "give it an audience",
                )
            )
        return draft

    def language(self) -> str | None:
        for name in _LANGUAGES:
            _, value = self._peek(name)
            if isinstance(value, str) and value.strip():
                return value.strip()
        return None

    def own(self, published: dt.date | None) -> dict[str, yaml.Node]:
        nodes: dict[str, yaml.Node] = {}
        for name in ("number", *_TEXTS):
            key, value = self._peek(name)
            if key is not None and isinstance(value, str) and value.strip():
                nodes[name] = text_node(value.strip())
                self._take(key, name)
        for name, target in _DAYS.items():
            key, value = self._peek(name)
            found, doubt = moments.moment(value)
            if key is None or found is None or doubt or published is None or target in nodes:
                continue
            day = _day(found)
            if day > _day(published):  # a deadline before publication would be an error
                nodes[target] = date_node(day)
                self._take(key, target)
        return nodes

    def extra(self) -> dict[str, yaml.Node]:
        topics = self._topics()
        if topics:
            self._more["x-tags"] = yaml.SequenceNode(
                "tag:yaml.org,2002:seq", [text_node(t) for t in topics], flow_style=True
            )
        for key, value in self._rest.items():
            if value is None:
                continue  # an empty key says nothing
            name = key if key.startswith("x-") else f"x-{key}"
            while name in self._more:
                name += "-"
            self._more[name] = self._matter.nodes[key]
            self.mapped.append((key, name))
        return self._more

    def _topics(self) -> list[str]:
        found: dict[str, None] = {}
        for name in _TOPICS:
            key, value = self._peek(name)
            words = _words(self._matter.nodes[key], name) if key is not None and value is not None else None
            if key is None or words is None:
                continue
            found |= dict.fromkeys(words)
            self._take(key, "x-tags")
        return list(found)

    def _peek(self, name: str) -> tuple[str | None, Any]:
        """The source's own spelling of a key that is still there, and its value."""
        key = self._names.get(name)
        return (key, self._rest[key]) if key is not None and key in self._rest else (None, None)

    def _take(self, key: str, target: str) -> None:
        del self._rest[key]
        self.mapped.append((key, target))

    def _guess(self, key: str | None, code: str, message: str) -> None:
        self.guessed.append(Fault((self._matter.line(key) if key else 1, 1), code, message))


def _words(node: yaml.Node, name: str) -> list[str] | None:
    """A list of topics, from a list or from one text; None for anything else."""
    if isinstance(node, yaml.ScalarNode):
        text = node.value
        for mark in ",，、;；":
            if mark in text:
                text = text.replace(mark, "\n")
        if "\n" not in text and name in {"tags", "categories"}:
            text = "\n".join(text.split())  # Jekyll: tags: one two
        return [word.strip() for word in text.split("\n") if word.strip()]
    if isinstance(node, yaml.SequenceNode) and all(isinstance(item, yaml.ScalarNode) for item in node.value):
        return [item.value.strip() for item in node.value if item.value.strip()]
    return None
