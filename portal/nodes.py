"""What composes YAML with libyaml, and constructs it here, so that a duplicate key, an impossible date or an alias is a
fault with a place instead of a surprise.

Aliases are refused: nobody needs them in a notice, and they are how a small file becomes a huge one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

import yaml

from portal.decoded import Document, Fault, Path, Place, conflict_in


class _Nodes(yaml.CSafeLoader):
    """libyaml's parser, with the standard scalar resolution."""


class _Scalars(yaml.constructor.SafeConstructor):
    """Turns scalar nodes into values; used for nothing but scalars."""


_LONGEST_YAML = 400_000
"""Characters: a price list fits many times over, and libyaml needs some hundred times this in memory."""

_DEEPEST = 30
"""Levels of nesting; the deepest block of a notice has four."""


def read(text: str, first_line: int, foreign_tags: bool, later: Callable[[str, int], Mapping[Path, Place]]) -> Document:
    """Read one YAML document, as portal/located.py says; `later` finds the places of one without faults, if asked."""
    if len(text) > _LONGEST_YAML:
        return Document(
            None, {}, (Fault((first_line, 1), "yaml-too-long", "the YAML here is longer than 400,000 characters"),)
        )
    loader = _Nodes(text)
    try:
        node = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        if conflict := conflict_in(text):
            return Document(None, {}, (conflict._replace(place=(first_line + conflict.place[0] - 1, 1)),))
        mark = error.problem_mark or error.context_mark
        place = (first_line + mark.line, mark.column + 1) if mark else (first_line, 1)
        return Document(None, {}, (_syntax_fault(place, error),))
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position)
        return Document(
            None,
            {},
            (
                Fault(
                    (first_line + line, 1),
                    "yaml-character",
                    "a control character that YAML does not allow",
                    "delete it",
                ),
            ),
        )
    except RecursionError:
        return Document(None, {}, (_too_deep((first_line, 1)),))
    finally:
        loader.dispose()
    if not foreign_tags:
        try:
            return Document(_plain(node, _Scalars(), set(), 0), later(text, first_line))
        except _Doubtful:
            pass
    return _thorough(node, first_line, foreign_tags)


def places(text: str, first_line: int) -> Mapping[Path, Place]:
    """The places in a text without faults."""
    loader = _Nodes(text)
    try:
        return _thorough(loader.get_single_node(), first_line, foreign_tags=False).places
    finally:
        loader.dispose()


def _thorough(node: yaml.Node | None, first_line: int, foreign_tags: bool) -> Document:
    """A document with every place and every fault."""
    builder = _Builder(first_line, foreign_tags)
    data = builder.build(node, ()) if node is not None else None
    return Document(data, builder.places, tuple(builder.faults))


class _Doubtful(Exception):
    """Something is not as it nearly always is: the thorough way decides."""


def _plain(node: yaml.Node | None, scalars: _Scalars, seen: set[int], depth: int) -> Any:
    """The data of a node in which nothing is wrong. Raises _Doubtful where something may be."""
    if node is None:
        return None
    if depth > _DEEPEST:
        raise _Doubtful
    tag = node.tag
    if isinstance(node, yaml.ScalarNode):
        if tag == "tag:yaml.org,2002:str":
            return node.value
        try:
            return _value(node, scalars)
        except (yaml.constructor.ConstructorError, ValueError, OverflowError):
            raise _Doubtful from None
    if tag not in _COLLECTIONS or id(node) in seen:
        raise _Doubtful
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, scalars, seen, depth + 1) for item in node.value]
    assert isinstance(node, yaml.MappingNode)
    result: dict[str, Any] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode) or key.value in result:
            raise _Doubtful
        result[key.value] = _plain(value, scalars, seen, depth + 1)
    return result


def _value(node: yaml.ScalarNode, scalars: _Scalars) -> Any:
    """A scalar that is not plain text. Raises ConstructorError, ValueError, OverflowError."""
    value = scalars.construct_object(node)
    if isinstance(value, int) and not isinstance(value, bool) and ":" in node.value:
        return node.value  # YAML 1.1 reads 10:30 as a number in base 60; people mean a time of day
    if isinstance(value, dt.datetime) and value.tzinfo is None and _has_zone(node.value):
        return value.replace(tzinfo=dt.UTC)
    return value


