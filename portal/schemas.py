"""JSON Schemas (draft 2020-12) of what people write, made from the models, so that editors complete and check.

A schema says what can be said of one file by itself. What depends on other files, on dates or on the portal's own
demands is left to `check`. Descriptions are the docstrings of the models and of their keys.
"""

from __future__ import annotations

import ast
import inspect
import json
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeAlias

from pydantic.json_schema import models_json_schema

from portal import explain, rules
from portal.client import REGISTRY_ID, Client
from portal.config import UI_LANGUAGES, Options
from portal.kinds import DETAILS, Demand, Kind
from portal.notice import ID, TEXT_KEYS, Notice
from portal.sources import TranslationHead

Schema: TypeAlias = dict[str, Any]

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_FREE: Schema = {"^x-": {"description": "A key of your own."}}


def files() -> dict[str, bytes]:
    """File name to content; the same for every portal."""
    made = {"notice": notice(), "translation": translation(), "client": client(), "mkdocs": mkdocs()}
    return {
        f"{name}.json": (json.dumps(schema, ensure_ascii=False, indent=2) + "\n").encode()
        for name, schema in made.items()
    }


def write(folder: Path) -> list[Path]:
    """Write the schemas into `folder`; their paths. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files().items():
        (folder / name).write_bytes(data)
    return [folder / name for name in files()]


def notice() -> Schema:
    """The front matter of an original; what `details` may hold depends on `kind`."""
    blocks = _blocks(Notice, *DETAILS.values())
    root = blocks.pop("Notice")
    root["required"] = ["title", "date"]
    root["properties"]["id"]["pattern"] = f"^{ID.pattern}$"
    root["properties"]["details"] = {"description": root["properties"]["details"]["description"]}
    root["allOf"] = [_details_of(kind) for kind in Kind]
    return _document("A notice", root | {"patternProperties": _FREE}, blocks)


def _details_of(kind: Kind) -> Schema:
    chosen: Schema = {"properties": {"kind": {"const": kind.value}}}
    if kind is not Kind.GENERAL:  # without a kind a notice is general, and the condition holds as well
        chosen["required"] = ["kind"]
    block = {"anyOf": [{"$ref": f"#/$defs/{DETAILS[kind].__name__}"}, {"type": "null"}]}
    return {"if": chosen, "then": {"properties": {"details": block}}}


def translation() -> Schema:
    """The front matter of a translation: words, and the version they render."""
    blocks = _blocks(Notice, TranslationHead)
    original, head = blocks["Notice"], blocks["TranslationHead"]
    words = {key.split(".")[0] for key in TEXT_KEYS}
    properties = {key: value for key, value in original["properties"].items() if key in words}
    properties["details"] = {"type": ["object", "null"], "description": "The words of the original's `details`."}
    for block in blocks.values():
        for key in ("required", "if", "then"):
            block.pop(key, None)  # whatever a translation leaves out comes from the original
    root = {
        "type": "object",
        "description": "A translation holds words only; facts come from the original.",
        "properties": {**head["properties"], **properties},
        "required": ["translates"],
        "additionalProperties": False,
        "patternProperties": _FREE,
    }
    return _document("A translation", root, blocks)


def client() -> Schema:
    """A file of the registry."""
    blocks = _blocks(Client)
    root = blocks.pop("Client")
    root["required"] = ["name"]
    for block in (root, blocks["Contact"]):
        block["properties"]["id"]["pattern"] = f"^{REGISTRY_ID.pattern}$"
    blocks["Contact"]["properties"]["email"]["format"] = "email"
    root["if"] = {"properties": {"status": {"const": "terminated"}}, "required": ["status"]}
    root["then"] = {"required": ["ended"]}
    return _document("A client", root | {"patternProperties": _FREE}, blocks)


def mkdocs() -> Schema:
    """mkdocs.yml: `extra.duenotice` is closed, the rest is MkDocs' own and left alone."""
    blocks = _blocks(Options, Demand)
    properties = blocks["Options"]["properties"]
    properties["languages"] |= {"propertyNames": {"enum": list(UI_LANGUAGES)}, "minProperties": 1}
    properties["kinds"] |= {
        "properties": {kind.value: {"$ref": "#/$defs/Demand"} for kind in Kind},
        "additionalProperties": False,
    }
    level = {"enum": ["off", "warning", "error", False]}
    properties["rules"] |= {
        "properties": {code: {**level, "description": about} for code, about in rules.CODES.items()},
        "additionalProperties": False,
    }
    root = {
        "type": "object",
        "properties": {
            "site_name": {"type": "string", "minLength": 1, "description": "The site's name in its first language."},
            "site_url": {"type": "string", "pattern": "^https?://[^/]", "description": "Where it is published."},
            "extra": {"type": ["object", "null"], "properties": {"duenotice": {"$ref": "#/$defs/Options"}}},
        },
        "required": ["site_name", "site_url"],
    }
    return _document("The configuration of a portal", root, blocks)


