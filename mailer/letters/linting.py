"""Reads a finished message as mail programs and servers will, and says what they would stumble over. Pure."""

from __future__ import annotations

import email
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default
from html.parser import HTMLParser
from urllib.parse import urlsplit

from mailer.letters import plaintext, support
from mailer.letters.letter import Skeleton
from mailer.letters.support import Feature
from portal.errors import Location, PortalError, Problem, Severity, errors_in

HTML_BYTES = 90_000
"""Gmail cuts a message off at 102 kB of HTML, and what servers on the way add counts."""
SUBJECT_COLUMNS = 78
"""RFC 5322, section 2.1.1; a Han character takes two."""
_LINE = 998
"""Octets of a header line (RFC 5322, section 2.1.1)."""
CONTRAST = 4.5
"""WCAG 2.2, 1.4.3, for text of any size."""

RULES: Mapping[str, Severity] = {
    "html-missing": Severity.ERROR,
    "html-size": Severity.ERROR,
    "html-language": Severity.ERROR,
    "html-unsupported": Severity.ERROR,
    "css-unsupported": Severity.ERROR,
    "script": Severity.ERROR,
    "remote-content": Severity.ERROR,
    "table-role": Severity.WARNING,
    "heading-order": Severity.WARNING,
    "image-text": Severity.ERROR,
    "contrast": Severity.WARNING,
    "text-missing": Severity.ERROR,
    "text-lacks": Severity.ERROR,
    "text-markup": Severity.WARNING,
    "unfilled": Severity.ERROR,
    "link-broken": Severity.ERROR,
    "link-relative": Severity.ERROR,
    "link-insecure": Severity.WARNING,
    "subject-missing": Severity.ERROR,
    "subject-long": Severity.WARNING,
    "header-missing": Severity.ERROR,
    "header-twice": Severity.ERROR,
    "header-raw": Severity.ERROR,
    "header-broken": Severity.ERROR,
    "body-line": Severity.ERROR,
    "unsubscribe": Severity.ERROR,
    "from-unaligned": Severity.ERROR,
}
"""Every code, and whether it keeps a message from leaving; of what mail programs do not show, `support` says more."""

_REQUIRED = """Date From To Subject Message-ID MIME-Version Content-Type Content-Language List-Id List-Unsubscribe
    Auto-Submitted""".split()
"""RFC 5322, section 3.6; RFC 2045; RFC 3282; RFC 2919; RFC 2369; RFC 3834."""
_ONCE = (*_REQUIRED, "Reply-To", "In-Reply-To", "References", "List-Unsubscribe-Post", "Feedback-ID")

_FIELD = re.compile(rb"([!-9;-~]+):(.*(?:\r\n[ \t].*)*)\r\n")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_NOT_TEXT = re.compile(r"[\W_]+")
_MARKUP = re.compile(r"</?[a-zA-Z][^<>]*>|&(?:amp|lt|gt|quot|nbsp|#\d+);|\*\*\S|\]\((?:https?:|/|#)")
_UNFILLED = re.compile("\\{\\{.*?\\}\\}|[\ufdd0-\ufdef]")
_COLOUR = re.compile(
    r"(?:^|[;\s])(background-color|background|color)\s*:\s*(#[0-9a-f]{3}(?:[0-9a-f]{3})?)\b", re.IGNORECASE
)
_URL_IN_CSS = re.compile(r"url\(\s*['\"]?(https?:)?//", re.IGNORECASE)

Answers = Callable[[str], str]
"""Why an address does not answer, as a clause; empty where it does, or is nobody's to ask."""


