"""What an author writes becomes what a browser may be shown: converted once, with every link led to where it goes.

Nothing is ever fetched from elsewhere: remote images become links. Links between notices, pages and attachments are
resolved by whoever knows the addresses.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property, lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from portal import conversion, parallel
from portal.config import Settings
from portal.errors import Location, Problem, Severity
from portal.installed import version
from portal.notice import Text
from portal.parallel import Mate

if TYPE_CHECKING:
    from portal.renditions import Renditions

_MAKING = "1"
"""Counted up when the same Markdown begins to give other HTML."""
_AT_ONCE = 64
"""Texts that are remembered together, which costs little more than one."""
_SPARE = 100
"""What is remembered besides the texts of a plan: of another branch, say, or what is still being written."""

_WELL_KNOWN = frozenset("audio button embed font form iframe link meta object script style svg textarea video".split())
"""Tags that may be named in a log; any other may be a person's name in angle brackets."""
_PLAIN = re.compile(r"[^\W\d_](?:[^\x00-\x1f\x7f-\xa0\\`*_{}\[\]<>&~]*[^\s\x00-\x1f\x7f-\xa0\\`*_{}\[\]<>&~])?")
"""A line that begins with a letter, and has nothing in it that Markdown or HTML would read or write otherwise."""
_LINKS = re.compile(r'<a((?: [a-z:-]+="[^"]*")*)>|</a>|<img((?: [a-z:-]+="[^"]*")*)>')
_ATTRIBUTE = re.compile(r' ([a-z:-]+)="([^"]*)"')
_REMOTE = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)


class Heading(NamedTuple):
    """A heading of the body, for tables of contents."""

    level: int
    id: str
    text: str


class Rendered(NamedTuple):
    """A body as HTML that is safe to show, its headings in order, and what was wrong with it."""

    html: str
    headings: tuple[Heading, ...]
    problems: tuple[Problem, ...]


