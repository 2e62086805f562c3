"""The shipped unseal.js in chromium: the frozen vectors, whatever is typed, and any bytes."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page

from portal import sealing, words
from portal.config import Secret
from portal.sealing import Code, Mistyped
from portal.sealing.codes import _IGNORED
from tests.vectors import reading

SECRET = Secret(bytes(range(7, 39)))


@pytest.fixture(scope="module")
def page(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A page that has loaded the module as it is shipped, and nothing else."""
    folder = tmp_path_factory.mktemp("reader")
    shutil.copy(words.TEMPLATES / "my" / "unseal.js", folder)
    shutil.copy(Path(__file__).with_name("unsealing.js"), folder)
    (folder / "index.html").write_text('<!doctype html><script type="module" src="unsealing.js"></script>', "utf-8")
    made = browser.new_page()

    def answer(route: Any) -> None:
        name = route.request.url.rpartition("/")[2] or "index.html"
        route.fulfill(path=folder / name)

    made.route("https://reader.example.com/**", answer)
    made.goto("https://reader.example.com/index.html")
    made.wait_for_function("window.unsealing")
    yield made
    made.close()


def units(text: str) -> list[int]:
    """A text as JavaScript has it."""
    data = text.encode("utf-16-le", "surrogatepass")
    return list(struct.unpack(f"<{len(data) // 2}H", data))


def by_python(text: str) -> list[Any] | str:
    try:
        code = Code.parse(text)
    except Mistyped:
        return "mistyped"
    return [list(code.bits), code.index_name]


def test_codes_of_the_vectors(page: Page) -> None:
    """Every code of every class: its bits and the name of its index, or mistyped."""
    vectors = reading.codes()
    read = page.evaluate("(typed) => window.unsealing.codes(typed)", [units(vector["typed"]) for vector in vectors])
    expected = [
        [list(bytes.fromhex(v["code"])), v["index"]] if v["class"] == "success" else "mistyped" for v in vectors
    ]
    assert dict(zip((v["name"] for v in vectors), read, strict=True)) == dict(
        zip((v["name"] for v in vectors), expected, strict=True)
    )


def test_files_of_the_vectors(page: Page) -> None:
    """Every sealed file of every class: its text, epoch and name, or unopenable; malformed keys too."""
    vectors = reading.files()
    asked = [{**v.said, "file": base64.b64encode(v.file).decode()} for v in vectors]
    answers = page.evaluate("(all) => window.unsealing.files(all)", asked)
    for vector, answer in zip(vectors, answers, strict=True):
        said = vector.said
        if not vector.opens:
            assert answer == "unopenable", (vector.kind, vector.name)
            continue
        assert answer["size"] == said["text_size"], vector.name
        assert answer["digest"] == said["text_sha256"], vector.name
        assert answer.get("epoch") == said.get("epoch"), vector.name
        assert said.get("name_of_file") in (None, answer["name"]), vector.name


_SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZabcdefghjkmnpqrstvwxyzOoIiLlUu"
_ODD = (
    "ıİſßﬀﬁŉǰΐΕЕ٠１²①ⒺＡａｌ～！\u0301\u0345\u1e9e\u2126\u212a\ud800\udbff\udc00\udfff\0\ufffd"
    "\U0001d400\U0001f1e6\U0001ccd6"
)
_DROPPED = (
    " -._\t\r\n\x0b\x0c\x1c\x1f\x85\xa0\xad\u180e\u2000\u200b\u200f\u2028\u202e\u205f\u2060\u2065\u2066\u2069\u2212"
    "\u3000\u3002\u30fc\ufe0f\ufeff"
)


@st.composite
def typed(draw: st.DrawFn) -> str:
    """A real code that a person or a program bent: other symbols, widths and cases, things put in and left out."""
    text = list(str(Code(draw(st.binary(min_size=16, max_size=16)))))
    for _ in range(draw(st.integers(0, 6))):
        place = draw(st.integers(0, len(text)))
        match draw(st.sampled_from(["in", "odd", "any", "out", "wide", "case"])):
            case "in":
                text.insert(place, draw(st.sampled_from(_DROPPED)))
            case "odd":
                text[place : place + 1] = [draw(st.sampled_from(_ODD))]
            case "any":
                text.insert(place, draw(st.characters(categories=None)))
            case "out":
                del text[place : place + 1]
            case "wide":
                text = [chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text]
            case "case":
                text = [c.lower() for c in text]
    return "".join(text)


