"""Header fields as bytes (RFC 5322, RFC 2047), written strictly: whatever the text, one field, and no other.

Python's own email package decodes while it checks, and in some versions lets a line break through that stands in an
encoded word (`=?UTF-8?Q?=0A?=Bcc: x`). Here text beyond plain ASCII, and text that looks like an encoded word, is
encoded; what it decodes to was checked before; and addresses are never encoded.
"""

from __future__ import annotations

import re
from base64 import b64encode

from mailer.letters.letter import UNWANTED, clean
from mailer.letters.mailbox import travelling
from portal.errors import PortalError

_LINE = 76
"""Characters of a line with an encoded word (RFC 2047, section 2), and of any other that can be broken."""
_LONGEST = 998
"""Characters of any line (RFC 5322, section 2.1.1)."""
_OCTETS = 39
"""UTF-8 in one encoded word, which then has 64 characters (of 75 allowed) and fits on a line with the field's name."""
_LONGEST_WORD = 60
_PLAIN = re.compile(r"[!-~]+(?: [!-~]+)*")
_VALUE = re.compile(r"[ -~]*")
_ATEXT = "A-Za-z0-9!#$%&'*+/=?^_`{|}~-"
"""RFC 5322, section 3.2.3."""
_ATOMS = re.compile(f"[{_ATEXT}]+(?: [{_ATEXT}]+)*")
_LOCAL = re.compile(rf"[\u00a0-\U0010ffff{_ATEXT}]+(?:\.[\u00a0-\U0010ffff{_ATEXT}]+)*")
"""RFC 6531, section 3.3, without quoted strings."""


def unstructured(name: str, text: str) -> bytes:
    """A field of free text, such as Subject; it is made one line."""
    text = clean(text)
    return _folded(name, _words(text) if _needs_encoding(text) else text.split(" "))


def structured(name: str, value: str, *more: str) -> bytes:
    """A field whose syntax the caller knows; further values go on lines of their own. Raises PortalError."""
    lines = [_decent(name, part) for part in (value, *more)]
    if any(not _VALUE.fullmatch(line) or "=?" in line or not line.strip() for line in lines):
        raise PortalError(f"the header {name} of a message would say something else than it should")
    return _whole(name, f"{name}: " + "\r\n ".join(lines))


def mailbox(name: str, display: str, address: str) -> bytes:
    """A field with one address, such as To. Raises PortalError for an address that does not stand for itself."""
    display = clean(display)
    local, _, domain = travelling(_decent(name, address)).rpartition("@")
    if not _LOCAL.fullmatch(local) or not domain.isascii() or not _VALUE.fullmatch(domain) or " " in domain:
        raise PortalError(f"the header {name} of a message would not hold one address")
    spec = f"{local}@{domain}"
    if not display:
        return _whole(name, f"{name}: {spec}")
    return _folded(name, [*_phrase(display), f"<{spec}>"])


def _phrase(text: str) -> list[str]:
    if _needs_encoding(text):
        return _words(text)
    if _ATOMS.fullmatch(text):
        return text.split(" ")
    quoted = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return [quoted] if len(quoted) <= _LONGEST_WORD else _words(text)


def _needs_encoding(text: str) -> bool:
    """Whether text, as it stands, could not be written, or be read as an encoded word, or not be broken into lines."""
    return text != "" and (not _PLAIN.fullmatch(text) or "=?" in text or max(map(len, text.split(" "))) > _LONGEST_WORD)


def _words(text: str) -> list[str]:
    """Encoded words, each whole characters; white space between two of them is not shown (RFC 2047, section 6.2)."""
    words, part, size = [], "", 0
    for character in text:
        octets = len(character.encode("utf-8"))
        if size + octets > _OCTETS:
            words.append(part)
            part, size = "", 0
        part += character
        size += octets
    words.append(part)
    return [f"=?utf-8?B?{b64encode(word.encode('utf-8')).decode('ascii')}?=" for word in words]


def _folded(name: str, words: list[str]) -> bytes:
    """The field, broken between words so that lines stay short where they can."""
    lines = [f"{name}: {words[0]}"]
    for word in words[1:]:
        if len(lines[-1]) + 1 + len(word) <= _LINE:
            lines[-1] += f" {word}"
        else:
            lines.append(f" {word}")
    return _whole(name, "\r\n".join(lines))


def _decent(name: str, text: str) -> str:
    """Text that `clean` would leave as it is. Raises PortalError for any other: it was not meant for a header."""
    if text != clean(text) or UNWANTED.search(text.replace(" ", "")):
        raise PortalError(f"the header {name} of a message would break into two")
    return text


def _whole(name: str, field: str) -> bytes:
    if any(len(line) > _LONGEST for line in field.split("\r\n")):
        raise PortalError(f"the header {name} of a message is too long for its line")
    return f"{field}\r\n".encode()
