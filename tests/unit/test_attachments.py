"""Attachments are sealed in chunks that prove their place, in constant memory (docs/sealed-format.md)."""

from __future__ import annotations

import hashlib
import itertools
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal import sealing
from portal.chunked import Changed
from portal.config import Secret
from portal.sealing import Content, Unopenable
from portal.sealing.attachments import SealedFile, padded_size

SECRET = Secret(bytes(range(7, 39)))
HEADER, CHUNK, TAG = 6, 65536, 16
SEALED_CHUNK = CHUNK + TAG


def sealed(folder: Path, text: bytes, notice: str = "fees", name: str = "a.pdf") -> SealedFile:
    file = folder / "attachment"
    file.write_bytes(text)
    return sealing.seal_file(SECRET, (notice, name), file)


def opens(key: bytes, data: bytes) -> bytes:
    return sealing.unseal(key, Content.ATTACHMENT, data)


@pytest.mark.parametrize(
    ("size", "file"),
    [
        (0, 4118),
        (1, 4118),
        (4095, 4118),
        (4096, 8214),
        (61439, 61462),
        (65535, 65558),  # with its padding exactly one chunk
        (65536, 69670),  # the second chunk is padding alone
        (131071, 131110),
        (131072, 135222),
        (262143, 262214),  # from here on Padmé's steps are wider than 4 KiB
        (262144, 270422),
        (1_000_000, 1_016_070),
        (10_000_000, 10_226_118),
    ],
)
def test_sizes_on_and_beside_the_borders(tmp_path: Path, size: int, file: int) -> None:
    """Empty, a block, a chunk, and one more: the size foretold is the size written, and the text comes back."""
    text = bytes(i % 251 for i in range(256)) * (size // 256 + 1)
    made = sealed(tmp_path, text[:size])
    data = bytes(made.content)
    assert (made.size, made.content.size, len(data)) == (size, file, file)
    assert opens(made.key, data) == text[:size]


def test_an_attachment_is_sealed_to_the_same_bytes_for_ever(tmp_path: Path) -> None:
    """Key, name and bytes as an independent reading of the format computes them (tests/vectors/make.py)."""
    made = sealed(tmp_path, b"text")
    assert made.name == "0180b8d709c0e03b93783f1aefcb8283"
    assert made.key.hex() == "e420a0c863f3e6318818fde0dcca777b33557d59b6fe6331046500ff82c482e0"
    assert (
        hashlib.sha256(bytes(made.content)).hexdigest()
        == "7906191a0eb71874de0c93eff9da42134fef922d3d84b544c8b36f862538ff38"
    )
    assert bytes(made.content) == bytes(made.content), "it can be gone through more than once"


def test_whatever_differs_has_a_key_of_its_own(tmp_path: Path) -> None:
    """Notice, file name, any byte of any chunk, and zeros at the end that look like padding."""
    long = bytes(200_000)
    texts = [b"", b"\0", b"\x80", b"text", b"text\0", long, long + b"\0", long[:-1] + b"\1", b"\1" + long[1:]]
    made = [sealed(tmp_path, text) for text in texts]
    made += [sealed(tmp_path, b"text", notice="other"), sealed(tmp_path, b"text", name="b.pdf")]
    made += [sealed(tmp_path, b"text", notice="feesa", name=".pdf"), sealed(tmp_path, b"text", notice="", name="")]
    assert len({one.key for one in made}) == len({one.name for one in made}) == len(made)


@given(st.integers(0, 1 << 50))
def test_padding_tells_little_and_costs_little(size: int) -> None:
    """At least one byte; at most a block more for small files and 1/32 for large; 32 sizes between a power of two and
    the next."""
    padded = padded_size(size)
    assert size < padded <= size + max(4096, (size + 1) // 32 + 1)
    assert padded % 4096 == 0
    assert padded_size(padded - 1) == padded, "padding is a fixed point"


def test_padme_leaves_few_sizes_to_tell_apart() -> None:
    """Of a million lengths between 1 MiB and 2 MiB, the host sees 32."""
    assert len({padded_size(size) for size in range(1 << 20, 1 << 21, 1009)}) == 32


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes, list[bytes]]:
    """A text of 3 chunks, the last of them short: its key, header, and sealed chunks."""
    made = sealed(tmp_path_factory.mktemp("long"), b"".join(i.to_bytes(4, "big") for i in range(35_000)))
    data = bytes(made.content)
    body = data[HEADER:]
    chunks = [body[at : at + SEALED_CHUNK] for at in range(0, len(body), SEALED_CHUNK)]
    assert [len(chunk) for chunk in chunks] == [SEALED_CHUNK, SEALED_CHUNK, 12304]
    return made.key, data[:HEADER], chunks


def test_chunks_open_in_their_own_order_only(long: tuple[bytes, bytes, list[bytes]]) -> None:
    """Of all ways to pick up to 4 of the 3 chunks, repeats included, one opens: reordered, duplicated, left out and
    appended ones are refused."""
    key, header, chunks = long
    opened = []
    for count in range(5):
        for order in itertools.product(range(3), repeat=count):
            data = header + b"".join(chunks[i] for i in order)
            try:
                opens(key, data)
                opened.append(order)
            except Unopenable:
                pass
    assert opened == [(0, 1, 2)]


def test_every_truncation_and_extension_is_refused(long: tuple[bytes, bytes, list[bytes]]) -> None:
    """Cut before, on and after every border, and with bytes behind."""
    key, header, chunks = long
    whole = header + b"".join(chunks)
    borders = [0, HEADER, HEADER + SEALED_CHUNK, HEADER + 2 * SEALED_CHUNK, len(whole)]
    lengths = {border + by for border in borders for by in (-17, -16, -1, 0, 1, 16, 17)} - {len(whole)}
    for length in sorted(length for length in lengths if length >= 0):
        with pytest.raises(Unopenable):
            opens(key, whole[:length].ljust(length, b"\0"))
    assert len(opens(key, whole)) == 140_000


def test_a_changed_bit_in_any_part_is_noticed(long: tuple[bytes, bytes, list[bytes]]) -> None:
    """Header, letter, version, and text and tag of every chunk."""
    key, header, chunks = long
    whole = header + b"".join(chunks)
    starts = [HEADER, HEADER + SEALED_CHUNK, HEADER + 2 * SEALED_CHUNK]
    ends = [*starts[1:], len(whole)]
    for place in [*range(HEADER), *starts, *(end - 17 for end in ends), *(end - 1 for end in ends)]:
        data = bytearray(whole)
        data[place] ^= 1
        with pytest.raises(Unopenable):
            opens(key, bytes(data))


def test_a_chunk_of_another_file_does_not_fit(tmp_path: Path, long: tuple[bytes, bytes, list[bytes]]) -> None:
    """Not even where the same text stands at the same place under another name."""
    key, header, chunks = long
    text = opens(key, header + b"".join(chunks))
    other = bytes(sealed(tmp_path, text, name="b.pdf").content)[HEADER:]
    with pytest.raises(Unopenable):
        opens(key, header + other[:SEALED_CHUNK] + chunks[1] + chunks[2])
    with pytest.raises(Unopenable):
        opens(key, header + other)


def test_an_attachment_is_bound_to_its_name_and_kind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Header and name are associated data of every chunk: the right key under another name opens nothing."""
    made = sealed(tmp_path, b"text")
    data = bytes(made.content)
    with pytest.raises(Unopenable):
        sealing.unseal(made.key, Content.NOTICE, data)
    monkeypatch.setattr(sealing.attachments, "object_name", lambda _: "0" * 32)
    with pytest.raises(Unopenable):
        opens(made.key, data)


@pytest.mark.parametrize(
    "after", [b"B" * 70_000 + b"A" * 130_000, b"A" * 200_001, b"A" * 199_999, b"A" * 70_000, b"", None]
)
def test_a_file_that_changes_between_the_passes_is_refused(tmp_path: Path, after: bytes | None) -> None:
    """Changed, grown, shorter, empty or gone: what was given out until then is the true message's own beginning, for
    two texts under one key and nonce would give both away."""
    made = sealed(tmp_path, b"A" * 200_000)
    whole = bytes(made.content)
    file = tmp_path / "attachment"
    file.unlink() if after is None else file.write_bytes(after)
    given_out: list[bytes] = []
    with pytest.raises(Changed, match="attachment changed while it was read"):
        given_out.extend(made.content)
    assert whole.startswith(b"".join(given_out))
    assert len(b"".join(given_out)) < len(whole)


def test_a_file_that_changes_while_it_is_encrypted_is_refused(tmp_path: Path) -> None:
    """Also when its first chunks are through already; put back as it was, it is sealed as before."""
    made = sealed(tmp_path, b"A" * 200_000)
    whole = bytes(made.content)
    pieces = iter(made.content)
    begun = next(pieces) + next(pieces)
    (tmp_path / "attachment").write_bytes(b"B" * 200_000)
    with pytest.raises(Changed):
        b"".join(pieces)
    assert whole.startswith(begun)
    (tmp_path / "attachment").write_bytes(b"A" * 200_000)
    assert bytes(made.content) == whole


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """32 MB are sealed within 1 MB: a few chunks, and 32 bytes for each of them."""
    file = tmp_path / "large.bin"
    with file.open("wb") as opened:
        opened.truncate(32_000_000)
    tracemalloc.start()
    made = sealing.seal_file(SECRET, ("fees", "large.bin"), file)
    size = sum(len(piece) for piece in made.content)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size == made.content.size == 32_513_798
    assert peak < 1_000_000


@given(st.binary(max_size=5000), st.binary(min_size=32, max_size=32))
def test_any_bytes_open_or_are_refused(data: bytes, key: bytes) -> None:
    """Nothing else is raised, whatever stands behind the right header."""
    for content in Content:
        header = b"duen" + content.value + bytes([2 if content is Content.ATTACHMENT else 1])
        for candidate in (data, header + data, (header + data).ljust(8192, b"\0")):
            with pytest.raises(Unopenable):
                sealing.unseal(key, content, candidate)
            with pytest.raises(Unopenable):
                sealing.unseal_index(sealing.Code(key[:16]), candidate)


def test_nothing_secret_shows_in_a_repr(tmp_path: Path) -> None:
    """A sealed file that lands in a log names itself and nothing else."""
    made = sealed(tmp_path, b"text")
    assert repr(made) == f"SealedFile(name='{made.name}', size=4)"
    assert repr(made.content) == "Chunked(size=4118)"
