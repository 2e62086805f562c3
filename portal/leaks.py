"""The gate: no private text in any public byte.

Prose is recognised by its phrases, whichever part of it leaked: every run of 8 Han characters, and every run of words
of 16 characters. Names, addresses, telephone numbers, codes and attachments are recognised whole. Whatever also stands
in a public source is nobody's secret; the registry, private notices and tables of values are no public source wherever
they are copied or linked to. Looking up all phrases of a file in one table takes a millisecond or two a page,
however many private notices there are.

A build that was published has proved of its public files that they hold nothing of what was private then. As long as
people, codes and public sources are the same, the next one proves the rest: it looks into files that are new or
changed, and compares the phrases of new private texts with those of all files at once. Whenever that leaves a doubt,
every file is looked into again.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
import json
import re
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property, partial
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import unquote

from portal import disguises, installed, parallel, patterns, phrases, sealing, telephones, words
from portal.addresses import SEALED
from portal.chunked import Chunked
from portal.circumstances import program
from portal.client import Recipient
from portal.config import CONFIG_FILE, Secret
from portal.digests import Digests
from portal.disguises import UNPACKED, Unsearchable, plain
from portal.errors import Location, Problem
from portal.keeping import PROOF
from portal.memory import Memory
from portal.notice import Text
from portal.phrases import Lasting, Phrases
from portal.plan import Attachment, Holder, Plan, holders
from portal.sources import Filed, inside
from portal.stationery import Voice

HAN = 8
"""Han characters in a row that make a phrase; punctuation between them does not count."""
OTHERS = 16
"""Characters of words in a row that make a phrase in any other script."""

Mark: TypeAlias = str | tuple[str, ...]
"""What gives private text away: a phrase, address, number, code or hash; a name as its words or Han characters."""

Origin: TypeAlias = tuple[str, str]
"""The private file that a mark comes from, and its key there."""

_HAN = "〇々\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_LETTER = "A-Za-z\u00c0-\u1fff\u3040-\u30ff\uac00-\ud7af"
_COMMA = "，。、；：？！“”‘’（）《》〈〉「」【】〔〕…—"

# Plain character classes and little else: a build runs them over every public byte.
_HAN_RUN = patterns.later(f"[{_HAN}][{_HAN}{_COMMA}]{{{HAN - 1},}}")
_HAN_ONLY = patterns.later(f"[{_HAN}]+")
_COMMAS = re.compile(f"[{_COMMA}]+")
_WORDS_RUN = patterns.later(f"[{_LETTER}][{_LETTER}\\s'’+_-]{{{OTHERS - 1},}}")
_BETWEEN_WORDS = re.compile(r"[\s'’+_-]+")
_LONG_NUMBER = re.compile(rf"\d(?:[ -]?\d){{{OTHERS - 1},}}")
_ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_LONG_TOKEN = re.compile(rf"[A-Za-z0-9]{{{OTHERS},}}")
"""A word, or a password."""
_TOKEN = patterns.later(f"[{_HAN}]|[{_LETTER}0-9]+")
_LOCAL_PART = re.compile(r"[\w.!#$%&*+/=?^`{|}~-]{1,64}$")
_IN_ADDRESSES = re.compile(r"[!#$%&*+/=?^`{|}~]")
_DOMAIN = re.compile(r"[\w-]+(?:\.[\w-]+)+")
_CODE = 28
_CODE_RUN = re.compile(rf"[0-9A-Za-z-]{{{_CODE},}}|[0-9A-Za-z]{{4}}(?:[^0-9A-Za-z\n<>]{{1,3}}[0-9A-Za-z]{{4}}){{6,}}")
_NO_SYMBOL = re.compile(r"[^0-9A-Z]+")
_READ_AS = str.maketrans("OIL", "011")

_SEAMLESS = r"/?(?:a|abbr|b|cite|code|del|dfn|em|font|i|ins|kbd|mark|q|s|samp|small|span|strong|sub|sup|u|var|wbr)\b"
"""Tags that a reader does not see as a break between words."""
_INLINE = re.compile(f"<{_SEAMLESS}[^<>]*>", re.IGNORECASE)
_BLOCK = re.compile(f"<(?!{_SEAMLESS})[^<>]*>", re.IGNORECASE)
_MARKDOWN = re.compile(r"[*`~_]+|!?\[|\](?:\([^()\n]*\))?")
_BLANK = 32
"""Bytes: a file that is no larger may hold nothing but white space."""
_BATCH = 200
"""Texts whose phrases are found at once."""
_FEW = 4
"""Batches that are worth a worker."""
_TEXT_FILES = {".md", ".html", ".css", ".js", ".json", ".yml", ".yaml", ".txt", ".csv", ".svg", ".xml"}


class Gate:
    """Knows every mark of what is private, and nothing of it that is public too."""

    def __init__(
        self, plan: Plan, secret: Secret | None = None, filed: Iterable[Filed] = (), memory: Memory | None = None
    ) -> None:
        """`filed` is every notice as people wrote it, drafts and those still to be published among them.

        What `memory` knows to be proved is not proved again.
        """
        self._settings = plan.settings
        self._plan = plan
        self._secret = secret
        self._memory = memory or Memory()
        self._held = _held(plan, filed)
        self._files = plan.registry.files
        self._marks: dict[Mark, Origin] = {}
        self._phrases = Phrases()
        self._learned = False
        self._lengths: dict[tuple[str, str], set[int]] = {}
        """By the first two tokens of names, how many tokens those names have."""
        self._open_files: set[str] = set()
        self._digests = Digests(self._memory)
        self._closed = self._whole()
        attached = [entry.attachments for entry in plan.private] + [_attached(one) for one in self._held]
        self._attached = {
            self._digests.of(attachment.file): (self._settings.shown(attachment.file), "the attachment")
            for attachment in itertools.chain.from_iterable(attached)
        }
        self._parts = {part for part, _ in self._private_parts()}
        self._open_texts = self._open_sources(plan) if self._guards else []
        self._clean: dict[str, str] = {}
        """The SHA-256 of each file that this build proved clean, by path."""
        self._untold: dict[str, str] = {}
        """Those of them that no other process was told of."""
        self._told, self._proved = self._proof()

    def check(self, path: str, data: bytes | Chunked) -> list[Problem]:
        """What must keep a file (path below the site, its bytes) from being published; names sources, never text."""
        if path.startswith(SEALED) or not self._guards:
            return []
        digest = _digest([data] if isinstance(data, bytes) else data)
        if digest in self._closed:
            return [_private_text(path, (self._closed[digest], "the whole file"))]
        if digest in self._open_files:
            return []
        if digest in self._attached:
            return [_private_text(path, self._attached[digest])]
        if not self.proved(path, digest):
            problems = self._look(path, data)
            if problems:
                return problems
        self._clean[path] = self._untold[path] = digest
        return []

    def proved(self, path: str, sha256: str) -> bool:
        """Whether an earlier build proved this file clean, and nothing became private since that could be in it."""
        if not self._guards:
            return True
        if sha256 in self._open_files:
            return True
        if self._proved.get(path) != sha256:
            return False
        self._clean[path] = sha256
        return True

    @property
    def _guards(self) -> bool:
        """Whether anything is private at all."""
        return bool(self._closed or self._attached or self._parts or self._files)

    def learn(self) -> None:
        """Get to know every mark, if it may be asked for: what was proved before may leave nothing to look for."""
        if self._guards:
            self._learn()

    def findings(self) -> tuple[dict[str, str], bytes]:
        """What it proved, and which phrases public files hold, since it was asked last."""
        untold, self._untold = self._untold, {}
        return untold, self._told.news()

    def take(self, findings: tuple[dict[str, str], bytes]) -> None:
        """Know what this gate found out in another process."""
        clean, told = findings
        self._clean.update(clean)
        self._told.hear(told)

    def remember(self) -> None:
        """Let the next build know what this one proved, once all it checked is published."""
        if self._clean:
            proof = {"base": self._base, "parts": sorted(self._parts), "told": str(self._told), "files": self._clean}
            self._memory.keep(PROOF, "proof", proof)

    def _look(self, path: str, data: bytes | Chunked) -> list[Problem]:
        """Check a file that nothing is known of."""
        self._learn()
        told = self._told
        found = self._found(plain(unquote(path)), told)
        if not isinstance(data, bytes):
            return [_unsearchable(path, "what is published in pieces must be a public source")]
        try:
            for text in map(plain, disguises.texts(data)):
                found |= self._found(text, told) | self._found_across(_seamless(text), told)
        except Unsearchable:
            hint = f"a packed file must be sound, without a password, and at most {UNPACKED // 1_000_000} MB unpacked"
            return [_unsearchable(path, hint)]
        for text in disguises.unmarked(data):
            found |= self._phrases_in(text, told)
        if found:
            found -= self._marks_of_the_engine
        origins = {self._origin(mark) for mark in found}
        return [_private_text(path, origin) for origin in sorted(origin for origin in origins if origin)]

    def _whole(self) -> dict[str, str]:
        """The files that private text is written in, by their SHA-256: the registry, private notices, tables."""
        digests = self._plan.registry.digests
        closed = {digest: self._registry_file(client) for client, digest in digests.items()}
        for entry in self._plan.private:
            closed.update((text.sha256, text.path) for v in entry.versions for text in v.texts.values() if text.sha256)
        for one in self._held:
            closed.update((paper.sha256, paper.shown) for paper in (one.paper, *one.translations.values()))
        for file in _tables(self._plan, self._held):
            size, digest = self._digests.about(str(file))
            if size > _BLANK or file.read_bytes().strip():
                closed[digest] = self._settings.shown(file)
        return closed

    # --- what was proved before ---

    @cached_property
    def _base(self) -> str:
        """A hash of everything but private texts that a verdict follows from."""
        registry, plan = self._plan.registry, self._plan
        if registry.mark:
            who: list[Any] = [registry.mark, plan.now.astimezone(self._settings.zone).date().isoformat()]
        else:
            people = [[r.key, r.contact.name, r.contact.email, r.contact.phone] for r in registry.recipients()]
            codes = [[one.key, one.epoch] for one in self._holders] if self._secret is not None else []
            names = [[client.id, client.name] for client in registry.clients.values()]
            who = [people, codes, names]
        facts = [program(), _engine(), who, sorted(self._open_files), [part for part, _ in self._open_texts]]
        return _digest([json.dumps(facts).encode()])

    def _proof(self) -> tuple[Lasting, dict[str, str]]:
        """The phrases of files that an earlier build proved clean, and those files; none where anything is in doubt."""
        past = self._memory.recall(PROOF, "proof")
        if past is None or past["base"] != self._base or "" in self._parts:
            return Lasting(), {}
        told, known = Lasting(past["told"]), set(past["parts"])
        doubts = {
            phrase
            for part, texts in self._private_parts()
            if part not in known
            for _, _, text in texts
            for phrase in told.among(_marked_phrases(text))
        }
        for text in self._public_texts() if doubts else ():
            doubts -= _marked_phrases(text)
        return (Lasting(), {}) if doubts else (told, past["files"])

    # --- what is private ---

    def _private_parts(self) -> Iterator[tuple[str, Iterator[tuple[str, str, str]]]]:
        """Everything that is for some only: a hash that says the same of the same part, and its (file, key, text).

        The hash is empty where the bytes are not known that a text was read from.
        """
        for entry in self._plan.private:
            for text in (text for version in entry.versions for text in version.texts.values()):
                yield text.sha256, _strings(text)
            if entry.values:
                yield _part(entry.values), _cells(entry.text(entry.latest.language).path, entry.values)
        for filed in self._held:
            for paper in (filed.paper, *filed.translations.values()):
                body = (paper.shown, "body", paper.body)
                leaves = ((paper.shown, key, value) for key, value in _leaves(paper.data, ""))
                yield f"held {paper.sha256}", itertools.chain([body], leaves)
            if filed.values:
                yield _part(filed.values), _cells(filed.paper.shown, filed.values)

    def _private_texts(self) -> Iterator[tuple[str, str, str]]:
        """Every text that is for some only, as (file, key, text)."""
        return itertools.chain.from_iterable(texts for _, texts in self._private_parts())

    def _learn(self) -> None:
        """Get to know every mark, unless that is done; what was proved before may leave nothing to look for."""
        if self._learned:
            return
        self._learned = True
        texts = [text for _, _, text in self._private_texts()]
        batches = [texts[at : at + _BATCH] for at in range(0, len(texts), _BATCH)]
        for found in parallel.each(_hashes_of, batches, least=_FEW):
            self._phrases.take(found)
        for recipient in self._plan.registry.recipients():
            self._learn_recipient(recipient)
        for client in self._plan.registry.clients.values():
            self._learn_name(client.name, (self._registry_file(client.id), "name"))
        if self._secret is not None:
            for holder in self._holders:
                code = str(sealing.code(self._secret, holder.key, holder.epoch))
                self._marks[code.replace("-", "")] = (self._registry_file(holder.client), "code")
        for text in self._public_texts():
            self._forget(text)

    @cached_property
    def _holders(self) -> list[Holder]:
        return holders(self._plan, self._memory)

    @cached_property
    def _origins(self) -> dict[str, Origin]:
        """Where each phrase comes from; found out only when something leaked."""
        found: dict[str, Origin] = {}
        for file, key, text in self._private_texts():
            for phrase in _marked_phrases(text):
                found.setdefault(phrase, (file, key))
        return found

    def _origin(self, mark: Mark) -> Origin | None:
        """Where a mark comes from; None for a phrase that only has the hash of a private one."""
        return self._marks.get(mark) or (self._origins.get(mark) if isinstance(mark, str) else None)

    def _learn_recipient(self, recipient: Recipient) -> None:
        file, contact = self._registry_file(recipient.client.id), recipient.contact
        self._learn_name(contact.name, (file, f"the name of {contact.id}"))
        self._marks.setdefault(contact.email.lower(), (file, f"the email of {contact.id}"))
        phone = telephones.national(contact.phone or "")
        if phone:
            self._marks.setdefault(phone, (file, f"the phone of {contact.id}"))

    def _learn_name(self, name: str, origin: Origin) -> None:
        name = plain(name)
        tokens = _tokens(name)
        if len(name) == 2 and _HAN_ONLY().fullmatch(name):
            self._marks.setdefault(name, origin)
        elif len(tokens) > 1:
            self._marks.setdefault(tokens, origin)
            self._lengths.setdefault((tokens[0], tokens[1]), set()).add(len(tokens))
        elif len(name) > 3:
            self._marks.setdefault(tokens, origin)

    def _registry_file(self, client: str) -> str:
        return self._files.get(client, self._settings.options.registry)

    # --- what is public ---

    def _public_texts(self) -> Iterator[str]:
        """Everything that is said in public sources."""
        return itertools.chain.from_iterable(read() for _, read in self._open_texts)

    def _open_sources(self, plan: Plan) -> list[tuple[str, Callable[[], Iterable[str]]]]:
        """Every public source: a hash or text that says the same of the same source, and what is said in it.

        Published byte for byte it needs no search.
        """
        found: list[tuple[str, Callable[[], Iterable[str]]]] = []
        files: list[Path] = []
        for entry in plan.public:
            for text in (text for version in entry.versions for text in version.texts.values()):
                said = partial(_said, text)
                found.append((text.sha256 + text.front if text.sha256 else _digest(map(str.encode, said())), said))
            files += [attachment.file for attachment in entry.attachments]
        settings = plan.settings
        ours = list(_written_by_the_program(plan))
        found.append((_digest(f"{word}\0".encode() for word in ours), partial(iter, ours)))
        docs = settings.root / str(settings.document.data.get("docs_dir", "docs"))
        private = [folder.resolve() for folder in (settings.registry_dir, *settings.notice_dirs())]
        for folder in dict.fromkeys((docs, settings.root / "site_templates", words.TEMPLATES)):
            here = list(_files_in(folder))
            closed = {at for at in {file.parent for file in here} if _lies_in(at, private)}
            for file in here:
                if file.parent not in closed and not (file.is_symlink() and _lies_in(file, private)):
                    name = file.relative_to(folder).as_posix()  # the name of a page is its address
                    found.append((name, partial(iter, [name])))
                    files.append(file)
        for file in (*files, settings.root / CONFIG_FILE):
            digest = self._digests.of(file)
            if digest in self._closed:
                continue
            self._open_files.add(digest)
            if file.suffix in _TEXT_FILES:
                found.append(("", partial(_read, file)))
        return found

    def _forget(self, text: str) -> None:
        text = plain(text)
        found = self._found(text) | self._found_across(_unmarked(text))
        self._phrases.drop(mark for mark in found if isinstance(mark, str) and mark not in self._marks)
        for mark in found:
            self._marks.pop(mark, None)

    @cached_property
    def _marks_of_the_engine(self) -> set[Mark]:
        """The marks that the engine's own theme has; read only when something is found at all."""
        spec = find_spec("material")
        folders = spec.submodule_search_locations if spec and spec.submodule_search_locations else []
        files = (
            file for folder in folders for file in _files_in(Path(folder)) if file.suffix in {".html", ".js", ".css"}
        )
        return {mark for file in files for mark in self._found(file.read_text(encoding="utf-8", errors="replace"))}

    # --- looking ---

    def _found(self, text: str, told: Lasting | None = None) -> set[Mark]:
        """The marks that stand in a text; its phrases are added to `told`."""
        return self._found_across(text, told) | self._marks.keys() & _pairs(text)

    def _phrases_in(self, text: str, told: Lasting | None = None) -> set[str]:
        phrases = _phrases(text)
        if told is not None:
            told.add(phrases)
        return self._phrases.among(phrases)

    def _found_across(self, text: str, told: Lasting | None = None) -> set[Mark]:
        """The marks in a text without its inline markup, but for what must stand by itself and does so only with it."""
        found: set[Mark] = set(self._phrases_in(text, told))
        for candidates in (_emails(text), telephones.numbers(text), _codes(text)):
            found.update(self._marks.keys() & candidates)
        return found | self._names_in(text)

    def _names_in(self, text: str) -> set[Mark]:
        tokens = _tokens(text)
        found: set[Mark] = {(token,) for token in set(tokens) if (token,) in self._marks}
        heads = self._lengths.keys() & set(pairwise(tokens))
        if heads:
            for i, head in enumerate(pairwise(tokens)):
                if head in heads:
                    found.update(tokens[i : i + length] for length in self._lengths[head])
        return found & self._marks.keys()