class Unfit(PortalError):
    """A message has errors, so nothing is frozen; `problems` has every one of them."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("a message has errors, so nobody gets mail", "mend the lines above; see docs/mail-lint.md")
        self.problems = problems


class Proofreader:
    """Reads messages right before they are frozen, one of each kind: what shares a skeleton shares its faults."""

    def __init__(self, answers: Answers, signing: str | None) -> None:
        self._answers = answers
        self._signing = signing
        self._read: set[Skeleton] = set()

    def check(self, name: str, skeleton: Skeleton, data: bytes) -> None:
        """Raises Unfit where a message that was made from this skeleton has errors; `name` as for `lint`."""
        if skeleton in self._read:
            return
        problems = errors_in(lint(data, name, self._answers, self._signing))
        if problems:
            raise Unfit(problems)
        self._read.add(skeleton)


@dataclass(frozen=True, slots=True)
class _Found:
    code: str
    message: str
    hint: str
    line: int = 1
    column: int = 1
    severity: Severity | None = None


def lint(data: bytes, name: str, answers: Answers, signing: str | None = None) -> list[Problem]:
    """What is wrong with a message as it would go over the wire.

    `name` is what its parts are called in problems: `name.html`, `name.txt`, `name.eml`; no text of the message is
    repeated there, for it may be private. `signing` is the domain
    (d=) that signs it with DKIM, if one does.
    """
    mail = email.message_from_bytes(data, policy=default)
    assert isinstance(mail, EmailMessage)
    html, text = _body(mail, "html"), _body(mail, "plain")
    found = [(f"{name}.eml", one) for one in _headers(data, mail, signing)]
    if not text.strip():
        hint = "programs without HTML, watches and screen readers show it; write digest.txt"
        found.append((f"{name}.txt", _Found("text-missing", "there is no text part", hint)))
    found += [(f"{name}.txt", one) for one in _text(text)]
    if not html.strip():
        found.append((f"{name}.html", _Found("html-missing", "there is no HTML part", "write digest.mjml")))
    else:
        found += [(f"{name}.html", one) for one in _html(html, text, answers)]
    return [
        Problem(Location(file, one.line, one.column), one.code, one.message, one.hint, one.severity or RULES[one.code])
        for file, one in found
    ]


def _body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    content = part.get_content() if part is not None else ""
    return content if isinstance(content, str) else ""


def _headers(data: bytes, mail: EmailMessage, signing: str | None) -> Iterator[_Found]:
    head = data.partition(b"\r\n\r\n")[0] + b"\r\n"
    names = [match[1].decode("ascii").casefold() for match in _FIELD.finditer(head)]
    for name in _REQUIRED:
        if name.casefold() not in names:
            yield _Found("header-missing", f"there is no {name}", "the program writes it; a transport must not drop it")
    for name in _ONCE:
        if names.count(name.casefold()) > 1:
            yield _Found("header-twice", f"{name} stands there more than once", "one of them was smuggled in")
    for number, line in enumerate(head.split(b"\r\n"), 1):
        if len(line) > _LINE:
            yield _Found("header-broken", f"a line of {len(line)} octets", f"{_LINE} are allowed", number)
        if not line.isascii() and b"@" not in line:  # an address beyond ASCII travels as UTF-8 (RFC 6532)
            yield _Found("header-raw", "characters beyond ASCII that are not encoded", "encode them (RFC 2047)", number)
        if b"\r" in line or b"\n" in line:
            yield _Found("header-broken", "a line break that ends no line", "write CRLF", number)
    for number, line in enumerate(data.split(b"\r\n"), 1):
        if number > head.count(b"\r\n") and (len(line) > _LINE or b"\n" in line or b"\r" in line):
            hint = "servers refuse it, or take it for another message (RFC 5321, sections 2.3.8 and 4.5.3.1.6)"
            yield _Found("body-line", "a line that is too long, or not ended by CRLF", hint, number)
    for name, value in mail.items():
        if _CONTROLS.search(str(value)):
            yield _Found("header-broken", f"{name} decodes to a line break or a control", "take it out of the text")
    yield from _subject(str(mail["Subject"] or ""))
    yield from _ways_out(mail)
    yield from _alignment(mail, signing)


def _subject(subject: str) -> Iterator[_Found]:
    if not subject.strip():
        yield _Found("subject-missing", "the subject is empty", "say what it is about, and by when to act")
    width = plaintext.columns(subject)
    if width > SUBJECT_COLUMNS:
        yield _Found(
            "subject-long", f"the subject takes {width} columns", f"programs show {SUBJECT_COLUMNS} at most; shorten it"
        )


def _ways_out(mail: EmailMessage) -> Iterator[_Found]:
    ways = re.findall(r"<((?:mailto|https):[^>\s]+)>", str(mail["List-Unsubscribe"] or ""))
    if mail["List-Unsubscribe"] is not None and not ways:
        yield _Found(
            "unsubscribe", "List-Unsubscribe names no address to leave by", "mailto: or https: in < > (RFC 2369)"
        )
    if mail["List-Unsubscribe-Post"] is not None and not any(way.startswith("https:") for way in ways):
        yield _Found("unsubscribe", "List-Unsubscribe-Post without an https address", "name the receiver (RFC 8058)")


def _alignment(mail: EmailMessage, signing: str | None) -> Iterator[_Found]:
    sender = mail["From"].addresses[0].domain.casefold() if mail["From"] and mail["From"].addresses else ""
    if signing and sender and sender != signing.casefold() and not sender.endswith(f".{signing.casefold()}"):
        hint = "sign with the sender's domain, or send from the signing one (DMARC, RFC 7489, section 3.1)"
        yield _Found("from-unaligned", f"From is at {sender}, and {signing} signs", hint)


def _text(text: str) -> Iterator[_Found]:
    for number, line in enumerate(text.splitlines(), 1):
        left = _UNFILLED.search(line)
        if left:
            yield _unfilled(left, number, left.start() + 1)
        markup = _MARKUP.search(line)
        if markup:
            yield _Found(
                "text-markup", "markup in the text part", "it shows as it is written", number, markup.start() + 1
            )


def _unfilled(left: re.Match[str], line: int, column: int) -> _Found:
    braces = left[0].startswith("{")  # which a public notice may mean as they stand
    hint = "put a value there, or leave it to the sealed page" if braces else "look at the templates of the mail"
    severity = Severity.WARNING if braces else None
    return _Found("unfilled", "a place that nothing filled", hint, line, column, severity)


def _html(html: str, text: str, answers: Answers) -> Iterator[_Found]:
    size = len(html.encode())
    if size > HTML_BYTES:
        yield _Found(
            "html-size",
            f"{size} bytes of HTML",
            f"at most {HTML_BYTES}: Gmail cuts off at 102 kB; write shorter digests",
        )
    reader = _Reader(_bare(text), text)
    reader.feed(html)
    reader.close()
    yield from reader.found
    if not reader.language:
        yield _Found("html-language", "the HTML does not say its language", "write <mjml lang=…>")
    for address, line, column in reader.links:
        yield from _link(address, line, column, text, answers)


def _link(address: str, line: int, column: int, text: str, answers: Answers) -> Iterator[_Found]:
    parts = urlsplit(address)
    if parts.scheme not in ("https", "http", "mailto", "tel"):
        hint = "a mail has no place of its own: write the whole address"
        yield _Found("link-relative", "a link to no whole address", hint, line, column)
        return
    if parts.scheme == "http":
        hint = "write https://, or programs warn of it"
        yield _Found("link-insecure", f"the link to {parts.hostname} is not encrypted", hint, line, column)
    if parts.scheme in ("http", "https"):
        why = answers(address)
        if why:
            yield _Found(
                "link-broken", f"{_without_code(address)} {why}", "build the site, or mend the link", line, column
            )
    if address not in text:
        hint = "whoever reads the text cannot follow it; name it in digest.txt"
        yield _Found(
            "text-lacks",
            f"the text part does not name this link to {parts.hostname or parts.scheme}",
            hint,
            line,
            column,
        )


@dataclass
class _Open:
    """An element that is not closed yet."""

    tag: str
    hidden: bool
    colour: str | None
    ground: str | None
    target: str | None
    heading: bool
    brief: bool
    """Says that the HTML is shorter than the text part, which need not say so itself."""


@dataclass
class _Reader(HTMLParser):
    """One pass over the HTML."""

    bare: str
    """The text part, letters and digits only."""
    text: str
    found: list[_Found] = field(default_factory=list)
    links: list[tuple[str, int, int]] = field(default_factory=list)
    language: str = ""
    _open: list[_Open] = field(default_factory=list)
    _level: int = 0
    _styles: set[str] = field(default_factory=set)
    """Those looked at already."""
    _tables: list[tuple[int, int] | None] = field(default_factory=list)
    """Where each open table stands that does not say what it is."""
    _told: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        style = given.get("style", "")
        above = (
            self._open[-1] if self._open else _Open("", False, "#000000", "#ffffff", None, heading=False, brief=False)
        )
        colours = {key.casefold(): value for key, value in _COLOUR.findall(style)}
        if tag not in _VOID:
            self._open.append(
                _Open(
                    tag,
                    above.hidden or "display:none" in style.replace(" ", "") or tag in ("style", "title", "xml"),
                    colours.get("color", above.colour),
                    colours.get("background-color")
                    or colours.get("background")
                    or given.get("bgcolor")
                    or above.ground,
                    given.get("href") if tag == "a" else above.target,
                    above.heading or re.fullmatch("h[1-6]", tag) is not None,
                    above.brief or "brief" in given.get("class", "").split(),
                )
            )
        self._style(style)
        self._element(tag, given)

    def handle_endtag(self, tag: str) -> None:
        place = self._tables.pop() if tag == "table" and self._tables else None
        if place is not None:
            hint = 'write role="presentation", or screen readers read the layout out; data tables have th cells'
            self.found.append(_Found("table-role", "a table that is neither layout nor data", hint, *place))
        for index in range(len(self._open) - 1, -1, -1):
            if self._open[index].tag == tag:
                del self._open[index:]
                return

    def handle_data(self, data: str) -> None:
        here = self._open[-1] if self._open else None
        if here is not None and here.tag == "style":
            self._style(data)
            return
        if here is None or here.hidden or not data.strip():
            return
        left = _UNFILLED.search(data)
        if left:
            self.found.append(_unfilled(left, *self._place()))
        said = _bare(data)
        named = here.target is not None and here.target in self.text and not here.heading
        if said and not named and not here.brief and said not in self.bare:
            hint = "whoever reads the text learns less; say it in digest.txt too"
            self._say("text-lacks", "the text part does not say what the HTML says here", hint)
        ratio = _contrast(here.colour, here.ground)
        if said and ratio is not None and ratio < CONTRAST:
            shown = f"{here.colour} on {here.ground}"
            if shown not in self._told:
                self._told.add(shown)
                self._say(
                    "contrast", f"text of {shown} has a contrast of {ratio:.1f}", f"at least {CONTRAST} (WCAG 1.4.3)"
                )

    def _element(self, tag: str, given: Mapping[str, str]) -> None:
        if tag == "html":
            self.language = given.get("lang", "")
        if tag == "script" or any(name.startswith("on") for name in given):
            self._say("script", "a script", "no mail program runs it, and many then refuse the message")
        if tag in support.HTML:
            self._lacking("html-unsupported", support.HTML[tag])
        if tag == "style" and any(element.tag == "body" for element in self._open):
            self._lacking("html-unsupported", support.BODY_STYLE)
        if tag == "img":
            self._image(given)
        if tag == "a" and given.get("href"):
            self.links.append((given["href"], *self._place()))
        if tag == "table":
            self._tables.append(None if "role" in given else self._place())
        if tag == "th" and self._tables:
            self._tables[-1] = None
        if re.fullmatch("h[1-6]", tag):
            level = int(tag[1])
            if level > self._level + 1:
                self._say("heading-order", f"<{tag}> follows no <h{level - 1}>", "headings go down one level at a time")
            self._level = level

    def _image(self, given: Mapping[str, str]) -> None:
        source = given.get("src", "")
        if source.startswith("data:"):
            self._lacking("html-unsupported", support.EMBEDDED_IMAGE)
        elif not source.startswith("cid:"):
            self._say(
                "remote-content", "an image from elsewhere", "it tells its server who reads when, and is often blocked"
            )
        if "alt" not in given:
            self._say("image-text", "an image without words", "write alt, empty if it only decorates")

    def _style(self, css: str) -> None:
        if not css or css in self._styles:
            return
        self._styles.add(css)
        for pattern, feature in support.CSS:
            if pattern.search(css):
                self._lacking("css-unsupported", feature)
        if _URL_IN_CSS.search(css) and "remote" not in self._told:
            self._told.add("remote")
            self._say("remote-content", "a style that loads something from elsewhere", "mails load nothing")

    def _lacking(self, code: str, feature: Feature) -> None:
        """Told once a message: whoever mends one place mends them all."""
        if feature.key in self._told:
            return
        self._told.add(feature.key)
        said = f"{feature.name}: not shown by {', '.join(feature.lacking)}"
        hint = f"use {feature.instead}; see https://www.caniemail.com/features/{feature.key}/"
        self._say(code, said, hint, feature.severity)

    def _place(self) -> tuple[int, int]:
        line, offset = self.getpos()
        return line, offset + 1

    def _say(self, code: str, message: str, hint: str, severity: Severity | None = None) -> None:
        self.found.append(_Found(code, message, hint, *self._place(), severity))


_VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())


def _bare(text: str) -> str:
    """Letters and digits only, so that line breaks, list marks and punctuation between two parts do not count."""
    return _NOT_TEXT.sub("", text)


def _without_code(address: str) -> str:
    """An address as it may be told: what follows # may be a private code."""
    return address.partition("#")[0] + ("#…" if "#" in address else "")


def _contrast(colour: str | None, ground: str | None) -> float | None:
    """The contrast of two colours, 1 to 21 (WCAG 2.2, relative luminance); None where one of them is not known."""
    first, second = _luminance(colour), _luminance(ground)
    if first is None or second is None:
        return None
    return (max(first, second) + 0.05) / (min(first, second) + 0.05)


def _luminance(colour: str | None) -> float | None:
    digits = (colour or "").removeprefix("#")
    if len(digits) == 3:
        digits = "".join(digit * 2 for digit in digits)
    if not re.fullmatch("[0-9a-fA-F]{6}", digits):
        return None
    parts = [int(digits[start : start + 2], 16) / 255 for start in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
