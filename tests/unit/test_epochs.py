"""The file of epochs: raised by one, whole at any time, and never read where it could bring back an old code."""

from __future__ import annotations

import json
import multiprocessing
from pathlib import Path

import pytest

from portal import epochs
from portal.errors import PortalError


def test_whoever_was_never_rotated_goes_to_epoch_2(tmp_path: Path) -> None:
    """Epoch 1 is written nowhere; the file is sorted, one line a contact."""
    assert epochs.rotate(tmp_path, ["yunshan/lin"]) == {"yunshan/lin": 2}
    assert epochs.rotate(tmp_path, ["heyu/wang", "yunshan/lin"]) == {"heyu/wang": 2, "yunshan/lin": 3}
    said = (tmp_path / "epochs.json").read_text(encoding="utf-8")
    assert said == '{\n  "heyu/wang": 2,\n  "yunshan/lin": 3\n}\n'


def test_an_entry_outlives_its_contact(tmp_path: Path) -> None:
    """The epoch of somebody who is gone stays: the id may be given to another person."""
    (tmp_path / "epochs.json").write_text('{"yunshan/gone": 4}', encoding="utf-8")
    epochs.rotate(tmp_path, ["yunshan/lin"])
    assert epochs.read(tmp_path) == {"yunshan/gone": 4, "yunshan/lin": 2}


@pytest.mark.parametrize(
    "data",
    [
        b"[]",
        b"{",
        b'{"a/b": 0}',
        b'{"a/b": true}',
        b'{"a/b": 1.5}',
        b'{"a/b": "2"}',
        b'{"a/b": 4294967296}',
        b'{"a/b": 3, "a/b": 2}',
        b'<<<<<<< HEAD\n{"a/b": 3}\n',
        b"\xff\xfe",
    ],
)
def test_a_damaged_file_is_neither_read_nor_replaced(tmp_path: Path, data: bytes) -> None:
    """No list, no epoch below 1, nothing that is no number, no contact twice, no unfinished merge."""
    file = tmp_path / "epochs.json"
    file.write_bytes(data)
    with pytest.raises(epochs.Damaged):
        epochs.read(tmp_path)
    with pytest.raises(epochs.Damaged):
        epochs.rotate(tmp_path, ["a/b"])
    assert file.read_bytes() == data


def test_an_epoch_that_is_full_is_not_raised(tmp_path: Path) -> None:
    """The format has 4 bytes for it; nobody else's is raised either."""
    (tmp_path / "epochs.json").write_text(json.dumps({"a/b": 2**32 - 1}), encoding="utf-8")
    with pytest.raises(PortalError, match="cannot be raised"):
        epochs.rotate(tmp_path, ["a/a", "a/b"])
    assert epochs.read(tmp_path) == {"a/b": 2**32 - 1}


def _rotate_often(registry: Path, times: int) -> None:
    for _ in range(times):
        epochs.rotate(registry, ["a/b"])


def test_rotations_at_the_same_time_lose_none(tmp_path: Path) -> None:
    """Four programs raise one epoch 25 times each: it ends at 101, and nothing else lies in the folder."""
    context = multiprocessing.get_context("fork")
    programs = [context.Process(target=_rotate_often, args=(tmp_path, 25)) for _ in range(4)]
    for program in programs:
        program.start()
    for program in programs:
        program.join()
    assert epochs.read(tmp_path) == {"a/b": 101}
    assert [file.name for file in tmp_path.iterdir()] == ["epochs.json"]
