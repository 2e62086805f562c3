"""A post of another program, taken apart: its keys with their lines, and its body byte for byte.

Front matter is YAML between `---` (also closed by `...`) or TOML between `+++`. What real blogs get wrong is mended
where the meaning is beyond doubt, and told: an unquoted colon or @ in a text, tabs, control characters, blank lines
before the opening fence, an opening fence left out (as Hexo allows).
"""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import yaml

from portal import decoded, located
from portal.decoded import Fault

_EOL = rb"(?:\r\n|\n|\r|\Z)"
_OPEN = re.compile(
    rb"(?P<blank>\s*?)^(?P<fence>-{3,}|\+{3})(?P<form>toml|ya?ml|json)?[ \t]*(?:#[^\r\n]*)?" + _EOL, re.MULTILINE
)
_CLOSE_YAML = re.compile(rb"(?<=[\r\n])(?:-{3,}|\.{3})[ \t]*(?:#[^\r\n]*)?" + _EOL)
_CLOSE_TOML = re.compile(rb"(?<=[\r\n])\+{3}[ \t]*" + _EOL)
_KEY_FIRST = re.compile(rb"\s*(title|date|author|layout|slug|tags|categories|description)[ \t]*:", re.IGNORECASE)
_FATAL = frozenset(
    {"yaml-syntax", "yaml-too-long", "yaml-depth", "yaml-character", "yaml-alias", "yaml-key", "duplicate-key"}
)
_TEXT = "tag:yaml.org,2002:str"


@dataclass(frozen=True, slots=True)
class Matter:
    """A post in two parts, and what was found on the way."""

    data: Mapping[str, Any] = field(default_factory=dict)
    nodes: Mapping[str, yaml.Node] = field(default_factory=dict)
    """The same values as YAML nodes, as written: 1.10 stays 1.10, a quoted text stays quoted."""
    lines: Mapping[str, int] = field(default_factory=dict)
    """Key to its line in the file, from 1."""
    body: bytes = b""
    text: str = ""
    """The body, decoded, line ends as LF."""
    body_line: int = 1
    faults: tuple[Fault, ...] = ()
    """Why the file cannot be imported."""
    mended: tuple[Fault, ...] = ()
    odd: tuple[Fault, ...] = ()
    """What a person should know, though the file was read."""

    def line(self, key: str) -> int:
        return self.lines.get(key, 1)


def read(data: bytes) -> Matter:
    """Take a post apart. Raises nothing: a file that cannot be imported has `faults`."""
    whole, errors, odd = decoded.decode(data)
    if errors:
        return Matter(faults=errors)
    data = data.removeprefix(b"\xef\xbb\xbf")
    opening = _OPEN.match(data)
    if opening is None:
        return replace(_unfenced(data, whole), odd=odd)
    mended = [_blank_lines(data, opening.end("blank"))] if opening["blank"] else []
    if opening["form"] == b"json":
        return _json(_line(data, opening.start("fence")))
    plus = opening["fence"].startswith(b"+")
    toml = plus or opening["form"] == b"toml"  # ---toml, as gray-matter reads it, is closed by ---
    closing = (_CLOSE_TOML if plus else _CLOSE_YAML).search(data, opening.end())
    if closing is None:
        line = _line(data, opening.start("fence"))
        fence = opening["fence"].decode()
        return Matter(
            faults=(
                Fault(
                    (line, 1),
                    "open-front-matter",
                    "the front matter is never closed",
                    f"add a line {fence} after the last key",
                ),
            )
        )
    matter = (_toml if toml else _yaml)(_lf(data[opening.end() : closing.start()]), _line(data, opening.end()))
    return _with_body(replace(matter, odd=odd + matter.odd, mended=(*mended, *matter.mended)), data, closing.end())


def _unfenced(data: bytes, whole: str) -> Matter:
    """A file that does not begin with a fence: plain Markdown, or keys whose opening fence was left out."""
    if re.match(rb"\s*(?:;;;|\{\s*\")", data):
        return _json(1)
    first = _KEY_FIRST.match(data)
    if first is None:
        return Matter(body=data, text=whole)
    line = _line(data, first.start(1))
    closing = _CLOSE_YAML.search(data)
    matter = _yaml(_lf(data[: closing.start()]), 1) if closing else Matter()
    if closing is None or matter.faults:
        fault = Fault(
            (line, 1),
            "no-front-matter",
            "keys without a line --- before them",
            "put a line --- before the first key and one after the last",
        )
        return Matter(faults=(fault,))
    fault = Fault((line, 1), "fence-added", "the opening --- was missing")
    return _with_body(replace(matter, mended=(fault, *matter.mended)), data, closing.end())


def _json(line: int) -> Matter:
    hint = "write it as YAML between two lines ---"
    return Matter(faults=(Fault((line, 1), "json-front-matter", "the front matter is JSON", hint),))


def _blank_lines(data: bytes, end: int) -> Fault:
    return Fault(
        (1, 1), "blank-lines", f"blank lines before the front matter ({_line(data, end) - 1}) were passed over"
    )


def _with_body(matter: Matter, data: bytes, start: int) -> Matter:
    return replace(matter, body=data[start:], text=_lf(data[start:]), body_line=_line(data, start))


def _lf(data: bytes) -> str:
    return data.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")


def _line(data: bytes, end: int) -> int:
    return len(re.findall(rb"\r\n|\n|\r", data[:end])) + 1


