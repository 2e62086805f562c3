"""Compiles templates that are rendered ten thousand times, so that rendering is one function without detours.

Jinja looks an included template up and makes a context for it each time, and a macro costs more than what most of them
write. Here, on the syntax tree, what a template includes stands in it, and a macro is written out where it is called.
What comes of a template stays the same; only that `loop` is known in what a loop includes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, MutableMapping
from functools import lru_cache
from pathlib import Path
from types import CodeType
from typing import Any, TypeAlias

from jinja2 import (
    BaseLoader,
    BytecodeCache,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    StrictUndefined,
    Template,
    nodes,
)
from jinja2.bccache import Bucket
from jinja2.visitor import NodeTransformer
from markupsafe import Markup, escape

_CALLER = "caller"
_WORDS = "w"
"""The interface's words, in every template."""
_SPECIAL: tuple[type[nodes.Node], ...] = (
    nodes.Assign,
    nodes.AssignBlock,
    nodes.Include,
    nodes.Import,
    nodes.FromImport,
    nodes.Macro,
)
"""What a macro has to be called for."""


Compiled: TypeAlias = dict[tuple[str, str | None], tuple[Mapping[str, str], CodeType]]
"""By name and file of a template: all that was read for it, and its code."""


def environment(folders: Iterable[Path], compiled: Compiled) -> Environment:
    """The templates of the first folder that has one of the name; `compiled` is what this process compiled of them."""
    return Environment(
        loader=Flattening(ChoiceLoader([FileSystemLoader(folder) for folder in folders]), compiled),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )


class Flattening(BaseLoader):
    """Loads what another loader finds. Only templates whose names stand in a template are followed.

    `compiled` may be that of another environment of the same options: what reads as it read is not compiled again.
    """

    def __init__(self, loader: BaseLoader, compiled: Compiled) -> None:
        self._loader, self._compiled = loader, compiled
        self._read: dict[str, str] = {}
        self._macros: dict[str, dict[str, nodes.Macro]] = {}

    def get_source(self, environment: Environment, template: str) -> tuple[str, str | None, Callable[[], bool] | None]:
        return self._loader.get_source(environment, template)

    def list_templates(self) -> list[str]:
        return self._loader.list_templates()

    def load(self, environment: Environment, name: str, globals: MutableMapping[str, Any] | None = None) -> Template:
        _, filename, _ = self.get_source(environment, name)
        read, code = self._compiled.get((name, filename), ({}, None))
        if code is None or any(self.get_source(environment, each)[0] != text for each, text in read.items()):
            self._read = {}
            tree, _ = self.tree(environment, name)
            code = environment.compile(_Flattener(self, environment).flat(tree), name, filename)
            self._compiled[name, filename] = self._read, code
        template = environment.template_class.from_code(environment, code, globals or {}, None)
        template.root_render_func.__globals__["escape"] = _written
        return template

    def tree(self, environment: Environment, name: str) -> tuple[nodes.Template, str | None]:
        """A template as it is written, and its file."""
        self._read[name], filename, _ = self.get_source(environment, name)
        return environment.parse(self._read[name], name, filename), filename

    def macros(self, environment: Environment, name: str) -> Mapping[str, nodes.Macro]:
        """What can be written out of a template of macros, which stands at the head of many others: looked for once."""
        if name not in self._macros:
            tree, _ = self.tree(environment, name)
            self._macros[name] = {macro.name: macro for macro in tree.find_all(nodes.Macro) if _by_itself(macro)}
        self._read[name] = self.get_source(environment, name)[0]
        return self._macros[name]


def _written(value: object) -> str:
    """What `escape` gives, as plain text: in a page it stands a hundred times, and is joined with other HTML anyway."""
    if type(value) is str:
        return _escaped(value)
    return value if isinstance(value, Markup) else escape(value)


@lru_cache(maxsize=4096)
def _escaped(text: str) -> str:
    """Most are words of the interface."""
    return str(escape(text))


class Kept(BytecodeCache):
    """Lets an environment use what others of this process have compiled, which must have the same options."""

    def __init__(self, compiled: dict[tuple[str, str], CodeType]) -> None:
        self._compiled = compiled

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._compiled.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        if bucket.code is not None:
            self._compiled[bucket.key, bucket.checksum] = bucket.code


