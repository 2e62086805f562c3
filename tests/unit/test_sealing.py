"""Codes and sealed files; the values written out were computed by an independent reading of docs/sealed-format.md."""

from __future__ import annotations

import contextlib
import dataclasses
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal import sealing
from portal.config import Secret
from portal.sealing import Code, Content, Mistyped, Unopenable
from tests.conftest import REPOSITORY

SECRET = Secret(bytes(range(7, 39)))
LIN = sealing.code(SECRET, "yunshan/lin", 1)


def test_a_code_follows_from_secret_contact_and_epoch() -> None:
    """The code of a contact is always the same, and another one for another contact, epoch or secret."""
    assert str(LIN) == "E2FW-GBC9-442K-F2B5-EVAA-TED1-F4ZE"
    assert LIN.index_name == "44d856b7cc5d1ea063e489985132a5ee"
    assert str(sealing.code(SECRET, "yunshan/lin", 2)) == "5MT0-52KM-CRYW-VK7M-DF7D-WXS4-XS4Z"
    others = [
        sealing.code(SECRET, "yunshan/fang", 1),
        sealing.code(SECRET, "yunshan/lin1", 1),
        sealing.code(Secret(bytes(range(8, 40))), "yunshan/lin", 1),
    ]
    assert len({LIN, *others}) == 4


def test_128_bits_and_a_checksum_make_7_groups_of_4() -> None:
    """The smallest and the largest code have all their symbols."""
    assert str(Code(bytes(16))) == "0000-0000-0000-0000-0000-0000-01X3"
    assert str(Code(b"\xff" * 16)) == "ZZZZ-ZZZZ-ZZZZ-ZZZZ-ZZZZ-ZZZZ-ZZ06"


@pytest.mark.parametrize(
    "typed",
    [
        "E2FW-GBC9-442K-F2B5-EVAA-TED1-F4ZE",
        "e2fwgbc9442kf2b5evaated1f4ze",
        "  e2fw gbc9 442k\tf2b5\nevaa ted1 f4ze ",
        "E2FW–GBC9—442K−F2B5‐EVAA_TED1.F4ZE",
        "Ｅ２ＦＷ－ＧＢＣ９－４４２Ｋ－Ｆ２Ｂ５－ＥＶＡＡ－ＴＥＤ１－Ｆ４ＺＥ",
        "E2FW-GBC9-442K-F2B5-EVAA-TEDI-F4ZE",
        "E2FW-GBC9-442K-F2B5-EVAA-TEDl-F4ZE",
        "E2FW\u200b-GBC9\u00ad-442K-\ufeffF2B5　EVAA-TED1-F4ZE",
    ],
)
def test_reading_a_code_is_forgiving(typed: str) -> None:
    """Case, spacing, dashes, width, and I or L for 1 make no difference."""
    assert Code.parse(typed) == LIN


def test_the_letter_o_is_read_as_zero() -> None:
    """Nobody can tell them apart on paper."""
    assert Code.parse("OOOO-oooo-0000-0000-0000-0000-OIX3") == Code(bytes(16))


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "E2FW",
        "E2FW-GBC9-442K-F2B5-EVAA-TED1-F4Z",
        "E2FW-GBC9-442K-F2B5-EVAA-TED1-F4ZEE",
        "E2FW-GBC9-442K-F2B5-EVAA-TED1-F4ZF",
        "2EFW-GBC9-442K-F2B5-EVAA-TED1-F4ZE",
        "U2FW-GBC9-442K-F2B5-EVAA-TED1-F4ZE",
        "云杉-GBC9-442K-F2B5-EVAA-TED1-F4ZE",
        "\ud800" * 28,
    ],
)
def test_a_mistyped_code_is_said_to_be_one(typed: str) -> None:
    """A wrong length, a foreign symbol, a wrong or swapped one: a domain error that never repeats what was typed."""
    with pytest.raises(Mistyped) as caught:
        Code.parse(typed)
    assert caught.value.message == "the code has a typing mistake"
    assert not typed or typed not in f"{caught.value} {caught.value.hint} {caught.value!r}"


@given(st.binary(min_size=16, max_size=16), st.integers(0, 27), st.sampled_from("0123456789ABCDEFGHJKMNPQRSTVWXYZ"))
def test_one_wrong_symbol_is_all_but_always_noticed(bits: bytes, place: int, symbol: str) -> None:
    """Every code reads back; with one symbol changed it is refused, or in 1 of 4096 cases it is another code."""
    written = str(Code(bits)).replace("-", "")
    assert Code.parse(written) == Code(bits)
    changed = written[:place] + symbol + written[place + 1 :]
    if changed != written:
        with contextlib.suppress(Mistyped):
            assert Code.parse(changed) != Code(bits)


