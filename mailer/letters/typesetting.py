"""Mail templates to text: Jinja first and, for HTML, MJML after it, compiled in this process by mrml.

Whatever is wrong with a template is one PortalError with the template's file and line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from jinja2 import (
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateError,
    TemplateSyntaxError,
    select_autoescape,
)
from jinja2.ext import Extension
from mjml import mjml2html

from portal import words
from portal.errors import Location, PortalError

_TAG = re.compile(r"""<(/?)([A-Za-z][\w:-]*)((?:"[^"]*"|'[^']*'|[^"'<>])*?)(/?)>""")
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
_SLOT_IN_TAG = re.compile(r"&#xfdd([01]);")
_UNKNOWN = re.compile(r"</?(mj-[\w-]+|mjml)")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())

_OPEN, _CLOSE = "\ufdd2", "\ufdd3"
"""Noncharacters around the place of a tag, while a fault is looked for."""
_PLACE = re.compile(f"{_OPEN}(.*?):(\\d+){_CLOSE}")


class _Places(Extension):
    """Writes before each tag in which file and line of a template it stands."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """Called by Jinja with a template's text."""
        lines = source.split("\n")
        marked = (
            re.sub(r"<(?=/?[A-Za-z])", f"{_OPEN}{filename or name}:{number}{_CLOSE}<", line)
            for number, line in enumerate(lines, 1)
        )
        return "\n".join(marked)


@dataclass(frozen=True)
class Typesetter:
    """The templates of a portal: its own in site_templates/mail/ where it has them, else the program's."""

    root: Path
    """The portal's folder."""
    _shown: Path = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_shown", self.root.resolve())

    @cached_property
    def _environment(self) -> Environment:
        return self._made()

    def _made(self, *extensions: type[Extension]) -> Environment:
        folders = (self.root / "site_templates" / "mail", words.TEMPLATES / "mail")
        return Environment(
            loader=ChoiceLoader([FileSystemLoader(folder) for folder in folders]),
            autoescape=select_autoescape(["mjml", "html"]),
            undefined=StrictUndefined,
            auto_reload=False,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=list(extensions),
        )

    def text(self, name: str, values: Mapping[str, object]) -> str:
        """A template of plain text, filled. Raises PortalError."""
        return self._rendered(self._environment, name, values)

    def html(self, name: str, values: Mapping[str, object]) -> str:
        """A template of MJML, filled and compiled: tables and inline styles, no fonts from elsewhere.

        Raises PortalError.
        """
        source = self._rendered(self._environment, name, values)
        # mrml 6 writes some characters inside tags as Rust would (\u{301}): character references pass through it.
        plain = _TAG.sub(lambda tag: _BEYOND_ASCII.sub(lambda c: f"&#x{ord(c[0]):x};", tag[0]), source)
        try:
            done = mjml2html(plain, disable_comments=True, fonts={})
        except ValueError as error:
            raise self._fault(name, values, str(error)) from error
        if _UNKNOWN.search(done):
            raise self._fault(name, values, "MJML does not know all of its elements")
        return _SLOT_IN_TAG.sub(lambda match: chr(0xFDD0 + int(match[1])), done)

    def _rendered(self, environment: Environment, name: str, values: Mapping[str, object]) -> str:
        try:
            return environment.get_template(name).render(values)
        except TemplateSyntaxError as error:
            raise self._told(error.filename or error.name or name, error.lineno, error.message or "") from error
        except (TemplateError, KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            file, line = self._place(error, name)
            said = f"there are no words for {error}" if isinstance(error, KeyError) else str(error)
            raise self._told(file, line, said) from error

    def _place(self, error: Exception, name: str) -> tuple[str, int]:
        """Where in a template it went wrong: Jinja writes templates into tracebacks as if they were Python."""
        found, trace = (name, 1), error.__traceback__
        while trace is not None:
            file = trace.tb_frame.f_code.co_filename
            if Path(file).parent.name == "mail" and not file.endswith(".py"):
                found = (file, trace.tb_lineno)
            trace = trace.tb_next
        return found

    def _fault(self, name: str, values: Mapping[str, object], reason: str) -> PortalError:
        """What is wrong with MJML that does not compile, which mrml does not say: the first tag that does not fit."""
        try:
            marked = self._rendered(self._made(_Places), name, values)
        except PortalError:
            marked = ""
        for message, place in _misfits(_COMMENT.sub("", marked)):
            match = _PLACE.search(place)
            if match:
                return self._told(match[1], int(match[2]), message)
        return self._told(name, 1, f"the MJML cannot be compiled: {reason}")

    def _told(self, file: str, line: int, message: str) -> PortalError:
        path = Path(file)
        if path.is_absolute():
            inside = path.is_relative_to(self._shown)
            file = path.relative_to(self._shown).as_posix() if inside else f"site_templates/mail/{path.name}"
        elif "/" not in file:
            file = f"site_templates/mail/{file}"
        return PortalError(
            f"the mail template cannot be used: {message}",
            "mend it, or remove it from the portal's site_templates/mail/: the program has its own",
            Location(file, line),
        )


_KNOWN = frozenset(
    """
    mjml mj-head mj-body mj-title mj-preview mj-attributes mj-all mj-class mj-breakpoint mj-font mj-style mj-raw
    mj-section mj-column mj-group mj-wrapper mj-text mj-button mj-divider mj-spacer mj-table mj-image mj-hero
    mj-navbar mj-navbar-link mj-social mj-social-element mj-accordion mj-accordion-element mj-accordion-title
    mj-accordion-text mj-carousel mj-carousel-image
    """.split()
)
"""The elements of MJML 4; templates include one another with Jinja's `include`."""


def _misfits(marked: str) -> Iterator[tuple[str, str]]:
    """Tags that do not fit, each with the mark of its place: the first unknown, unclosed or closing nothing."""
    open_tags: list[tuple[str, str]] = []
    place = ""
    for match in re.finditer(f"{_OPEN}[^{_CLOSE}]*{_CLOSE}|{_TAG.pattern}", marked):
        if match[0].startswith(_OPEN):
            place = match[0]
            continue
        name = match[2]
        if name.startswith("mj") and name not in _KNOWN:
            yield f"<{name}> is no element of MJML", place
        if name in _VOID or match[4]:
            continue
        if not match[1]:
            open_tags.append((name, place))
        elif open_tags and open_tags[-1][0] == name:
            open_tags.pop()
        elif any(name == opened for opened, _ in open_tags):
            yield f"<{open_tags[-1][0]}> is not closed before </{name}>", open_tags[-1][1]
            return
        else:
            yield f"</{name}> closes nothing", place
            return
    if open_tags:
        yield f"<{open_tags[-1][0]}> is never closed", open_tags[-1][1]