def _engine() -> str:
    """Which theme is installed; what it says itself is nobody's secret."""
    try:
        return installed.version("mkdocs-material")
    except installed.Missing:
        return ""


def _digest(pieces: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def _unsearchable(path: str, hint: str) -> Problem:
    return Problem(Location(path), "unsearchable", "the gate cannot look into this file", hint)


def _private_text(path: str, origin: Origin) -> Problem:
    file, key = origin
    return Problem(
        Location(path),
        "private-text",
        f"this public file holds something private: {key} of {file}",
        "find out how it got there; if it may be public, say it in a public source too",
    )


def _tables(plan: Plan, held: Iterable[Filed]) -> Iterator[Path]:
    """The tables of the registry, and those that lie beside private notices."""
    yield from plan.settings.registry_dir.glob("*.csv")
    named = {
        (text.path, text.notice.values)
        for entry in plan.private
        for version in entry.versions
        for text in version.texts.values()
        if text.notice.values
    }
    beside = [(plan.settings.root / path, values) for path, values in sorted(named)]
    beside += [(one.paper.file, one.notice.values) for one in held if one.notice.values]
    for notice, values in beside:
        file = inside(notice.parent, values)
        if file and file.is_file():
            yield file


def _held(plan: Plan, filed: Iterable[Filed]) -> list[Filed]:
    """Notices for some only whose files say what is in no entry: drafts, and what is to be published later."""
    known = {t.sha256 for entry in plan.private for v in entry.versions for t in v.texts.values()}
    return [
        one
        for one in filed
        if not one.notice.public and not {p.sha256 for p in (one.paper, *one.translations.values())} <= known
    ]


def _attached(filed: Filed) -> tuple[Attachment, ...]:
    """The files that a notice in no entry lists."""
    found = ((name, inside(filed.paper.file.parent, name)) for name in filed.notice.attachments)
    return tuple(Attachment(name, file) for name, file in found if file is not None and file.is_file())


def _written_by_the_program(plan: Plan) -> Iterator[str]:
    """What pages say that no file says: names of months and cities, titles with their version, and the words that this
    run began with.
    """
    settings = plan.settings
    zones = {settings.options.timezone, *(desk.timezone for desk in settings.options.desks.values() if desk.timezone)}
    for language in settings.languages:
        yield from (words.day(dt.date(2027, month, 1), language) for month in range(1, 13))
        yield from (Voice(settings, language).city(zone) for zone in zones)
        for file in (words.TEMPLATES / "words").glob(f"*{language}.yml"):
            yield from words.load(language, file.name.removesuffix(f"{language}.yml").rstrip(".")).texts
        titled = words.load(language, "site")
        for version in (version for entry in plan.public for version in entry.versions):
            for text in version.texts.values():
                yield titled("version", title=text.notice.title, number=version.number)


def _seamless(text: str) -> str:
    """Those parts of a page in which inline markup comes between words, without it."""
    parts = (_INLINE.split(part) for part in _BLOCK.split(text) if "<" in part)
    return "\n".join("".join(pieces) for pieces in parts if sum(not piece.isspace() for piece in pieces if piece) > 1)


def _unmarked(text: str) -> str:
    """A source without its inline markup, so that words which a reader sees together stand together."""
    return _MARKDOWN.sub("", _INLINE.sub("", text))


def _strings(text: Text) -> Iterator[tuple[str, str, str]]:
    """Everything that a text of a version says, as (file, key, text)."""
    yield text.path, "body", text.body
    for key, value in _leaves(text.notice.model_dump(by_alias=True), ""):
        yield text.path, key, value


def _said(text: Text) -> Iterator[str]:
    return (string for _, _, string in _strings(text))


def _read(file: Path) -> Iterator[str]:
    yield file.read_bytes().decode("utf-8", "replace")


def _lies_in(place: Path, folders: Iterable[Path]) -> bool:
    resolved = place.resolve()
    return any(resolved.is_relative_to(folder) for folder in folders)


def _cells(file: str, values: Mapping[str, Mapping[str, str]]) -> Iterator[tuple[str, str, str]]:
    for row in values.values():
        yield from ((file, f"values, column {name}", value) for name, value in row.items())


def _part(values: Mapping[str, Mapping[str, str]]) -> str:
    return _digest([json.dumps([[client, dict(row)] for client, row in values.items()]).encode()])


def _leaves(value: Any, key: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, f"{key}.{name}" if key else str(name))
    elif isinstance(value, (list, tuple)):
        for number, inner in enumerate(value, 1):
            yield from _leaves(inner, f"{key}.{number}")


def _files_in(folder: Path) -> Iterator[Path]:
    return (file for file in sorted(folder.rglob("*")) if file.is_file())


def _phrases(text: str) -> set[str]:
    """Every run of 8 Han characters, and from every word on the fewest words that make 16 characters."""
    phrases = set()
    for run in _HAN_RUN().findall(text):
        run = _COMMAS.sub("", run)
        phrases.update([run[i : i + HAN] for i in range(len(run) - HAN + 1)])
    for run in _WORDS_RUN().findall(text):
        phrases.update(_long_enough(_BETWEEN_WORDS.split(run.lower())))
    phrases.update([token.lower() for token in _LONG_TOKEN.findall(text)])
    for run in _LONG_NUMBER.findall(text):
        for piece in _ISO_DAY.split(run):
            digits = _BETWEEN_WORDS.sub("", piece)
            phrases.update(digits[i : i + OTHERS] for i in range(len(digits) - OTHERS + 1))
    return phrases


def _marked_phrases(text: str) -> set[str]:
    """The phrases of a private text, with its markup and without."""
    text = plain(text)
    return _phrases(text) | _phrases(_unmarked(text))


def _hashes_of(texts: list[str]) -> array[int]:
    return phrases.hashes(itertools.chain.from_iterable(map(_marked_phrases, texts)))


def _long_enough(run: list[str]) -> Iterator[str]:
    end, size = 0, -1
    for start, word in enumerate(run):
        while size < OTHERS and end < len(run):
            size += 1 + len(run[end])
            end += 1
        if size < OTHERS:
            return
        yield " ".join(run[start:end])
        size -= 1 + len(word)


def _pairs(text: str) -> set[str]:
    """Two Han characters that stand by themselves, as short names do."""
    return {run for run in _HAN_ONLY().findall(text) if len(run) == 2}


def _emails(text: str) -> set[str]:
    """Every address, and what is one without the beginning: in ?to=lin@example.com the address has no =."""
    found: set[str] = set()
    at = text.find("@")
    while at >= 0:
        local, domain = _LOCAL_PART.search(text[max(0, at - 64) : at]), _DOMAIN.match(text, at + 1)
        if local and domain:
            starts = [0, *(symbol.end() for symbol in _IN_ADDRESSES.finditer(local[0]))]
            found.update(f"{local[0][start:]}@{domain[0]}".lower() for start in starts)
        at = text.find("@", at + 1)
    return found


def _codes(text: str) -> set[str]:
    runs = [_NO_SYMBOL.sub("", run.upper()).translate(_READ_AS) for run in _CODE_RUN.findall(text)]
    return {run[i : i + _CODE] for run in runs for i in range(len(run) - _CODE + 1)}


def _tokens(text: str) -> tuple[str, ...]:
    """The words and the Han characters of a text, whatever stands between them."""
    return tuple(_TOKEN().findall(text.lower()))