@given(st.text())
def test_any_text_is_a_code_or_mistyped(text: str) -> None:
    """Whatever is pasted raises nothing else."""
    with contextlib.suppress(Mistyped):
        Code.parse(text)


def test_nothing_secret_shows_in_a_repr() -> None:
    """A code, a secret or a key that lands in a log line says nothing."""
    sealed = sealing.seal(SECRET, Content.NOTICE, ("a", "1", "zh"), b"text")
    assert repr(LIN) == "Code()"
    assert repr(SECRET) == "Secret()"
    assert repr(sealed) == f"Sealed(name='{sealed.name}')"


def test_sealing_is_deterministic() -> None:
    """The same input gives the same name, key and bytes, today and in years."""
    sealed = sealing.seal(SECRET, Content.NOTICE, ("fees-2027", "1", "zh"), "您好".encode())
    assert sealed == sealing.seal(SECRET, Content.NOTICE, ("fees-2027", "1", "zh"), "您好".encode())
    assert sealed.name == "da3d57f2c88aa0e33e4e8217388d0a2a"
    assert sealed.key.hex() == "a96a783900572961a7bc516e1bcee9dcc7d9f3a116286729175079fd15b4eeee"
    assert sealing.seal_index(LIN, 1, b"{}") == sealing.seal_index(LIN, 1, b"{}")


def test_whatever_differs_has_a_key_of_its_own() -> None:
    """Identity, version, language, content, kind of file and secret each lead to another key and another name."""
    made = [
        sealing.seal(SECRET, Content.NOTICE, ("fees", "1", "zh"), b"text"),
        sealing.seal(SECRET, Content.NOTICE, ("fees", "2", "zh"), b"text"),
        sealing.seal(SECRET, Content.NOTICE, ("fees", "1", "en"), b"text"),
        sealing.seal(SECRET, Content.NOTICE, ("fees", "1", "zh"), b"texts"),
        sealing.seal(SECRET, Content.NOTICE, ("fees", "1", "zh"), b"text\0"),
        sealing.seal(SECRET, Content.NOTICE, ("fees1", "", "zh"), b"text"),
        sealing.seal(SECRET, Content.REDLINE, ("fees", "1", "zh"), b"text"),
        sealing.seal(Secret(bytes(range(8, 40))), Content.NOTICE, ("fees", "1", "zh"), b"text"),
    ]
    assert len({sealed.key for sealed in made}) == len({sealed.name for sealed in made}) == len(made)


def test_an_index_has_another_salt_for_every_content() -> None:
    """The salt (32 bytes after header and epoch) is what gives each content of one index a key of its own."""
    first, second = sealing.seal_index(LIN, 1, b"{}"), sealing.seal_index(LIN, 1, b'{"a":1}')
    assert first[10:42] != second[10:42]
    assert first[:10] == second[:10]


@given(st.binary(max_size=9000))
def test_what_is_sealed_opens(plaintext: bytes) -> None:
    """Any bytes come back as they were, also where they end like the padding."""
    sealed = sealing.seal(SECRET, Content.REDLINE, ("x", "2", "zh"), plaintext)
    assert sealing.unseal(sealed.key, Content.REDLINE, sealed.data) == plaintext
    assert sealing.unseal_index(LIN, sealing.seal_index(LIN, 7, plaintext)) == (7, plaintext)


@pytest.mark.parametrize(("size", "file"), [(0, 4096), (4073, 4096), (4074, 8192), (4096, 8192), (20000, 20480)])
def test_sizes_are_whole_blocks(size: int, file: int) -> None:
    """A file is a multiple of 4 KiB: header 6, tag 16 and at least one byte of padding included."""
    assert len(sealing.seal(SECRET, Content.NOTICE, ("a",), b"x" * size).data) == file


@pytest.mark.parametrize(("size", "file"), [(0, 4096), (4037, 4096), (4038, 8192)])
def test_an_index_is_whole_blocks_too(size: int, file: int) -> None:
    """Epoch and salt included, so an index of up to 4037 bytes is a file of 4 KiB."""
    assert len(sealing.seal_index(LIN, 1, b"x" * size)) == file


@pytest.mark.parametrize("place", [0, 3, 4, 5, 6, 100, 4079, 4080, 4095])
def test_a_changed_bit_is_noticed(place: int) -> None:
    """Header, text and tag: a notice that was touched anywhere does not open."""
    sealed = sealing.seal(SECRET, Content.NOTICE, ("a", "1", "zh"), b"text")
    data = bytearray(sealed.data)
    data[place] ^= 1
    with pytest.raises(Unopenable):
        sealing.unseal(sealed.key, Content.NOTICE, bytes(data))


