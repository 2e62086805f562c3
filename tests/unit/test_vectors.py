"""The frozen test vectors in Python; tests/browser/test_unseal.py runs the same through the shipped JavaScript."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

import pytest

from portal import sealing
from portal.config import Secret
from portal.sealing import Code, Content, Mistyped, Unopenable
from tests.vectors import make, reading
from tests.vectors.reading import Vector

CODES = reading.codes()
FILES = reading.files()
SECRET = Secret(make.MASTER)


def named(vector: Vector) -> str:
    return f"{vector.said['letter']} {vector.kind}: {vector.name}"


@pytest.mark.parametrize("vector", CODES, ids=[f"{v['class']}: {v['name']}" for v in CODES])
def test_codes(vector: dict[str, str]) -> None:
    """A code is read to its bits, whichever way it is typed, or is mistyped."""
    if vector["class"] != "success":
        with pytest.raises(Mistyped):
            Code.parse(vector["typed"])
        return
    code = Code.parse(vector["typed"])
    assert code.bits.hex() == vector["code"]
    assert code.index_name == vector["index"]


@pytest.mark.parametrize("vector", [v for v in FILES if v.kind != "malformed-key"], ids=named)
def test_files(vector: Vector) -> None:
    """A sealed file opens to its text, or does not open at all."""
    said = vector.said
    assert len(vector.file) == said["size"]
    if not vector.opens:
        with pytest.raises(Unopenable):
            opened(vector)
        return
    epoch, text = opened(vector)
    assert epoch == said.get("epoch")
    assert len(text) == said["text_size"]
    assert hashlib.sha256(text).hexdigest() == said["text_sha256"]


def opened(vector: Vector) -> tuple[int | None, bytes]:
    said = vector.said
    if said["letter"] == "I":
        return sealing.unseal_index(Code.parse(said["code"]), vector.file)
    key = base64.urlsafe_b64decode(said["key"] + "=")
    assert said.get("name_of_file") in (None, sealing.object_name(key))
    return None, sealing.unseal(key, Content(said["letter"].encode()), vector.file)


def test_the_vectors_are_what_their_script_writes() -> None:
    """The script is a second implementation of the format; it and the frozen files still agree."""
    for name, text in make.files().items():
        assert (make.HERE / name).read_text("ascii") == text, name


def test_frozen_vectors_are_not_overwritten(tmp_path: Path) -> None:
    """Where one would change the script says so and leaves it, unless it is told to replace it."""
    assert make.write(tmp_path, replace=False) == []
    (tmp_path / "codes.json").write_text("{}", "ascii")
    assert make.write(tmp_path, replace=False) == ["codes.json"]
    assert (tmp_path / "codes.json").read_text("ascii") == "{}"
    assert make.write(tmp_path, replace=True) == []
    assert json.loads((tmp_path / "codes.json").read_text("ascii"))["vectors"]


def test_every_class_is_explained_and_no_two_vectors_are_named_alike() -> None:
    """A failure is told by the class and the name alone."""
    explained = (make.HERE / "README.md").read_text("utf-8")
    classes = {v["class"] for v in CODES} | {v.kind for v in FILES}
    assert [kind for kind in sorted(classes) if f"`{kind}`" not in explained] == []
    names = [named(v) for v in FILES] + [f"{v['class']}: {v['name']}" for v in CODES]
    assert len(names) == len(set(names))


def test_this_program_seals_what_the_second_implementation_seals(tmp_path: Path) -> None:
    """Key for key and byte for byte: codes, indexes, notices, redlines and attachments."""
    assert str(sealing.code(SECRET, "yunshan/lin", 3)) == make.written(make.code_of("yunshan/lin", 3))
    for size in (0, 1, 4037, 4038, 4073, 4074, 9000):
        text = bytes(i % 256 for i in range(size))
        code = sealing.code(SECRET, "yunshan/lin", 3)
        assert sealing.seal_index(code, 3, text) == make.index(code.bits, 3, text)
        for content in (Content.NOTICE, Content.REDLINE):
            sealed = sealing.seal(SECRET, content, ("费用", "1", "zh"), text)
            assert (sealed.key, sealed.data) == make.thing(content.value, ("费用", "1", "zh"), text)
            assert sealed.name == make.name_of(sealed.key)
    for size in (0, 1, 4095, 4096, 65535, 65536, 131071, 131072, 262143, 262144, 300_000, 600_000):
        file = tmp_path / "a"
        file.write_bytes(bytes(size))
        made = sealing.seal_file(SECRET, ("费用", "a.pdf"), file)
        key, parts = make.attachment(("费用", "a.pdf"), bytes(size))
        assert (made.key, bytes(made.content)) == (key, b"".join(parts)), size
