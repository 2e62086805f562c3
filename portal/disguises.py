"""The text that a file holds, whatever wraps it: entities, escapes, base64, gzip, Office documents, PDF, UTF-16."""

from __future__ import annotations

import base64
import codecs
import html
import io
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from urllib.parse import unquote

UNPACKED = 64_000_000
"""Bytes; a compressed file that holds more cannot be searched."""
_TIMES_DISGUISED = 3
"""How often one disguise may lie in another: an entity in an escape in an attribute."""
_DEEPEST = 3
"""How often one packed file may lie in another."""

_ESCAPED = re.compile(
    r"\\u([0-9a-fA-F]{4})|\\u\{0*([0-9a-fA-F]{1,5})\}|\\x([0-9a-fA-F]{2})|\\0{0,2}([0-9a-fA-F]{4,5})(?![0-9a-fA-F])\s?"
)
"""A character as JSON and JavaScript escape it, or as CSS does (a backslash, digits, and a space at the end)."""
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufe00-\ufe0f\ufeff]+"
)
_WIDE_ONE = re.compile("[０-９＠-Ｚａ-ｚ]")
_NARROW = {wide: wide - 0xFEE0 for wide in range(0xFF10, 0xFF5B) if chr(wide).isalnum() or chr(wide) == "＠"}
_COMBINING = re.compile("[\u0300-\u036f]")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{24,}")
_ANY_TAG = re.compile(r"<[^<>]*>")
_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.DOTALL)
_SHOWN = re.compile(r"\(((?:[^()\\]|\\.)*)\)|<([0-9A-Fa-f\s]{8,})>")
"""A string in a PDF's page: in brackets, or as hexadecimal digits."""


class Unsearchable(Exception):
    """The file cannot be looked into: damaged, encrypted, too large, or packed too often."""


def texts(data: bytes, depth: int = 0) -> Iterator[str]:
    """Everything that can be read in a file. Raises Unsearchable."""
    if depth > _DEEPEST:
        raise Unsearchable
    if data.startswith(b"\x1f\x8b"):
        yield from texts(_gunzipped(data), depth + 1)
        return
    if data.startswith(b"PK\x03\x04"):
        yield from _in_archive(data, depth)
        return
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        yield from _told(data.decode("utf-16", "replace"))
        return
    yield from _told(data.decode("utf-8", "replace"))
    if data.startswith(b"%PDF"):
        yield from _in_pdf(data)


def unmarked(data: bytes) -> Iterator[str]:
    """What a file without a mark of its encoding says as UTF-16, where it is no UTF-8: mostly nonsense."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        yield data.decode("utf-16-le", "replace")
        yield data.decode("utf-16-be", "replace")
        return
    if b"\0" in data:
        yield data.decode("utf-16-le", "replace")
        yield data.decode("utf-16-be", "replace")


def _told(text: str) -> Iterator[str]:
    """A text, entities and escapes undone, and whatever base64 is in it."""
    for _ in range(_TIMES_DISGUISED):
        disguised, text = text, _undisguised(text)
        if text == disguised:
            break
    yield text
    for run in _BASE64.findall(text):
        unpacked = _text_in(run)
        if unpacked:
            yield unpacked


def _undisguised(text: str) -> str:
    text = unquote(html.unescape(text))
    return _ESCAPED.sub(lambda match: chr(int(match[match.lastindex or 0], 16)), text) if "\\" in text else text


def plain(text: str) -> str:
    """A text as it is compared: no invisible characters, Latin letters and digits in one width, accents composed."""
    if text.isascii():
        return text
    text = _INVISIBLE.sub("", text)
    if _WIDE_ONE.search(text):
        text = text.translate(_NARROW)
    return unicodedata.normalize("NFC", text) if _COMBINING.search(text) else text


def _text_in(run: str) -> str:
    """The text that a run of base64 spells, whichever alphabet it uses; empty where it spells none."""
    run = run.replace("+", "-").replace("/", "_")
    whole = len(run) // 4 * 4
    for part in (run[:whole] if len(run) - whole == 1 else run, run[:whole]):
        data = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
        try:
            return codecs.getincrementaldecoder("utf-8")().decode(data)  # a character cut at the end is no error to it
        except UnicodeDecodeError:
            continue
    return ""


def _gunzipped(data: bytes) -> bytes:
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        unpacked = unpacker.decompress(data, UNPACKED)
    except zlib.error:
        raise Unsearchable from None
    if not unpacker.eof or unpacker.unused_data:
        raise Unsearchable
    return unpacked


def _in_archive(data: bytes, depth: int) -> Iterator[str]:
    """A ZIP file, as Office documents are: the names in it, and every file; of XML also the text without its tags."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            if sum(member.file_size for member in members) > UNPACKED:
                raise Unsearchable
            for member in members:
                yield member.filename
                with archive.open(member) as opened:
                    inner = opened.read(UNPACKED + 1)
                yield from texts(inner, depth + 1)
                if inner.lstrip()[:1] == b"<":
                    yield _ANY_TAG.sub("", html.unescape(inner.decode("utf-8", "replace")))
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, OSError, EOFError, ValueError):
        raise Unsearchable from None


def _in_pdf(data: bytes) -> Iterator[str]:
    """The streams of a PDF that deflate packed, and the strings in them, joined as a page shows them.

    A font that numbers its glyphs by itself shows text that stands nowhere in the file; that is not found.
    """
    left = UNPACKED
    for match in _STREAM.finditer(data):
        try:
            stream = zlib.decompressobj().decompress(match[1], left)
        except zlib.error:
            stream = match[1]
        left -= len(stream)
        if left <= 0:
            raise Unsearchable
        yield from _told(stream.decode("utf-8", "replace"))
        page = stream.decode("latin-1")
        plain, wide = [], []
        for shown in _SHOWN.finditer(page):
            if shown[2]:
                digits = "".join(shown[2].split())
                wide.append(bytes.fromhex(digits[: len(digits) // 4 * 4]).decode("utf-16-be", "replace"))
            elif shown[1].startswith("\xfe\xff"):
                wide.append(shown[1].encode("latin-1").decode("utf-16", "replace"))
            else:
                plain.append(shown[1])
        yield "".join(plain)
        yield "".join(wide)
