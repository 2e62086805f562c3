"""The shipped unseal.js in chromium: the frozen vectors, whatever is typed, and any bytes."""

from __future__ import annotations

import base64
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

READER = """
const { Mistyped, Unopenable, importCode, indexName, objectName, readCode, readKey, unseal, unsealIndex, unsealStream } =
  await import("./unseal.js");

const bytesOf = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
const digest = async (bytes) =>
  Array.from(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)), (b) => b.toString(16).padStart(2, "0")).join("");
const outcome = async (attempt) => {
  try { return await attempt(); }
  catch (error) { return error instanceof Mistyped ? "mistyped" : error instanceof Unopenable ? "unopenable" : `crash: ${error}`; }
};

/** A stream that hands a file out in pieces of a size that fits no border. */
const trickle = (bytes, size = 50_021) => new ReadableStream({
  start(controller) {
    for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.subarray(at, at + size));
    controller.close();
  },
});

/** Codes as lists of UTF-16 units, for no transport carries every text; each to its bits and index, or what is wrong. */
window.readCodes = (typed) => Promise.all(typed.map((units) => outcome(async () => {
  const bytes = await readCode(String.fromCharCode(...units));
  return [Array.from(bytes), await indexName(await importCode(bytes))];
})));

window.open1 = ({ letter, key, code, file }, data = bytesOf(file)) => outcome(async () => {
  if (letter === "I") {
    const opener = await importCode(await readCode(code));
    const { epoch, content } = await unsealIndex(opener, data);
    return { epoch, size: content.length, digest: await digest(content), name: await indexName(opener) };
  }
  const opener = await readKey(key);
  const text = letter === "A"
    ? new Uint8Array(await (await unsealStream(opener, trickle(data))).arrayBuffer())
    : await unseal(opener, letter, data);
  return { size: text.length, digest: await digest(text), name: await objectName(opener) };
});
window.openAll = (all) => Promise.all(all.map((one) => window.open1(one)));
window.unsealing = { importCode, readCode, readKey, unsealStream, unseal, indexName, unsealIndex };
window.ready = true;
"""