def _document(title: str, root: Schema, blocks: dict[str, Schema]) -> Schema:
    """A whole schema, with those of the blocks that it uses."""
    used: dict[str, Schema] = {}
    waiting = list(_references(root))
    while waiting:
        name = waiting.pop()
        if name not in used:
            used[name] = blocks[name]
            waiting += _references(blocks[name])
    return {"$schema": _DRAFT, "title": title, **root, "$defs": dict(sorted(used.items()))}


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        for key, value in schema.items():
            if key == "$ref":
                yield value.removeprefix("#/$defs/")
            else:
                yield from _references(value)
    elif isinstance(schema, list):
        for inner in schema:
            yield from _references(inner)


def _blocks(*models: type) -> dict[str, Schema]:
    """The schemas of models and of everything in them, by the model's name."""
    _, made = models_json_schema([(model, "validation") for model in models], by_alias=True)
    blocks: dict[str, Schema] = {name: _plain(schema) for name, schema in made["$defs"].items()}
    for block in {found for model in models for found in _inside(model)}:
        said = _said_of_keys(block)
        for name, field in explain.keys_of(block).items():
            if name in said:
                blocks[block.__name__]["properties"][field.alias or name]["description"] = said[name]
    _as_people_write(blocks)
    return blocks


def _as_people_write(blocks: dict[str, Schema]) -> None:
    """What a model's own validators allow or ask, and its schema does not know."""
    if "Window" in blocks:
        day = blocks["Window"]["properties"]["from"]["anyOf"][0]
        blocks["Window"] = {"anyOf": [day, blocks["Window"]], "description": blocks["Window"].pop("description")}
    if "Selector" in blocks:
        blocks["Selector"]["minProperties"] = 1
    for name in {"Selector", "About"} & blocks.keys():
        for key, schema in blocks[name]["properties"].items():
            if schema.get("type") == "array":  # one value may stand without its brackets
                said = {"description": schema.pop("description")}
                blocks[name]["properties"][key] = {"anyOf": [schema, schema["items"]], **said}
    if "Action" in blocks:
        blocks["Action"]["if"] = {"properties": {"needed": {"const": True}}}
        blocks["Action"]["then"] = {"required": ["what"], "properties": {"what": {"type": "string", "minLength": 1}}}


def _plain(schema: Any, named: bool = False) -> Any:
    """Without the titles and the empty defaults that pydantic adds; `named`: the keys are names, not keywords."""
    if isinstance(schema, list):
        return [_plain(inner) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("anyOf") == [{"type": "string"}, {"type": "null"}] and not named:
        schema = {"type": ["string", "null"], **{key: value for key, value in schema.items() if key != "anyOf"}}
    return {
        key: _plain(value, named=key == "properties" and not named)
        for key, value in schema.items()
        if named or not (key == "title" or (key == "default" and value in (None, [], {}, "")))
    }


def _inside(model: type) -> Iterator[type]:
    yield model
    for field in explain.keys_of(model).values():
        for inner in _models_in(field.annotation):
            yield from _inside(inner)


def _models_in(annotation: Any) -> Iterator[type]:
    if isinstance(annotation, type) and explain.keys_of(annotation):
        yield annotation
    for argument in getattr(annotation, "__args__", ()):
        yield from _models_in(argument)


@cache
def _tree(module_file: str) -> ast.Module:
    return ast.parse(Path(module_file).read_text(encoding="utf-8"))


def _said_of_keys(model: type) -> dict[str, str]:
    """The docstring below each key of a model, in one line; Python itself does not keep them."""
    tree = _tree(inspect.getfile(model))
    (body,) = (node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == model.__name__)
    said = {}
    for key, below in pairwise(body):
        match key, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                said[name] = " ".join(text.split())
    return said