class Prose:
    """Renders bodies and short fields; public bodies are remembered in `cache_dir`, private text is not."""

    def __init__(self, settings: Settings, cache_dir: Path | None = None) -> None:
        self._settings = settings
        self._private: dict[str, dict[str, Any]] = {}
        """Private bodies as this run converted them: each is read by a proofreader and by readers of every language."""
        self._last: tuple[str, dict[str, Any]] | None = None
        """The body that was found last: the page of another language asks for it next."""
        self._sound: set[str] = set()
        """Bodies that this run converted and found nothing wrong with, wherever they are shown."""
        self._folder = cache_dir
        self._coming: dict[str, Callable[[], dict[str, Any]]] = {}
        """Bodies that somebody else is at."""

    @cached_property
    def _cache(self) -> Renditions | None:
        """What earlier builds converted; opened when the first text is asked for, and SQLite imported with it."""
        if self._folder is None:
            return None
        from portal.renditions import Renditions

        rules = " ".join([_MAKING, *map(version, ("markdown", "pymdown-extensions", "pygments", "nh3"))])
        return Renditions(self._folder, rules)

    def body(self, text: Text, link: Callable[[str], str | None]) -> Rendered:
        """A notice's body. `link` turns a relative target into an absolute site path, None where nothing is there."""
        cache = self._cache if text.notice.public else None
        found: dict[str, Any] | None
        if self._last is not None and self._last[0] == text.body:
            found = self._last[1]
        else:
            found = cache.find(text.body) if cache else self._private.get(text.body)
        if found is None:
            found = self._convert(text.body)
            if cache:
                cache.put({text.body: found})
            elif not text.notice.public:
                self._private[text.body] = found
        self._last = text.body, found
        return self._resolved(text, found, link)

    def problems(self, text: Text, link: Callable[[str], str | None]) -> tuple[Problem, ...]:
        """What is wrong with a notice's body; `link` as above."""
        return () if text.body in self._sound else self.body(text, link).problems

    def convert(self, texts: Iterable[Text]) -> Iterator[Text]:
        """Convert the bodies of texts that are not known yet, on all processors, so that `body` finds them."""
        new = {text.body: text for text in texts if not self._knows(text)}
        bodies, public = list(new), dict[str, dict[str, Any]]()
        try:
            done = parallel.each(self._convert, bodies, prepare=conversion.prepare)
            for text, found in zip(new.values(), done, strict=True):
                if _is_sound(found):
                    self._sound.add(text.body)
                if not text.notice.public:
                    self._private[text.body] = found
                elif self._cache:
                    public[text.body] = found
                    if len(public) == _AT_ONCE:
                        self._cache.put(public)
                        public.clear()
                yield text
        finally:
            if public and self._cache:
                self._cache.put(public)

    def _knows(self, text: Text) -> bool:
        if text.notice.public:
            return self._cache is None or self._cache.find(text.body) is not None
        return text.body in self._private

    def _resolved(self, text: Text, found: dict[str, Any], link: Callable[[str], str | None]) -> Rendered:
        problems = [_removed(tag, text) for tag in found["removed"]]
        if found["fault"]:
            where = Location(text.path, text.body_line)
            hint = "it is shown as it was written; simplify it"
            problems.append(Problem(where, "markdown", found["fault"], hint, Severity.WARNING))
        done = _resolve(found["html"], link, lambda target: problems.append(_broken(target, text)))
        headings = tuple(Heading(*h) for h in found["headings"])
        return Rendered(done, headings, tuple(problems))

    def ahead(self, bodies: Iterable[str], mate: Mate) -> None:
        """Have a mate convert public bodies that are not known yet, for when they are asked for."""
        for body in bodies:
            if self._cache is not None and self._cache.find(body) is None:
                self._coming[body] = mate.ask(partial(conversion.body, body))

    def _convert(self, body: str) -> dict[str, Any]:
        coming = self._coming.pop(body, None)
        return coming() if coming else conversion.body(body)

    def remembered(self, key: str, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """What `make` gives, `html` and what JSON can hold, kept from build to build by `key`: of public text only."""
        found = self._cache.find(key) if self._cache else None
        if found is None:
            found = make()
            if self._cache:
                self._cache.put({key: found})
        return found

    def line(self, text: str) -> str:
        """A short field as HTML: one paragraph without its <p>, more than one with them."""
        return _line(text)

    @property
    def _opened(self) -> bool:
        """Whether the cache was looked into; where it was not, nothing was added to it."""
        return "_cache" in vars(self)

    def tidy(self, texts: int) -> None:
        """Forget what was not used lately, in a portal of so many public texts."""
        if self._opened and self._cache:  # of each text its HTML, and in every language what changed in it
            self._cache.tidy((1 + len(self._settings.languages)) * texts + _SPARE)

    def close(self) -> None:
        """Give the cache file back."""
        if self._opened and self._cache:
            self._cache.close()


@lru_cache(maxsize=4096)
def _line(text: str) -> str:
    if _PLAIN.fullmatch(text):
        return text
    done = _resolve(conversion.line(text), lambda _: None, lambda _: None).strip()
    if done.startswith("<p>") and done.endswith("</p>") and done.count("<p>") == 1:
        return done[3:-4]
    return done


def _is_sound(found: dict[str, Any]) -> bool:
    """Whether nothing is wrong with a converted body, wherever it is shown: it leads nowhere."""
    return not (found["removed"] or found["fault"]) and _LINKS.search(found["html"]) is None


def _resolve(done: str, link: Callable[[str], str | None], broken: Callable[[str], None]) -> str:
    """Give links and images their final addresses; works on nh3's output, whose attributes are always quoted."""
    open_links: list[bool] = []

    def one(match: re.Match[str]) -> str:
        if match[0] == "</a>":
            return "</a>" if not open_links or open_links.pop() else "</span>"
        attributes = dict(_ATTRIBUTE.findall(match[1] if match[1] is not None else match[2]))
        if match[0].startswith("<img"):
            return _image(attributes, bool(open_links), link, broken)
        target = html.unescape(attributes.get("href", ""))
        if target and not target.startswith("#"):
            final = _target(target, link)
            if final is None:
                broken(target)
                open_links.append(False)
                return '<span class="dn-broken-link">'
            attributes["href"] = html.escape(final)
            if _REMOTE.match(final):
                attributes["rel"] = "noopener noreferrer"
        open_links.append(True)
        return _tag("a", attributes)

    return _LINKS.sub(one, done)


def _target(target: str, link: Callable[[str], str | None]) -> str | None:
    if _REMOTE.match(target) or _SCHEME.match(target):
        return target
    return link(target)


def _image(
    attributes: dict[str, str], linked: bool, link: Callable[[str], str | None], broken: Callable[[str], None]
) -> str:
    source = html.unescape(attributes.get("src", ""))
    alt = attributes.get("alt") or html.escape(source.rsplit("/", 1)[-1])
    if _REMOTE.match(source):
        if linked:
            return f'<span class="dn-remote-image">{alt}</span>'
        return f'<a class="dn-remote-image" href="{html.escape(source)}" rel="noopener noreferrer">{alt}</a>'
    final = link(source) if source and not _SCHEME.match(source) else None
    if final is None:
        if source:
            broken(source)
        return f'<span class="dn-broken-image">{alt}</span>'
    return _tag("img", {**attributes, "src": html.escape(final), "loading": "lazy"})


def _tag(name: str, attributes: dict[str, str]) -> str:
    written = "".join(f' {key}="{value}"' for key, value in attributes.items())
    return f"<{name}{written}>"


def _line_of(text: Text, needle: str) -> int:
    at = text.body.find(needle)
    return text.body_line + text.body.count("\n", 0, at) if at >= 0 else text.body_line


def _removed(tag: str, text: Text) -> Problem:
    where = Location(text.path, _line_of(text, f"<{tag}"))
    shown = tag if text.notice.public or tag in _WELL_KNOWN else "…"
    return Problem(
        where, "html-removed", f"<{shown}> is not shown", "write it in Markdown, or as a link", Severity.WARNING
    )


def _broken(target: str, text: Text) -> Problem:
    shown = target if text.notice.public else "…"
    where = Location(text.path, _line_of(text, target))
    return Problem(
        where,
        "broken-link",
        f"the link to {shown} leads nowhere",
        "correct it, or link to the file of a notice, page or attachment",
        Severity.WARNING,
    )