def _yaml(front: str, first_line: int) -> Matter:
    document = located.read(front, first_line=first_line)
    mended: list[Fault] = []
    if any(f.code in {"yaml-syntax", "yaml-character", "yaml-alias"} for f in document.faults):
        better, mended = _mend(front, first_line)
        again = located.read(better, first_line=first_line)
        if not any(f.code in _FATAL for f in again.faults):
            front, document = better, again
        else:
            mended = []
    fatal = tuple(f for f in document.faults if f.code in _FATAL)
    if fatal:
        return Matter(faults=fatal)
    if document.data is None:
        return Matter(mended=tuple(mended))
    if not isinstance(document.data, dict):
        fault = Fault(
            (first_line, 1), "no-keys", "the front matter is not a block of keys", "write at least title: … and date: …"
        )
        return Matter(faults=(fault,))
    root = yaml.compose(front, Loader=yaml.CSafeLoader)
    assert isinstance(root, yaml.MappingNode), "the data is a mapping"
    nodes = {key.value: value for key, value in root.value}
    data, odd = dict(document.data), []
    for fault in document.faults:
        _as_text(nodes, data, (fault.place[0] - first_line, fault.place[1] - 1))
        odd.append(fault._replace(code="value-as-text", hint="the value was kept as text; mend it in the notice"))
    lines = {
        path[0]: place[0] for path, place in document.places.items() if len(path) == 1 and isinstance(path[0], str)
    }
    return Matter(data, nodes, lines, mended=tuple(mended), odd=tuple(odd))


def _as_text(nodes: Mapping[str, yaml.Node], data: dict[str, Any], mark: tuple[int, int]) -> None:
    """Make a value that YAML cannot construct (2020-02-30, !tag x) a text, wherever it stands."""
    pending = list(nodes.items())
    for key, node in pending:
        if isinstance(node, yaml.ScalarNode):
            if (node.start_mark.line, node.start_mark.column) == mark:
                node.tag = _TEXT
                if node is nodes.get(key):
                    data[key] = node.value
        elif isinstance(node, yaml.MappingNode):
            pending += [("", value) for _, value in node.value]
        else:
            pending += [("", value) for value in node.value]


_PAIR = re.compile(
    r"(?P<head>title|date|description|summary|excerpt|subtitle|author|keywords)[ \t]*[:：][ \t]*"
    r"(?P<text>[^\s|>].*)",
    re.IGNORECASE | re.DOTALL,
)
_ITEM = re.compile(r"(?P<head>\s*-)[ \t]+(?P<text>[@`%].*)")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")


def _mend(front: str, first_line: int) -> tuple[str, list[Fault]]:
    """Front matter that is not YAML, its texts quoted where they need it, without tabs and control characters."""
    lines, mended = front.split("\n"), []
    i = 0
    while i < len(lines):
        after = i + 1
        while after < len(lines) and lines[after][:1] in {" ", "\t"} and not lines[after].lstrip().startswith("- "):
            after += 1  # a text may go on in indented lines
        block = _CONTROL.sub("", "\n".join(lines[i:after]))
        match = _PAIR.fullmatch(block) or _ITEM.fullmatch(block)
        if match is not None and not _is_sound(block):
            text = " ".join(_unquoted(match["text"].strip()).split())
            block = f"{match['head']}{'' if match['head'].endswith('-') else ':'} {_quoted(text)}" + "\n" * (
                after - i - 1
            )
        else:
            block = "\n".join(_without_tabs(line) for line in block.split("\n"))
        if block != "\n".join(lines[i:after]):
            lines[i:after] = block.split("\n")
            message = "this is not valid YAML; read as if the text stood in quotes, without tabs and control characters"
            mended.append(Fault((first_line + i, 1), "yaml-mended", message))
        i = after
    return "\n".join(lines), mended


def _is_sound(block: str) -> bool:
    document = located.read(block)
    return not document.faults and isinstance(document.data, (dict, list))


def _without_tabs(line: str) -> str:
    indent = len(line) - len(line.lstrip())
    return line[:indent].replace("\t", "  ") + line[indent:].replace("\t", " ")


def _unquoted(value: str) -> str:
    return value[1:-1].replace('\\"', '"') if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _toml(front: str, first_line: int) -> Matter:
    try:
        data = {key: _plain(value) for key, value in tomllib.loads(front).items()}
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)", str(error))
        place = (first_line + int(found[1]) - 1, int(found[2])) if found and found[1] else (first_line, 1)
        message = str(error)[: found.start()] if found else str(error)
        return Matter(
            faults=(
                Fault(
                    place,
                    "toml-syntax",
                    f"the TOML cannot be read: {message[:1].lower()}{message[1:]}",
                    "check the quotes around here",
                ),
            )
        )
    except RecursionError:
        return Matter(faults=(Fault((first_line, 1), "toml-depth", "the TOML here is nested too deeply"),))
    make = yaml.representer.SafeRepresenter(sort_keys=False)
    lines: dict[str, int] = {}
    for i, line in enumerate(front.split("\n")):
        match = re.match(r"\s*\[*\s*[\"']?([^\"'\s=.\]]+)", line)
        if match is not None:
            lines.setdefault(match[1], first_line + i)
    return Matter(data, {key: make.represent_data(value) for key, value in data.items()}, lines)


def _plain(value: Any) -> Any:
    """TOML's times of day, which YAML does not have, as text."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value.isoformat() if isinstance(value, dt.time) else value