EVERYTHING = st.one_of(
    typed(),
    st.text(alphabet=_SYMBOLS + _ODD + _DROPPED, max_size=40),
    st.text(alphabet=st.characters(categories=None), max_size=40),
    st.lists(st.sampled_from(_SYMBOLS), min_size=28, max_size=28).map("".join),
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(EVERYTHING, min_size=1, max_size=60))
def test_both_readers_agree_on_whatever_is_typed(page: Page, texts: list[str]) -> None:
    """Codes bent in all ways, and any characters at all, lone surrogates included: the same code, or mistyped twice."""
    read = page.evaluate("(typed) => window.unsealing.codes(typed)", [units(text) for text in texts])
    assert read == [by_python(text) for text in texts]


@pytest.mark.parametrize(
    "halves", [("E2FW-GBC9-442K-", "F2B5-EVAA-TED1-F4ZE"), ("E2FW-GBC9-442K-F2B5-EVAA-TED", "-F4ZE")]
)
def test_both_readers_agree_on_every_character(page: Page, halves: tuple[str, str]) -> None:
    """Each of 65536 characters put into a code, and in place of its 1; the two lists of what is dropped are one."""
    before, after = halves
    found = page.evaluate("([before, after]) => window.unsealing.fitting(before, after)", halves)
    expected = {}
    for unit in range(0x10000):
        with contextlib.suppress(Mistyped):
            expected[str(unit)] = Code.parse(f"{before}{chr(unit)}{after}").bits.hex()
    assert found == expected
    assert len(set(expected.values())) == 1
    script = (words.TEMPLATES / "my" / "unseal.js").read_text("utf-8")
    assert f"/{_IGNORED.pattern}/g" in script


@settings(max_examples=30)
@given(st.lists(st.binary(max_size=300), min_size=1, max_size=20), st.binary(min_size=32, max_size=32))
def test_any_bytes_are_refused_in_the_browser_too(page: Page, files: list[bytes], key: bytes) -> None:
    """Bare, behind a right header, and filled up to a block: unopenable, and no other error."""
    code, text = str(Code(key[:16])), base64.urlsafe_b64encode(key).decode().rstrip("=")
    asked = [
        {"letter": letter, "key": text, "code": code, "file": base64.b64encode(file).decode()}
        for data in files
        for letter, header in (("I", b"duenI\1"), ("N", b"duenN\1"), ("R", b"duenR\1"), ("A", b"duenA\2"))
        for file in (data, header + data, (header + data).ljust(4096, b"\0"))
    ]
    assert set(page.evaluate("(all) => window.unsealing.files(all)", asked)) == {"unopenable"}


def test_what_is_no_key_no_code_and_no_file_is_refused(page: Page) -> None:
    """Codes of another length, malformed keys, and nothing at all: no other error comes out."""
    assert page.evaluate("() => window.unsealing.misuse()") == ["mistyped"] * 3 + ["unopenable"] * 7


def test_a_code_in_the_browser_cannot_be_read_out(page: Page) -> None:
    """What is kept of a code or key is a CryptoKey that derives and cannot be exported, and survives IndexedDB."""
    code = sealing.code(SECRET, "yunshan/lin", 1)
    index = base64.b64encode(sealing.seal_index(code, 1, b'{"a":1}')).decode()
    said = page.evaluate("([typed, file]) => window.unsealing.kept(typed, file)", [str(code), index])
    assert said == {
        "name": code.index_name,
        "text": '{"a":1}',
        "found": [False, "deriveBits", "refused", "refused"] * 3,
    }


def test_an_attachment_opens_as_it_arrives(page: Page, tmp_path: Path) -> None:
    """A Blob of its type; a forged stream is left at its first chunk; one that breaks off gives its own error."""
    file = tmp_path / "a.pdf"
    file.write_bytes(b"".join(i.to_bytes(4, "big") for i in range(50_000)))
    made = sealing.seal_file(SECRET, ("fees", "a.pdf"), file)
    key = base64.urlsafe_b64encode(made.key).decode().rstrip("=")
    asked = [key, base64.b64encode(bytes(made.content)).decode()]
    said = page.evaluate("([key, file]) => window.unsealing.streamed(key, file)", asked)
    assert said == {
        "type": "application/pdf",
        "size": 200_000,
        "digest": hashlib.sha256(file.read_bytes()).hexdigest(),
        "forged": "unopenable",
        "pulls": 1,
        "cancelled": True,
        "broken": "crash: TypeError: network",
    }