@pytest.mark.parametrize("place", [0, 4, 5, 6, 9, 10, 41, 42, 4095])
def test_a_changed_bit_in_an_index_is_noticed(place: int) -> None:
    """Header, masked epoch, salt, text and tag."""
    data = bytearray(sealing.seal_index(LIN, 1, b"{}"))
    data[place] ^= 1
    with pytest.raises(Unopenable):
        sealing.unseal_index(LIN, bytes(data))


@pytest.mark.parametrize("length", [0, 1, 6, 21, 41, 4095, 8192])
def test_a_file_of_another_length_does_not_open(length: int) -> None:
    """Truncated or longer, it is refused in the same way and never crashes."""
    sealed = sealing.seal(SECRET, Content.NOTICE, ("a", "1", "zh"), b"text")
    data = sealed.data[:length].ljust(length, b"\0")
    with pytest.raises(Unopenable):
        sealing.unseal(sealed.key, Content.NOTICE, data)
    with pytest.raises(Unopenable):
        sealing.unseal_index(LIN, sealing.seal_index(LIN, 1, b"{}")[:length].ljust(length, b"\0"))


def test_files_cannot_stand_in_for_each_other() -> None:
    """Another's key, another's code, another epoch's code or another kind of file: nothing opens."""
    one = sealing.seal(SECRET, Content.NOTICE, ("a", "1", "zh"), b"one")
    two = sealing.seal(SECRET, Content.NOTICE, ("b", "1", "zh"), b"two")
    with pytest.raises(Unopenable):
        sealing.unseal(one.key, Content.NOTICE, two.data)
    with pytest.raises(Unopenable):
        sealing.unseal(one.key, Content.ATTACHMENT, one.data)
    with pytest.raises(Unopenable):
        sealing.unseal(one.key, Content.ATTACHMENT, one.data[:4] + b"A" + one.data[5:])
    with pytest.raises(Unopenable):
        sealing.unseal_index(sealing.code(SECRET, "yunshan/lin", 2), sealing.seal_index(LIN, 1, b"{}"))


def test_a_sealed_file_is_bound_to_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name is associated data: the right key under another name opens nothing."""
    sealed = sealing.seal(SECRET, Content.NOTICE, ("a", "1", "zh"), b"text")
    monkeypatch.setattr(sealing.objects, "object_name", lambda _: "0" * 32)
    with pytest.raises(Unopenable):
        sealing.unseal(sealed.key, Content.NOTICE, sealed.data)


def test_the_epoch_is_bound_but_not_in_clear() -> None:
    """Epochs 1 and 2 under one code differ in the file by a mask, and a changed one does not open."""
    first, second = sealing.seal_index(LIN, 1, b"{}"), sealing.seal_index(LIN, 2, b"{}")
    assert first[6:10] != b"\0\0\0\1"
    assert first[10:] != second[10:]
    with pytest.raises(Unopenable):
        sealing.unseal_index(LIN, first[:6] + second[6:10] + first[10:])


def test_sealed_things_are_frozen() -> None:
    """What was sealed cannot be changed by accident afterwards."""
    sealed = sealing.seal(SECRET, Content.NOTICE, ("a",), b"text")
    with pytest.raises(dataclasses.FrozenInstanceError):
        sealed.key = b""  # type: ignore[misc]


def test_the_document_lists_every_character_that_a_code_may_be_strewn_with() -> None:
    """Who writes a reader from docs/sealed-format.md alone drops the same characters as codes.py and unseal.js."""
    document = (REPOSITORY / "docs" / "sealed-format.md").read_text(encoding="utf-8")
    (listed,) = re.findall(r"are dropped: U\+([0-9A-F,\s–]+)\.\n", document)
    dropped: set[int] = set()
    for span in re.split(r",\s*", listed):
        first, _, last = span.partition("–")
        last = first[: len(first) - len(last)] + last
        dropped.update(range(int(first, 16), int(last, 16) + 1))
    wide = {ord(form) for form in "－．＿"}  # of the hyphen, the dot and the underscore: the step before
    every = map(chr, {*range(0x10000)} - {*range(0xD800, 0xE000)})
    assert {ord(character) for character in every if _opens(character + str(LIN))} == dropped | wide
    assert all(_opens(chr(number).join(str(LIN))) for number in dropped)


def _opens(typed: str) -> bool:
    try:
        return Code.parse(typed) == LIN
    except Mistyped:
        return False
