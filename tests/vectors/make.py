"""Writes the test vectors: the format once more, from docs/sealed-format.md alone, so that no mistake is shared.

    python -m tests.vectors.make            writes what is missing; stops where a vector would change
    python -m tests.vectors.make --replace  for a new version of the format only

Vectors are frozen: what was sealed once must open for ever.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

HERE = Path(__file__).parent
MASTER = bytes(range(7, 39))
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
CHUNK, TAG = 65536, 16

Vector = dict[str, Any]


# --- the format -----------------------------------------------------------------------------------------------------


def number(value: int) -> bytes:
    return value.to_bytes(4, "big")


def fields(*parts: bytes) -> bytes:
    return b"".join(number(len(part)) + part for part in parts)


def derive(key: bytes, label: str, *parts: bytes, length: int, salt: bytes = bytes(32)) -> bytes:
    """RFC 5869; up to 32 bytes are one block."""
    secret = hmac.digest(salt, key, "sha256")
    return hmac.digest(secret, fields(b"duenotice v1 " + label.encode(), *parts) + b"\1", "sha256")[:length]


def gcm(key: bytes, text: bytes, bound: bytes, nonce: bytes = bytes(12)) -> bytes:
    return AESGCM(key).encrypt(nonce, text, bound)


def padded_to_blocks(text: bytes, overhead: int) -> bytes:
    text += b"\x80"
    while (len(text) + overhead) % 4096:
        text += b"\0"
    return text


def code_of(contact: str, epoch: int) -> bytes:
    return derive(MASTER, "code", contact.encode(), number(epoch), length=16)


def written(code: bytes) -> str:
    checksum = hashlib.sha256(fields(b"duenotice v1 code checksum", code)).hexdigest()[:3]
    bits = f"{int(code.hex() + checksum, 16):0140b}"
    symbols = "".join(ALPHABET[int(bits[i : i + 5], 2)] for i in range(0, 140, 5))
    return "-".join(symbols[i : i + 4] for i in range(0, 28, 4))


def name_of_index(code: bytes) -> str:
    return derive(code, "index name", length=16).hex()


def index(code: bytes, epoch: int, text: bytes, *, masked_as: int | None = None, padded: bytes = b"") -> bytes:
    header = b"duenI\1"
    mask = derive(code, "index epoch", length=4)
    secret = derive(code, "index secret", length=32)
    padded = padded or padded_to_blocks(text, 58)
    salt = hmac.digest(derive(secret, "index salt", length=32), padded, "sha256")
    bound = fields(header, name_of_index(code).encode(), number(epoch))
    shown = bytes(a ^ b for a, b in zip(number(epoch if masked_as is None else masked_as), mask, strict=True))
    return header + shown + salt + gcm(derive(secret, "index key", length=32, salt=salt), padded, bound)


def name_of(key: bytes) -> str:
    return derive(key, "object name", length=16).hex()


def thing(letter: bytes, identity: tuple[str, ...], text: bytes, *, padded: bytes = b"") -> tuple[bytes, bytes]:
    header = b"duen" + letter + b"\1"
    padded = padded or padded_to_blocks(text, 22)
    said = (letter, *(part.encode() for part in identity), hashlib.sha256(padded).digest())
    key = derive(MASTER, "object", *said, length=32)
    bound = fields(header, name_of(key).encode())
    return key, header + gcm(derive(key, "object key", length=32), padded, bound)


def padded_by_padme(text: bytes) -> bytes:
    least = len(text) + 1
    exponent = len(f"{least:b}") - 1
    step = max(4096, 2 ** (exponent - len(f"{exponent:b}")))
    return (text + b"\x80").ljust((least + step - 1) // step * step, b"\0")


def attachment(identity: tuple[str, str], text: bytes, *, padded: bytes = b"") -> tuple[bytes, list[bytes]]:
    """Its key, and the file as header and chunks."""
    padded = padded or padded_by_padme(text)
    chunks = [padded[i : i + CHUNK] for i in range(0, len(padded), CHUNK)]
    digest = hashlib.sha256(b"".join(hashlib.sha256(chunk).digest() for chunk in chunks)).digest()
    key = derive(MASTER, "attachment", *(part.encode() for part in identity), digest, length=32)
    return key, [b"duenA\2", *(chunk_of(key, i, chunk, i == len(chunks) - 1) for i, chunk in enumerate(chunks))]


def chunk_of(key: bytes, place: int, chunk: bytes, last: bool) -> bytes:
    nonce = place.to_bytes(11, "big") + (b"\1" if last else b"\0")
    bound = fields(b"duenA\2", name_of(key).encode())
    return gcm(derive(key, "stream key", length=32), chunk, bound, nonce)


# --- codes ----------------------------------------------------------------------------------------------------------


def codes() -> Iterator[Vector]:
    lin = code_of("yunshan/lin", 1)
    text = written(lin)
    plain = text.replace("-", "")
    wide = "".join(chr(ord(symbol) + 0xFEE0) for symbol in text)
    zeros, ones = written(bytes(16)), written(b"\xff" * 16)

    def opens(name: str, typed: str, code: bytes = lin) -> Vector:
        return {"name": name, "class": "success", "typed": typed, "code": code.hex(), "index": name_of_index(code)}

    def refused(name: str, kind: str, typed: str) -> Vector:
        return {"name": name, "class": kind, "typed": typed}

    yield opens("as written", text)
    yield opens("the smallest", zeros, bytes(16))
    yield opens("the largest", ones, b"\xff" * 16)
    yield opens("another epoch is another code", written(code_of("yunshan/lin", 2)), code_of("yunshan/lin", 2))
    yield opens("lower case", text.lower())
    yield opens("without hyphens", plain)
    yield opens("hyphens anywhere", f"-{plain[:3]}--{plain[3:]}-")
    yield opens("spaces, tabs, line ends", f"  {plain[:4]} {plain[4:8]}\t{plain[8:12]}\r\n{plain[12:]} ")
    yield opens("spaces of other widths", "\u3000".join(text.split("-")) + "\xa0\u2009\u202f")
    yield opens("dashes of every kind", "".join(a + b for a, b in zip(text.split("-"), "‐–—−─ー_", strict=True)))
    yield opens("dots", text.replace("-", ".") + "。")
    yield opens("full-width", wide)
    yield opens("full-width, lower case", wide.lower())
    yield opens("O for zero", zeros.replace("0", "O"), bytes(16))
    yield opens("o for zero", zeros.replace("0", "o"), bytes(16))
    yield opens("I for one", text.replace("1", "I"))
    yield opens("i for one", text.replace("1", "i"))
    yield opens("L for one", text.replace("1", "L"))
    yield opens("l for one", text.replace("1", "l"))
    yield opens("full-width l for one", text.replace("1", "ｌ"))
    yield opens("soft hyphens, zero width, byte order mark", "\ufeff" + "\u200b".join(plain[:20]) + "\xad" + plain[20:])
    yield opens("direction marks around it", f"\u202a\u2066{text}\u2069\u202c\u200e")
    yield opens("variation selectors", "\ufe0f".join(plain))

    yield refused("nothing", "too-short", "")
    yield refused("spaces only", "too-short", " \u3000-")
    yield refused("one symbol less", "too-short", text[:-1])
    yield refused("one symbol more", "too-long", text + "0")
    yield refused("twice", "too-long", text + text)
    yield refused(
        "the last symbol wrong", "wrong-checksum", plain[:-1] + ALPHABET[(ALPHABET.index(plain[-1]) + 1) % 32]
    )
    yield refused("the first symbol wrong", "wrong-checksum", ALPHABET[(ALPHABET.index(plain[0]) + 1) % 32] + plain[1:])
    yield refused("two neighbours swapped", "wrong-checksum", plain[1] + plain[0] + plain[2:])
    yield refused("U is no symbol", "foreign-symbol", "U" + plain[1:])
    yield refused("a plus sign", "foreign-symbol", "+" + plain[1:])
    yield refused("Han characters", "foreign-symbol", "云杉" + plain[2:])
    yield refused("a Greek letter that looks like E", "foreign-symbol", "Ε" + plain[1:])
    yield refused("a Cyrillic letter that looks like E", "foreign-symbol", "Е" + plain[1:])
    yield refused("dotless i", "foreign-symbol", text.replace("1", "ı"))
    yield refused("I with a dot", "foreign-symbol", text.replace("1", "İ"))
    yield refused("long s, which upper case makes an S", "foreign-symbol", "ſ" + plain[1:])
    yield refused("a ligature, which upper case makes two letters", "foreign-symbol", plain[:26] + "ﬀ")
    yield refused("sharp s", "foreign-symbol", plain[:26] + "ß")
    yield refused("Arabic digits", "foreign-symbol", "٠" * 28)
    yield refused("mathematical letters", "foreign-symbol", "".join(chr(0x1D400 + i % 26) for i in range(28)))
    yield refused("circled letters", "foreign-symbol", "Ⓔ" + plain[1:])
    yield refused("superscript digits", "foreign-symbol", plain.replace("2", "²"))
    yield refused("a combining mark", "foreign-symbol", plain[0] + "\u0301" + plain[1:])
    yield refused("a combining mark in place of a symbol", "foreign-symbol", plain[:-1] + "\u0301")
    yield refused("a lone surrogate", "foreign-symbol", plain[:-1] + "\ud800")
    yield refused("lone surrogates", "foreign-symbol", "\udfff" * 28)
    yield refused("a character beyond the 16 bits", "foreign-symbol", plain[:-1] + "\U0001f511")
    yield refused("a zero byte", "foreign-symbol", plain[:-1] + "\0")


# --- files ----------------------------------------------------------------------------------------------------------


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def said(text: str | dict[str, Any]) -> bytes:
    return json.dumps(text, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


class Files:
    """Collects vectors whose files are slices of a few whole ones, so that they stay small."""

    def __init__(self) -> None:
        self.wholes: dict[str, bytes] = {}
        self.vectors: list[Vector] = []

    def whole(self, name: str, data: bytes) -> str:
        assert self.wholes.setdefault(name, data) == data, f"two things are called {name}"
        return name

    def add(self, name: str, kind: str, parts: list[Any], text: bytes | None = None, **opener: Any) -> None:
        found = b"".join(bytes.fromhex(p) if isinstance(p, str) else self.wholes[p[0]][p[1] : p[2]] for p in parts)
        vector: Vector = {"name": name, "class": kind, **opener, "file": parts, "size": len(found)}
        if text is not None:
            vector |= {"text_size": len(text), "text_sha256": hashlib.sha256(text).hexdigest()}
        self.vectors.append(vector)


def everything(name: str, data: bytes) -> list[Any]:
    return [[name, 0, len(data)]]


def flipped(name: str, data: bytes, place: int) -> list[Any]:
    """The whole with one bit changed."""
    return [[name, 0, place], f"{data[place] ^ 1:02x}", [name, place + 1, len(data)]]


def objects(made: Files) -> None:
    notice = said({"title": "收费调整", "language": "zh", "html": "<p>您好</p>", "files": []})
    key, data = thing(b"N", ("fees-2027", "1", "zh"), notice)
    other_key, other = thing(b"N", ("fees-2027", "2", "zh"), notice)
    redline_key, redline = thing(b"R", ("fees-2027", "2", "zh"), said({"language": "zh", "html": "<del>1</del>"}))
    opener = {"letter": "N", "key": base64url(key)}
    whole, second = made.whole("notice", data), made.whole("other notice", other)
    made.whole("redline", redline)
    end = len(data)

    made.add("a notice", "success", everything(whole, data), notice, **opener, name_of_file=name_of(key))
    made.add(
        "a redline", "success", everything("redline", redline), said({"language": "zh", "html": "<del>1</del>"}),
        letter="R", key=base64url(redline_key), name_of_file=name_of(redline_key),
    )  # fmt: skip
    for name, text in (
        ("no text", b""),
        ("a full block", b"x" * 4073),
        ("a block and a byte", b"x" * 4074),
        ("zeros", bytes(99)),
        ("like padding", b"\x80\0\0"),
    ):
        own_key, own = thing(b"N", ("sizes", "1", "zh"), text)
        made.add(
            name, "success", everything(made.whole(name, own), own), text,
            letter="N", key=base64url(own_key), name_of_file=name_of(own_key),
        )  # fmt: skip

    made.add("no file", "wrong-length", [], **opener)
    made.add("a header alone", "wrong-length", [[whole, 0, 6]], **opener)
    made.add("a byte short", "truncated", [[whole, 0, end - 1]], **opener)
    made.add("zeros in place of the tag", "truncated", [[whole, 0, end - 16], "00" * 16], **opener)
    made.add("a byte more", "extended", [[whole, 0, end], "00"], **opener)
    made.add("a block of zeros more", "extended", [[whole, 0, end], "00" * 4096], **opener)
    made.add("itself twice", "extended", [[whole, 0, end], [whole, 0, end]], **opener)
    for place in (0, 3):
        made.add(f"byte {place} of the magic", "wrong-header", flipped(whole, data, place), **opener)
    made.add("version 0", "wrong-version", [[whole, 0, 5], "00", [whole, 6, end]], **opener)
    made.add("version 2", "wrong-version", [[whole, 0, 5], "02", [whole, 6, end]], **opener)
    made.add("read as a redline", "wrong-letter", everything(whole, data), letter="R", key=base64url(key))
    made.add(
        "relabelled a redline", "wrong-letter", [[whole, 0, 4], "52", [whole, 5, end]], letter="R", key=base64url(key)
    )
    made.add("read as an attachment", "wrong-letter", everything(whole, data), letter="A", key=base64url(key))
    made.add("the first byte of the text", "tampered", flipped(whole, data, 6), **opener)
    made.add("the last byte of the padding", "tampered", flipped(whole, data, end - 17), **opener)
    made.add("the last byte of the tag", "tampered", flipped(whole, data, end - 1), **opener)
    made.add("another version's file", "swapped-file", everything(second, other), **opener)
    made.add("another version's key", "swapped-name", everything(whole, data), letter="N", key=base64url(other_key))
    made.add("the secret as key", "swapped-name", everything(whole, data), letter="N", key=base64url(MASTER))
    for name, padded in (
        ("only zeros", bytes(4074)),
        ("no mark", b"x" * 4074),
        ("a 1 for the mark", b"x\1".ljust(4074, b"\0")),
    ):
        bad_key, bad = thing(b"N", ("bad", "1", "zh"), b"", padded=padded)
        made.add(
            f"padding: {name}",
            "bad-padding",
            everything(made.whole(name, bad), bad),
            letter="N",
            key=base64url(bad_key),
        )
    for name, text in (
        ("empty", ""),
        ("31 bytes", base64url(key[:31])),
        ("33 bytes", base64url(key + b"\0")),
        ("padded", base64url(key) + "="),
        ("with + and /", "+/" + base64url(key)[2:]),
        ("a space in it", base64url(key)[:20] + " " + base64url(key)[21:]),
        ("a line end after it", base64url(key) + "\n"),
        ("left-over bits set", base64url(key)[:-1] + BASE64[BASE64.index(base64url(key)[-1]) + 1]),
        ("full-width", "Ａ" * 43),
    ):  # fmt: skip
        made.add(f"key: {name}", "malformed-key", everything(whole, data), letter="N", key=text)


def attachments(made: Files) -> None:
    for name, text in (
        ("an empty attachment", b""),
        ("a small attachment", b"text"),
        ("a full chunk", b"x" * 65535),
        ("a chunk and a byte", b"y" * 65536),
    ):
        key, parts = attachment(("fees-2027", "a.pdf"), text)
        data = b"".join(parts)
        made.add(
            name, "success", everything(made.whole(name, data), data), text,
            letter="A", key=base64url(key), name_of_file=name_of(key),
        )  # fmt: skip

    text = b"".join(number(i) for i in range(35_000))
    key, parts = attachment(("fees-2027", "long.bin"), text)
    data = b"".join(parts)
    whole, end = made.whole("long", data), len(data)
    opener = {"letter": "A", "key": base64url(key)}
    sealed = CHUNK + TAG
    header, first, second, third = (
        [whole, 0, 6],
        [whole, 6, 6 + sealed],
        [whole, 6 + sealed, 6 + 2 * sealed],
        [whole, 6 + 2 * sealed, end],
    )
    made.add("three chunks", "success", [header, first, second, third], text, **opener, name_of_file=name_of(key))
    made.add("no chunk", "missing-last", [header], **opener)
    made.add("the last missing", "missing-last", [header, first, second], **opener)
    made.add("the last two missing", "missing-last", [header, first], **opener)
    made.add("the first missing", "missing-chunk", [header, second, third], **opener)
    made.add("the middle missing", "missing-chunk", [header, first, third], **opener)
    made.add("the last alone", "missing-chunk", [header, third], **opener)
    made.add("first and second swapped", "reordered-chunks", [header, second, first, third], **opener)
    made.add("second and last swapped", "reordered-chunks", [header, first, third, second], **opener)
    made.add("the first twice", "duplicated-chunk", [header, first, first, second, third], **opener)
    made.add("the last twice", "duplicated-chunk", [header, first, second, third, third], **opener)
    made.add("a byte short", "truncated", [[whole, 0, end - 1]], **opener)
    made.add("17 bytes short of a chunk", "truncated", [[whole, 0, 6 + sealed - 17]], **opener)
    made.add("a byte of the second chunk", "truncated", [[whole, 0, 6 + sealed + 1]], **opener)
    made.add("a byte more", "extended", [[whole, 0, end], "00"], **opener)
    made.add("zeros to a full chunk", "extended", [[whole, 0, end], "00" * 5000], **opener)
    for place, what in ((6, "first chunk"), (6 + sealed, "second chunk"), (end - 1, "last tag")):
        made.add(f"a bit of the {what}", "tampered", flipped(whole, data, place), **opener)
    made.add("version 1, which is retired", "wrong-version", [[whole, 0, 5], "01", [whole, 6, end]], **opener)
    made.add("a letter of another kind", "wrong-letter", [[whole, 0, 4], "4e", [whole, 5, end]], **opener)
    made.add("read as a notice", "wrong-letter", [[whole, 0, end]], letter="N", key=base64url(key))
    other_key, other_parts = attachment(("fees-2027", "other.bin"), text)
    made.whole("other long", other_parts[1])
    other_first = ["other long", 0, sealed]
    made.add("the same text's chunk from another file", "swapped-chunk", [header, other_first, second, third], **opener)
    made.add("another file's key", "swapped-name", [[whole, 0, end]], letter="A", key=base64url(other_key))

    short_key = hashlib.sha256(b"a key of vectors").digest()
    opener = {"letter": "A", "key": base64url(short_key)}

    def forged(name: str, kind: str, *chunks: tuple[bytes, bool]) -> None:
        """What only the holder of the key can make, and still no reader takes."""
        data = b"duenA\2" + b"".join(chunk_of(short_key, i, chunk, last) for i, (chunk, last) in enumerate(chunks))
        made.add(name, kind, everything(made.whole(f"forged: {name}", data), data), **opener)

    forged("not said to be the last", "missing-last", (b"text\x80", False))
    forged("an empty last chunk", "bad-padding", (b"", True))
    forged("all zeros", "bad-padding", (bytes(4096), True))
    forged("no mark", "bad-padding", (b"text", True))
    # Version 1, as it was: sealed whole, under the key of objects.
    padded = padded_to_blocks(b"text", 22)
    old_key = derive(MASTER, "object", b"A", b"fees-2027", b"a.pdf", hashlib.sha256(padded).digest(), length=32)
    bound = fields(b"duenA\1", name_of(old_key).encode())
    old = b"duenA\1" + gcm(derive(old_key, "object key", length=32), padded, bound)
    made.add(
        "sealed in version 1",
        "wrong-version",
        everything(made.whole("version 1", old), old),
        letter="A",
        key=base64url(old_key),
    )


def indexes(made: Files) -> None:
    code, next_code = code_of("yunshan/lin", 1), code_of("yunshan/lin", 2)
    older = said({"client": "云杉贸易", "contact": "林岚", "language": "zh", "changed": "2026-11-25", "sheets": []})
    newer = said({"client": "云杉贸易", "contact": "林岚", "language": "zh", "changed": "2026-12-02", "sheets": []})
    first, last = index(code, 1, older), index(code, 1, newer)
    made.whole("last week's index", first)
    whole, end = made.whole("index", last), len(last)
    opener = {"letter": "I", "code": written(code)}
    made.add("an index", "success", everything(whole, last), newer, **opener, epoch=1, name_of_file=name_of_index(code))
    made.add("last week's index", "replayed-ok", everything("last week's index", first), older, **opener, epoch=1)
    seventh = index(code, 7, newer)
    made.add("epoch 7", "success", everything(made.whole("epoch 7", seventh), seventh), newer, **opener, epoch=7)
    for name, text in (("a full index", b"x" * 4037), ("an index and a byte", b"x" * 4038)):
        data = index(code, 1, text)
        made.add(name, "success", everything(made.whole(name, data), data), text, **opener, epoch=1)
    made.add("no file", "wrong-length", [], **opener)
    made.add("a byte short", "truncated", [[whole, 0, end - 1]], **opener)
    made.add("a block more", "extended", [[whole, 0, end], "00" * 4096], **opener)
    made.add("the magic", "wrong-header", flipped(whole, last, 0), **opener)
    made.add("version 2", "wrong-version", [[whole, 0, 5], "02", [whole, 6, end]], **opener)
    made.add("a notice", "wrong-letter", [["notice", 0, 4096]], **opener)
    made.add("a notice relabelled", "wrong-letter", [["notice", 0, 4], "49", ["notice", 5, 4096]], **opener)
    made.add("the epoch's last byte", "wrong-epoch-mask", flipped(whole, last, 9), **opener)
    made.add(
        "another epoch's mask", "wrong-epoch-mask", [[whole, 0, 6], ["epoch 7", 6, 10], [whole, 10, end]], **opener
    )
    made.add("the epoch in clear", "wrong-epoch-mask", [[whole, 0, 6], number(1).hex(), [whole, 10, end]], **opener)
    shown = index(code, 1, newer, masked_as=2)
    made.add(
        "shown as epoch 2, sealed as 1", "wrong-epoch-mask", everything(made.whole("mask", shown), shown), **opener
    )
    made.add("the salt", "tampered", flipped(whole, last, 10), **opener)
    made.add(
        "last week's salt", "tampered", [[whole, 0, 10], ["last week's index", 10, 42], [whole, 42, end]], **opener
    )
    made.add("the text", "tampered", flipped(whole, last, 42), **opener)
    made.add("the tag", "tampered", flipped(whole, last, end - 1), **opener)
    made.add("the next epoch's code", "wrong-code", everything(whole, last), letter="I", code=written(next_code))
    made.add(
        "a colleague's code",
        "wrong-code",
        everything(whole, last),
        letter="I",
        code=written(code_of("yunshan/fang", 1)),
    )
    bad = index(code, 1, b"", padded=bytes(4038))
    made.add("padding: only zeros", "bad-padding", everything(made.whole("zeros in an index", bad), bad), **opener)


def files() -> dict[str, str]:
    """Every file of vectors: name -> text."""
    made = Files()
    objects(made)
    attachments(made)
    indexes(made)
    wholes = {name: base64.b64encode(data).decode("ascii") for name, data in made.wholes.items()}
    return {
        "codes.json": written_as_lines({"vectors": list(codes())}),
        "files.json": written_as_lines({"wholes": wholes, "vectors": made.vectors}),
    }


def written_as_lines(data: dict[str, Any]) -> str:
    """JSON with a vector on each line; ASCII, so that no editor turns one character into another."""
    parts = []
    for key, value in data.items():
        entries = (
            [json.dumps(entry) for entry in value]
            if isinstance(value, list)
            else [f"{json.dumps(name)}: {json.dumps(entry)}" for name, entry in value.items()]
        )
        opening, closing = "[]" if isinstance(value, list) else "{}"
        parts.append(f"{json.dumps(key)}: {opening}\n  " + ",\n  ".join(entries) + f"\n{closing}")
    return "{" + ",\n".join(parts) + "}\n"


def write(folder: Path, *, replace: bool) -> list[str]:
    """Write what is missing; the names of files that would change and were left, unless they may be replaced."""
    kept = []
    for name, text in files().items():
        file = folder / name
        if file.exists() and file.read_text("ascii") != text and not replace:
            kept.append(name)
        else:
            file.write_text(text, "ascii")
    return kept


if __name__ == "__main__":
    if left := write(HERE, replace="--replace" in sys.argv[1:]):
        sys.exit(
            f"{', '.join(left)} would change, and vectors are frozen; see the first lines of {Path(__file__).name}"
        )
