"""Letter and skeleton to the bytes of a message: the same arguments always give the same bytes.

A skeleton is prepared once: taken apart at its slots, and its encoding chosen. A message is then its pieces put
together and encoded in one go, which takes a fraction of a millisecond; the standard library's EmailMessage takes five.
Bodies are base64 or quoted-printable, never 8bit: no server on the way has a reason to rewrite what was hashed and
signed.
"""

from __future__ import annotations

import binascii
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest
from urllib.parse import quote, urlsplit

from markupsafe import escape

from mailer.letters import headers
from mailer.letters.letter import Letter, Skeleton, fill, pieces
from mailer.letters.mailbox import ascii_domain, travelling

_LINE = 76
"""Characters of an encoded line (RFC 2045, sections 6.7 and 6.8)."""
_OCTETS = 24
"""Of which quoted-printable makes 72 characters at most."""
_SOFT_BREAK = b"=\r\n"


def build(letter: Letter, skeleton: Skeleton, codes: Sequence[str]) -> bytes:
    """The message as it goes over the wire, with CRLF; the same arguments always give the same bytes.

    `codes` are those of `letter.readers`, in order. Raises PortalError where a header would not be what it should.
    """
    prepared = _prepare(skeleton)
    slots = {"name": (letter.name,), "client": letter.clients, "code": codes}
    boundary = f"=_{letter.key}"  # "=_" occurs in neither encoding (RFC 2045, section 6.7)
    mark = f"\r\n--{boundary}\r\n".encode("ascii")
    return b"".join(
        (
            *_fields(letter),
            prepared.subject,
            b'MIME-Version: 1.0\r\nContent-Type: multipart/alternative;\r\n boundary="',
            boundary.encode("ascii"),
            b'"\r\n',
            mark,
            *prepared.text.rendered(slots),
            mark,
            *prepared.html.rendered(slots),
            f"\r\n--{boundary}--\r\n".encode("ascii"),
        )
    )


def text_part(letter: Letter, skeleton: Skeleton, codes: Sequence[str]) -> str:
    """The plain text that the message carries."""
    return fill(skeleton.text, {"name": [letter.name], "client": letter.clients, "code": codes}, str)


def html_part(letter: Letter, skeleton: Skeleton, codes: Sequence[str]) -> str:
    """The HTML that the message carries."""
    slots = {"name": [letter.name], "client": letter.clients, "code": codes}
    return fill(skeleton.html, slots, lambda value: str(escape(value)))