@pytest.fixture(scope="module")
def page(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A page that has loaded the module as it is shipped, and nothing else."""
    folder = tmp_path_factory.mktemp("reader")
    shutil.copy(words.TEMPLATES / "my" / "unseal.js", folder)
    (folder / "reader.js").write_text(READER, encoding="utf-8")
    (folder / "index.html").write_text(
        '<!doctype html><script type="module" src="reader.js"></script>', encoding="utf-8"
    )
    made = browser.new_page()

    def answer(route: Any) -> None:
        name = route.request.url.rpartition("/")[2] or "index.html"
        route.fulfill(path=folder / name)

    made.route("https://reader.example.com/**", answer)
    made.goto("https://reader.example.com/index.html")
    made.wait_for_function("window.ready")
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
    read = page.evaluate("(typed) => window.readCodes(typed)", [units(vector["typed"]) for vector in vectors])
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
    answers = page.evaluate("(all) => window.openAll(all)", asked)
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
_ODD = "ıİſßﬀﬁŉǰΐΕЕ٠１²①ⒺＡａｌ～！\u0301\u0345\u1e9e\u2126\u212a\U0001d400\U0001f1e6\ud800\udbff\udc00\udfff\0\ufffd\U0001ccd6"
_DROPPED = " -.\t\r\n\x0b\x0c\x1c\x1f\x85\xa0\xad\u180e\u2000\u200b\u200f\u2028\u202e\u205f\u2060\u2065\u2066\u2069\u2212\u3000\u3002\u30fc\ufe0f\ufeff_"


@st.composite
def typed(draw: st.DrawFn) -> str:
    """A real code that a person or a program bent: other symbols, widths and cases, things put in, left out, swapped."""
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
    read = page.evaluate("(typed) => window.readCodes(typed)", [units(text) for text in texts])
    assert read == [by_python(text) for text in texts]


def test_both_readers_agree_on_every_single_character(page: Page) -> None:
    """Each of the 65536 units before, and in place of a symbol of, a code; Python's and JavaScript's lists are one."""
    code = "E2FW-GBC9-442K-F2B5-EVAA-TED1-F4ZE"
    for start in range(0, 0x10000, 0x4000):
        texts = [f"{chr(c)}{code}" for c in range(start, start + 0x4000)]
        texts += [f"{code[:-6]}{chr(c)}{code[-5:]}" for c in range(start, start + 0x4000)]
        read = page.evaluate(
            "async (typed) => (await window.readCodes(typed)).map((found) => found[1].slice(0, 8))",
            [units(text) for text in texts],
        )
        accepted = [chr(start + i % 0x4000) for i, name in enumerate(read) if name == "44d856b7"]
        assert accepted == [chr(start + i % 0x4000) for i, text in enumerate(texts) if by_python(text) != "mistyped"]
    script = (words.TEMPLATES / "my" / "unseal.js").read_text("utf-8")
    assert f"/{_IGNORED.pattern}/g" in script


@settings(max_examples=30)
@given(st.lists(st.binary(max_size=300), min_size=1, max_size=20), st.binary(min_size=32, max_size=32))
def test_any_bytes_are_refused_in_the_browser_too(page: Page, files: list[bytes], key: bytes) -> None:
    """Bare, behind a right header, and filled up to a block: unopenable, and no other error."""
    code, text = str(Code(key[:16])), base64.urlsafe_b64encode(key).decode().rstrip("=")
    asked = []
    for data in files:
        for letter, version in (("I", 1), ("N", 1), ("R", 1), ("A", 2)):
            whole = b"duen" + letter.encode() + bytes([version]) + data
            for file in (data, whole, whole.ljust(4096, b"\0")):
                asked.append({"letter": letter, "key": text, "code": code, "file": base64.b64encode(file).decode()})
    assert set(page.evaluate("(all) => window.openAll(all)", asked)) == {"unopenable"}


def test_what_is_no_key_no_code_and_no_file_is_refused(page: Page) -> None:
    """Nothing but the classes of error that the page knows comes out, whatever is put in."""
    said = page.evaluate("""async () => {
        const { importCode, readKey, unsealStream, unseal } = window.unsealing;
        const good = "A".repeat(43);
        const name = async (promise) => { try { await promise; return "opened"; } catch (error) { return error.constructor.name; } };
        return Promise.all([
            name(importCode(new Uint8Array(15))), name(importCode(new Uint8Array(32))), name(importCode("x".repeat(16))),
            name(readKey(undefined)), name(readKey(null)), name(readKey([good])), name(readKey(good + "=")),
            name(unsealStream(await readKey(good), new Response(null))),
            name(unsealStream(await readKey(good), new Response(""))),
            name(unseal(await readKey(good), "N", undefined)), name(unseal(await readKey(good), "N", "duenN")),
        ]);
    }""")
    assert said == ["Mistyped"] * 3 + ["Unopenable"] * 8


def test_a_code_in_the_browser_cannot_be_read_out(page: Page) -> None:
    """What is kept of a code or key is a CryptoKey that derives and cannot be exported, and survives IndexedDB."""
    code = sealing.code(SECRET, "yunshan/lin", 1)
    said = page.evaluate(
        """async ([typed, file]) => {
            const { importCode, readCode, readKey, indexName, unsealIndex } = window.unsealing;
            const code = await importCode(await readCode(typed));
            const database = await new Promise((done, failed) => {
                const request = indexedDB.open("kept", 1);
                request.onupgradeneeded = () => request.result.createObjectStore("codes");
                request.onsuccess = () => done(request.result);
                request.onerror = failed;
            });
            const store = () => database.transaction("codes", "readwrite").objectStore("codes");
            await new Promise((done) => { store().put(code, 1).onsuccess = done; });
            const kept = await new Promise((done) => { const got = store().get(1); got.onsuccess = () => done(got.result); });
            const data = Uint8Array.from(atob(file), (c) => c.charCodeAt(0));
            const { content } = await unsealIndex(kept, data);
            const refusals = [];
            for (const key of [code, kept, await readKey("A".repeat(43))]) {
                refusals.push(key.extractable, key.usages.join());
                for (const form of ["raw", "jwk", "pkcs8"]) refusals.push(await crypto.subtle.exportKey(form, key).then(() => "read", () => "no"));
            }
            return { name: await indexName(kept), text: new TextDecoder().decode(content), refusals };
        }""",
        [str(code), base64.b64encode(sealing.seal_index(code, 1, b'{"a":1}')).decode()],
    )
    assert said == {"name": code.index_name, "text": '{"a":1}', "refusals": [False, "deriveBits", "no", "no", "no"] * 3}


def test_an_attachment_opens_as_it_arrives(page: Page, tmp_path: Path) -> None:
    """A Blob with its type; a stream that breaks off gives its own error and is not read on; no half of it comes out."""
    file = tmp_path / "a.pdf"
    file.write_bytes(b"".join(i.to_bytes(4, "big") for i in range(50_000)))
    made = sealing.seal_file(SECRET, ("fees", "a.pdf"), file)
    key = base64.urlsafe_b64encode(made.key).decode().rstrip("=")
    said = page.evaluate(
        """async ([text, file]) => {
            const { readKey, unsealStream } = window.unsealing;
            const data = Uint8Array.from(atob(file), (c) => c.charCodeAt(0));
            const key = await readKey(text);
            const blob = await unsealStream(key, new Response(data), "application/pdf");
            const digest = await crypto.subtle.digest("SHA-256", await blob.arrayBuffer());
            let pulls = 0, cancelled = false;
            const endless = (first) => new ReadableStream({
                pull(controller) { pulls += 1; controller.enqueue(pulls === 1 ? first : new Uint8Array(65552)); },
                cancel() { cancelled = true; },
            }, { highWaterMark: 0 });
            const forged = await unsealStream(key, endless(new Uint8Array(65552))).catch((error) => error.constructor.name);
            const broken = new ReadableStream({
                pull(controller) { pulls > 100 ? controller.error(new TypeError("network")) : controller.enqueue(data.slice(0, 70000)); pulls = 101; },
            }, { highWaterMark: 0 });
            const stopped = { pulls, cancelled };
            const cut = await unsealStream(key, broken).catch((error) => error.message);
            return { type: blob.type, size: blob.size, digest: Array.from(new Uint8Array(digest)), forged, stopped, cut };
        }""",
        [key, base64.b64encode(bytes(made.content)).decode()],
    )
    assert (said["type"], said["size"]) == ("application/pdf", 200_000)
    assert bytes(said["digest"]) == hashlib.sha256(file.read_bytes()).digest()
    assert said["forged"] == "Unopenable"
    assert said["stopped"]["pulls"] < 4
    assert said["stopped"]["cancelled"]
    assert said["cut"] == "network"
