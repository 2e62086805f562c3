"""A model's complaint, turned into the house's one-line problems with file, line and hint."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from portal.decoded import Document, Fault, Path
from portal.errors import Location, Problem, Severity

_NAMES = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "list": "a list",
    "dict": "a block",
    "date": "a day",
    "datetime": "a moment",
    "NoneType": "empty",
}

_EXPECTED = {
    "string_type": ("text", "put it in quotes"),
    "bool_type": ("true or false", "write true or false, without quotes"),
    "bool_parsing": ("true or false", "write true or false, without quotes"),
    "int_type": ("a whole number", "write a number, without quotes"),
    "int_parsing": ("a whole number", "write a number, without quotes"),
    "tuple_type": ("a list", "write [a, b], or one value a line after '- '"),
    "list_type": ("a list", "write [a, b], or one value a line after '- '"),
    "dict_type": ("a block of keys", "write the keys below it, indented"),
    "model_type": ("a block of keys", "write the keys below it, indented"),
    "dataclass_type": ("a block of keys", "write the keys below it, indented"),
    "model_attributes_type": ("a block of keys", "write the keys below it, indented"),
    "date_type": ("a day", "write it as 2027-01-31"),
    "date_from_datetime_parsing": ("a day", "write it as 2027-01-31"),
    "date_parsing": ("a day", "write it as 2027-01-31"),
    "datetime_type": ("a moment", "write it as 2027-01-31 09:00:00+08:00"),
}


def faults(file: str, found: Iterable[Fault], severity: Severity = Severity.ERROR) -> list[Problem]:
    """Faults of the text itself as problems."""
    return [Problem(Location(file, *f.place), f.code, f.message, f.hint, severity) for f in found]


def besides(found: Iterable[Fault], problems: Iterable[Problem]) -> list[Problem]:
    """Those problems that lie on other lines than the faults of the text."""
    lines = {fault.place[0] for fault in found}
    return [problem for problem in problems if problem.location.line not in lines]


def complaints(file: str, document: Document, errors: Iterable[ErrorDetails], model: type) -> list[Problem]:
    """A model's errors as problems, each at the line of the value it is about. Values are never repeated."""
    problems: list[Problem] = []
    told: set[tuple[Path, str]] = set()
    placed = [(_path(document, error["loc"]), error) for error in errors]
    explained = {path for path, error in placed if error["type"] != "literal_error"}
    within = {path[:length] for path, _ in placed for length in range(len(path))}
    for path, error in placed:
        if error["type"] == "literal_error" and (path in within or path in explained):
            continue  # 'public' or a block: of a wrong block, what is wrong inside it says more
        code, message, hint = _sentence(error, path, model)
        if (path, message) in told:
            continue  # the branches of a union complain one after the other
        told.add((path, message))
        problems.append(Problem(Location(file, *document.place(path)), code, message, hint))
    return problems


def _path(document: Document, loc: tuple[str | int, ...]) -> Path:
    """Those steps of a model's location that exist in the document: union branches and validators are left out."""
    path: Path = ()
    for step in loc:
        if (*path, step) in document.places:
            path = (*path, step)
    return path


def _sentence(error: ErrorDetails, path: Path, model: type) -> tuple[str, str, str]:
    name = ".".join(str(p) if isinstance(p, str) else str(p + 1) for p in path) or "all of it"
    kind = error["type"]
    if kind in {"extra_forbidden", "unexpected_keyword_argument"}:
        key = str(error["loc"][-1])
        if error["input"] is None and (not key.isascii() or " " in key):
            # In {a: b, c} the comma ends the value; people mean a sentence with a comma in it, maybe a private one.
            return "unknown-key", "a piece of text is read as a key", "put the text with the comma in quotes"
        near = nearest(key, _keys_around(model, error["loc"]))
        return (
            "unknown-key",
            f"unknown key '{key}'",
            f"did you mean '{near}'?" if near else "remove it, or begin it with x-",
        )
    if kind == "missing":
        key = str(error["loc"][-1])
        within = f" in '{name}'" if path else ""
        return "missing-key", f"'{key}' is missing{within}", f"add a line '{key}: …'"
    if kind in _EXPECTED:
        wanted, hint = _EXPECTED[kind]
        got = _NAMES.get(type(error["input"]).__name__, "something else")
        return "wrong-type", f"'{name}' must be {wanted}, but is {got}", hint
    if kind in {"enum", "literal_error"}:
        expected = str(error.get("ctx", {}).get("expected", "")).replace(" or ", ", ").replace("'", "")
        near = nearest(str(error["input"]), expected.split(", "))
        return "unknown-value", f"'{name}' cannot be this", f"did you mean {near}?" if near else f"one of {expected}"
    if kind == "value_error":
        said = str(error.get("ctx", {}).get("error", error["msg"]))
        message, _, hint = said.partition("; ")
        if path:
            message = f"{name}: {message}" if message.startswith("'") else f"'{name}' {message}"
        return "wrong-value", message, hint or "correct it"
    if kind in {"string_too_short", "too_short"}:
        return "empty", f"'{name}' is empty", "write something, or remove the key"
    if kind == "string_too_long":
        return "too-long", f"'{name}' is longer than {error.get('ctx', {}).get('max_length')} characters", "shorten it"
    return "wrong-value", f"'{name}': {error['msg'][:1].lower()}{error['msg'][1:]}", "correct it"


def nearest(word: str, words: Iterable[str]) -> str | None:
    """The word that was probably meant, if one is near enough."""
    close = difflib.get_close_matches(word, list(words), n=1, cutoff=0.6)
    return close[0] if close else None


def keys_of(model: type) -> Mapping[str, FieldInfo]:
    """The fields of a model, or of a dataclass that is validated like one."""
    found: Mapping[str, FieldInfo] = getattr(model, "__pydantic_fields__", {})
    return found


def _keys_around(model: type, loc: tuple[Any, ...]) -> list[str]:
    """The keys allowed beside the unknown one."""
    current = model
    for step in loc[:-1]:
        inner = keys_of(current).get(str(step)) if isinstance(step, str) else None
        found = _model_in(inner.annotation) if inner else None
        current = found or current
    return [f.alias or name for name, f in keys_of(current).items()]


def _model_in(annotation: Any) -> type | None:
    if isinstance(annotation, type) and keys_of(annotation):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        found = _model_in(argument)
        if found is not None:
            return found
    return None