class _Flattener(NodeTransformer):
    def __init__(self, loader: Flattening, environment: Environment) -> None:
        self._loader, self._environment = loader, environment
        self._macros: dict[str, nodes.Macro] = {}
        """Those that can be written out, by the names that the template gives them."""
        self._count = 0

    def flat(self, tree: nodes.Template) -> nodes.Template:
        imports = list(tree.find_all(nodes.FromImport))
        for node in imports:
            self._import(node)
        done: nodes.Template = self.visit(tree)
        if imports:
            used = {name.name for name in done.find_all(nodes.Name)}
            idle = [node for node in imports if self._idle(node, used)]
            done.body = [node for node in done.body if node not in idle]
        return done

    def _import(self, node: nodes.FromImport) -> None:
        if not isinstance(node.template, nodes.Const) or node.with_context:
            return
        macros = self._loader.macros(self._environment, node.template.value)
        for imported in node.names:
            name, alias = imported if isinstance(imported, tuple) else (imported, imported)
            if name in macros:
                self._macros[alias] = macros[name]

    def _idle(self, node: nodes.FromImport, used: set[str]) -> bool:
        """Whether all that a template imports is written out, so that nothing asks for it any more."""
        names = {imported[1] if isinstance(imported, tuple) else imported for imported in node.names}
        return names <= self._macros.keys() - used

    def visit_Include(self, node: nodes.Include) -> nodes.Node:
        if not isinstance(node.template, nodes.Const) or not node.with_context or node.ignore_missing:
            return node
        tree, _ = self._loader.tree(self._environment, node.template.value)
        return nodes.Scope(_Flattener(self._loader, self._environment).flat(tree).body, lineno=node.lineno)

    def visit_CallBlock(self, node: nodes.CallBlock) -> nodes.Node:
        self.generic_visit(node)
        macro = None if node.args else self._called(node.call)
        return self._written_out(macro, node.call, node.body) if macro else node

    def visit_Output(self, node: nodes.Output) -> list[nodes.Node]:
        self.generic_visit(node)
        parts: list[nodes.Node] = []
        for child in node.nodes:
            macro = self._called(child)
            if macro and isinstance(child, nodes.Call):
                parts.append(self._written_out(macro, child, []))
            elif parts and isinstance(parts[-1], nodes.Output):
                parts[-1].nodes.append(child)
            else:
                parts.append(nodes.Output([child], lineno=node.lineno))
        return parts

    def visit_Call(self, node: nodes.Call) -> nodes.Node:
        """Words without anything to fill in are looked up, which costs less than a call."""
        self.generic_visit(node)
        asks = isinstance(node.node, nodes.Name) and node.node.name == _WORDS
        return nodes.Getitem(node.node, node.args[0], "load", lineno=node.lineno) if asks and _plain(node, 1) else node

    def _called(self, node: nodes.Expr) -> nodes.Macro | None:
        if (
            not isinstance(node, nodes.Call)
            or not isinstance(node.node, nodes.Name)
            or not _plain(node, len(node.args))
        ):
            return None
        macro = self._macros.get(node.node.name)
        given = len(node.args)
        return macro if macro and len(macro.args) - len(macro.defaults) <= given <= len(macro.args) else None

    def _written_out(self, macro: nodes.Macro, call: nodes.Call, body: list[nodes.Node]) -> nodes.Node:
        """The body of a macro, with that of its caller in it; its arguments get names that nothing else has."""
        self._count += 1
        names = {argument.name: f"{macro.name}__{self._count}__{argument.name}" for argument in macro.args}
        missing = len(macro.args) - len(call.args)
        values = [*call.args, *(macro.defaults[-missing:] if missing else ())]
        targets = [nodes.Name(name, "param", lineno=call.lineno) for name in names.values()]
        return nodes.With(targets, values, _copy(macro.body, names, body), lineno=call.lineno)


def _plain(call: nodes.Call, count: int) -> bool:
    """Whether a call has so many arguments, without names and stars."""
    return len(call.args) == count and not (call.kwargs or call.dyn_args or call.dyn_kwargs)


def _by_itself(macro: nodes.Macro) -> bool:
    """Whether a macro knows nothing but its arguments, changes none, and writes what its caller says as it is."""
    names = {name.name for name in macro.find_all(nodes.Name) if name.ctx == "load"}
    own = {name.name for name in macro.find_all(nodes.Name) if name.ctx != "load"}
    said = sum(_is_caller(node) for output in macro.find_all(nodes.Output) for node in output.nodes)
    asked = sum(name.name == _CALLER for name in macro.find_all(nodes.Name))
    return names <= own | {_CALLER} and said == asked <= 1 and not any(macro.find(kind) for kind in _SPECIAL)


def _is_caller(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name == _CALLER


def _copy(part: Any, names: Mapping[str, str], body: list[nodes.Node]) -> Any:
    """A part of a macro once more, with its arguments renamed and what the caller says in its place."""
    if isinstance(part, list):
        return [done for each in part for done in _copies(each, names, body)]
    if isinstance(part, nodes.Name):
        return nodes.Name(names.get(part.name, part.name), part.ctx, lineno=part.lineno)
    if isinstance(part, nodes.Node):
        fields = [_copy(value, names, body) for _, value in part.iter_fields()]
        return type(part)(*fields, lineno=part.lineno, environment=part.environment)
    return part


def _copies(part: Any, names: Mapping[str, str], body: list[nodes.Node]) -> list[Any]:
    if not isinstance(part, nodes.Output):
        return [_copy(part, names, body)]
    done: list[Any] = []
    for node in part.nodes:
        if _is_caller(node):
            done.append(nodes.Scope(body, lineno=part.lineno))
        else:
            done.append(nodes.Output([_copy(node, names, body)], lineno=part.lineno))
    return done