def _too_deep(place: Place) -> Fault:
    return Fault(place, "yaml-depth", "the YAML here is nested too deeply", "write it flatter")


def _syntax_fault(place: Place, error: yaml.MarkedYAMLError) -> Fault:
    problem = (error.problem or "not valid YAML").strip()
    hint = "check the indentation and the quotes around here"
    if "mapping values are not allowed" in problem:
        problem = "a second ': ' on the line, or wrong indentation"
        hint = "put the text that contains a colon in quotes"
    elif "cannot start any token" in problem:
        hint = "indent with spaces, not tabs, and put text that begins with a special character in quotes"
    elif "could not find expected ':'" in problem:
        problem = "a line here is not 'key: value'"
    elif "found unexpected end of stream" in problem:
        problem = "a quote is opened and never closed"
        hint = "close it"
    elif "did not find expected key" in problem:
        problem = "a key is expected here"
        hint = "check the indentation of this line and the quotes of the line before"
    elif "another document" in problem or "expected a single document" in problem:
        problem = "a second '---' starts another document"
        hint = "keep everything in one block"
    return Fault(place, "yaml-syntax", problem, hint)


_COLLECTIONS = frozenset({"tag:yaml.org,2002:seq", "tag:yaml.org,2002:map"})


class _Builder:
    """Walks a node tree once: data, places and faults."""

    def __init__(self, first_line: int, foreign_tags: bool) -> None:
        self.first_line = first_line
        self.foreign_tags = foreign_tags
        self.places: dict[Path, Place] = {}
        self.faults: list[Fault] = []
        self._seen: set[int] = set()
        self._scalars = _Scalars()

    def build(self, node: yaml.Node, path: Path) -> Any:
        place = self._place(node)
        if len(path) > _DEEPEST:
            if not any(fault.code == "yaml-depth" for fault in self.faults):
                self.faults.append(_too_deep(place))
            return None
        self.places.setdefault(path, place)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, place)
        if id(node) in self._seen:
            if not self.foreign_tags:
                self.faults.append(
                    Fault(self.places[path], "yaml-alias", "aliases (*name) are not read here", "write the value out")
                )
            return None
        self._seen.add(id(node))
        if node.tag not in _COLLECTIONS and not self.foreign_tags:
            self.faults.append(Fault(place, "yaml-tag", f"the tag {node.tag} is not read here", "remove the tag"))
            return None
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*path, i)) for i, item in enumerate(node.value)]
        assert isinstance(node, yaml.MappingNode)
        return self._mapping(node, path)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            place = self._place(key_node)
            if not isinstance(key_node, yaml.ScalarNode):
                self.faults.append(
                    Fault(place, "yaml-key", "a key must be a word", "quote it if it begins with a bracket")
                )
                continue
            key = str(key_node.value)
            if key in result:
                self.faults.append(
                    Fault(place, "duplicate-key", f"the key '{key}' stands here a second time", "keep one of the two")
                )
                continue
            self.places[(*path, key)] = place
            result[key] = self.build(value_node, (*path, key))
        return result

    def _scalar(self, node: yaml.ScalarNode, place: Place) -> Any:
        if node.tag == "tag:yaml.org,2002:str":
            return node.value
        try:
            return _value(node, self._scalars)
        except yaml.constructor.ConstructorError:
            if not self.foreign_tags:
                self.faults.append(Fault(place, "yaml-tag", f"the tag {node.tag} is not read here", "remove the tag"))
            return None
        except (ValueError, OverflowError):
            if node.tag == "tag:yaml.org,2002:timestamp":
                self.faults.append(
                    Fault(
                        place,
                        "impossible-date",
                        f"{node.value} is not a day of the calendar",
                        "write a date as 2027-01-31",
                    )
                )
            else:
                self.faults.append(Fault(place, "yaml-value", "this value cannot be read", "put it in quotes"))
            return None

    def _place(self, node: yaml.Node) -> Place:
        return (self.first_line + node.start_mark.line, node.start_mark.column + 1)


def _has_zone(text: str) -> bool:
    return text.rstrip().endswith(("Z", "z"))