def _fields(letter: Letter) -> list[bytes]:
    """The header fields that are the letter's own.

    No `Precedence`: it is discouraged (RFC 2076, section 3.9), and what answers by itself goes by List-Id and
    Auto-Submitted (RFC 3834, RFC 5230). Exchange does not, and has a field of its own: no absence notes, no automatic
    replies; delivery reports are wanted.
    """
    fields = [
        _shared(letter.date, letter.sender, letter.sender_name, letter.site_url, letter.language),
        headers.mailbox("To", letter.name, letter.address),
        headers.structured("Message-ID", letter.message_id),
        headers.structured("List-Unsubscribe", *_ways_out(letter)),
    ]
    if letter.reply_to != letter.sender:
        fields.append(headers.mailbox("Reply-To", "", letter.reply_to))
    if letter.thread:
        fields.append(headers.structured("In-Reply-To", letter.thread[-1]))
        fields.append(headers.structured("References", *letter.thread))
    if letter.unsubscribe:
        fields.append(headers.structured("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
    return fields


@lru_cache(maxsize=256)
def _shared(date: str, sender: str, sender_name: str, site_url: str, language: str) -> bytes:
    """The fields that all messages of one run in one language have in common."""
    domain = ascii_domain(sender.rpartition("@")[2])
    fields = (
        headers.structured("Date", date),
        headers.mailbox("From", sender_name, sender),
        headers.structured("List-Id", f"<{ascii_domain(urlsplit(site_url).hostname or domain)}>"),
        headers.structured("Auto-Submitted", "auto-generated"),
        headers.structured("X-Auto-Response-Suppress", "OOF, AutoReply"),
        headers.structured("Feedback-ID", _feedback(language, domain)),
        headers.structured("Content-Language", language),
    )
    return b"".join(fields)


def _ways_out(letter: Letter) -> list[str]:
    """By mail always (RFC 2369); with one click where something receives it (RFC 8058)."""
    to = quote(travelling(letter.reply_to), safe="@")  # percent-encoded UTF-8, as RFC 6068 asks for
    mail = f"<mailto:{to}?subject={quote('unsubscribe ' + letter.key)}>"
    return [f"<{letter.unsubscribe}>,", mail] if letter.unsubscribe else [mail]


def _feedback(language: str, domain: str) -> str:
    """Groups complaints, never by person; the last part names the sender (Gmail's feedback loop)."""
    return f"digest:{language}:{hashlib.sha256(domain.encode()).hexdigest()[:12]}"


Slot = tuple[str, int]
"""Its name and index."""


@dataclass(frozen=True, slots=True)
class _Readable:
    """A quoted-printable body: what stands between the slots is encoded once, and soft line breaks join the pieces."""

    head: bytes
    passages: tuple[bytes | Slot, ...]
    markup: bool

    def rendered(self, slots: Mapping[str, Sequence[str]]) -> Iterator[bytes]:
        """Its header and its encoded text, in pieces."""
        yield self.head
        for one in self.passages:
            if isinstance(one, bytes):
                yield one
            else:
                value = slots[one[0]][one[1]]
                yield _short_lines((str(escape(value)) if self.markup else value).encode("utf-8", "replace"))


@dataclass(frozen=True, slots=True)
class _Base64:
    """A base64 body, which can only be encoded as a whole."""

    head: bytes
    literals: tuple[str, ...]
    slots: tuple[Slot, ...]
    """What stands between each two literals."""
    markup: bool

    def rendered(self, slots: Mapping[str, Sequence[str]]) -> Iterator[bytes]:
        """Its header and its encoded text."""
        parts = [self.literals[0]]
        for (name, index), literal in zip(self.slots, self.literals[1:], strict=True):
            value = slots[name][index]
            parts += (str(escape(value)) if self.markup else value, literal)
        yield self.head
        yield _base64("".join(parts).encode("utf-8", "replace"))


_Part = _Readable | _Base64


@dataclass(frozen=True, slots=True)
class _Prepared:
    subject: bytes
    text: _Part
    html: _Part


@lru_cache(maxsize=32)
def _prepare(skeleton: Skeleton) -> _Prepared:
    return _Prepared(
        subject=headers.unstructured("Subject", skeleton.subject),
        text=_part(skeleton.text, "plain"),
        html=_part(skeleton.html, "html"),
    )


def _part(body: str, subtype: str) -> _Part:
    """Quoted-printable where that is shorter, which is for what is mostly ASCII; else base64."""
    lines = body.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").replace("\n", "\r\n") + "\r\n"
    literals, slots = pieces(lines)
    data = "".join(literals).encode("utf-8", "replace")
    readable = len(_quoted_printable(data)) < len(_base64(data))
    encoding = "quoted-printable" if readable else "base64"
    head = f'Content-Type: text/{subtype}; charset="utf-8"\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n'
    markup = subtype == "html"
    if not readable:
        return _Base64(head.encode("ascii"), literals, slots, markup)
    passages: list[bytes | Slot] = []
    for literal, slot in zip_longest(literals, slots):
        passages.append(_quoted_printable(literal.encode("utf-8", "replace"), goes_on=slot is not None))
        passages += [] if slot is None else [slot]
    return _Readable(head.encode("ascii"), tuple(passages), markup)


def _base64(data: bytes) -> bytes:
    encoded = binascii.b2a_base64(data, newline=False)
    lines = [encoded[start : start + _LINE] for start in range(0, len(encoded), _LINE)]
    return b"\r\n".join(lines)


def _quoted_printable(data: bytes, *, goes_on: bool = False) -> bytes:
    """Encoded; text that goes on ends with a soft line break, for which its last line must leave room."""
    if not goes_on:
        return _whole_lines(data)
    for tail in range(0, _OCTETS + 1):
        first = _whole_lines(data[: len(data) - tail])
        if len(first) - first.rfind(b"\n") <= _LINE:
            return first + _SOFT_BREAK + (_short_lines(data[len(data) - tail :]) if tail else b"")
    raise AssertionError("a line is shorter without its last octets")


def _whole_lines(data: bytes) -> bytes:
    """Encoded, every line ended by CRLF: in text that has none itself, binascii breaks lines with a bare LF."""
    return binascii.b2a_qp(data, istext=True).replace(b"=\n", b"=\r\n")


def _short_lines(data: bytes) -> bytes:
    """Quoted-printable text without line breaks of its own, every line so short that a soft break fits."""
    starts = range(0, len(data), _OCTETS)
    return b"".join(binascii.b2a_qp(data[start : start + _OCTETS], istext=True) + _SOFT_BREAK for start in starts)
