"""Letter and skeleton to the bytes of a message: the same arguments always give the same bytes.

A skeleton is prepared once: taken apart at its slots, and its encoding chosen. A message is then its pieces put
together and encoded in one go, which takes a fraction of a millisecond; the standard library's EmailMessage takes five.
Bodies are base64 or quoted-printable, never 8bit: no server on the way has a reason to rewrite what was hashed and
signed.
"""

from __future__ import annotations

import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, urlsplit

from markupsafe import escape

from mailer import headers
from mailer.letter import Letter, Skeleton, fill, pieces
from mailer.mailbox import ascii_domain, travelling

_BASE64_LINE = 76
"""RFC 2045, section 6.8."""


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
    sender = ascii_domain(letter.sender.rpartition("@")[2])
    fields = [
        headers.structured("Date", letter.date),
        headers.mailbox("From", letter.sender_name, letter.sender),
        headers.mailbox("To", letter.name, letter.address),
        headers.structured("Message-ID", letter.message_id),
        headers.structured("List-Id", f"<{ascii_domain(urlsplit(letter.site_url).hostname or sender)}>"),
        headers.structured("List-Unsubscribe", *_ways_out(letter)),
        headers.structured("Auto-Submitted", "auto-generated"),
        headers.structured("X-Auto-Response-Suppress", "OOF, AutoReply"),
        headers.structured("Feedback-ID", _feedback(letter, sender)),
        headers.structured("Content-Language", letter.language),
    ]
    if letter.reply_to != letter.sender:
        fields.append(headers.mailbox("Reply-To", "", letter.reply_to))
    if letter.thread:
        fields.append(headers.structured("In-Reply-To", letter.thread[-1]))
        fields.append(headers.structured("References", *letter.thread))
    if letter.unsubscribe:
        fields.append(headers.structured("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
    return fields


def _ways_out(letter: Letter) -> list[str]:
    """By mail always (RFC 2369); with one click where something receives it (RFC 8058)."""
    to = quote(travelling(letter.reply_to), safe="@")  # percent-encoded UTF-8, as RFC 6068 asks for
    mail = f"<mailto:{to}?subject={quote('unsubscribe ' + letter.key)}>"
    return [f"<{letter.unsubscribe}>,", mail] if letter.unsubscribe else [mail]


def _feedback(letter: Letter, sender: str) -> str:
    """Groups complaints, never by person; the last part names the sender (Gmail's feedback loop)."""
    return f"digest:{letter.language}:{hashlib.sha256(sender.encode()).hexdigest()[:12]}"


@dataclass(frozen=True, slots=True)
class _Part:
    """A body taken apart at its slots."""

    head: bytes
    literals: tuple[str, ...]
    slots: tuple[tuple[str, int], ...]
    """What stands between each two literals."""
    markup: bool
    readable: bool
    """Quoted-printable, which is shorter for what is mostly ASCII."""

    def rendered(self, slots: dict[str, Sequence[str]]) -> tuple[bytes, bytes]:
        """Its header and its encoded body."""
        parts = [self.literals[0]]
        for (name, index), literal in zip(self.slots, self.literals[1:], strict=True):
            value = slots[name][index]
            parts += (str(escape(value)) if self.markup else value, literal)
        data = "".join(parts).encode("utf-8", "replace")
        return self.head, _quoted_printable(data) if self.readable else _base64(data)


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
    lines = body.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n") + "\n"
    literals, slots = pieces(lines.replace("\n", "\r\n"))
    data = "".join(literals).encode("utf-8", "replace")
    readable = len(_quoted_printable(data)) < len(_base64(data))
    encoding = "quoted-printable" if readable else "base64"
    head = f'Content-Type: text/{subtype}; charset="utf-8"\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n'
    return _Part(head.encode("ascii"), literals, slots, subtype == "html", readable)


def _base64(data: bytes) -> bytes:
    encoded = binascii.b2a_base64(data, newline=False)
    lines = [encoded[start : start + _BASE64_LINE] for start in range(0, len(encoded), _BASE64_LINE)]
    return b"\r\n".join(lines)


def _quoted_printable(data: bytes) -> bytes:
    return binascii.b2a_qp(data, istext=True)
