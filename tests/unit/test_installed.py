"""Versions of packages are those that the library for it would name."""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path

import pytest

from portal import installed


def test_every_package_has_the_version_that_it_says() -> None:
    """All that is installed for these tests."""
    found = list(metadata.distributions())
    assert len(found) > 20
    for package in found:
        assert installed.version(package.name) == metadata.version(package.name), package.name


def test_a_name_is_a_name_however_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two of a name, the one that is imported; one without a folder of its own is asked of the library."""
    for folder, names in {"first": ["Some_Thing-1.5.dist-info"], "second": ["some.thing-1.4.dist-info"]}.items():
        for name in names:
            (tmp_path / folder / name).mkdir(parents=True)
    egg = tmp_path / "second/old_way-2.0.egg-info"
    egg.write_text("Metadata-Version: 1.1\nName: old-way\nVersion: 2.0\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path / each) for each in ("absent", "first", "second")])
    installed._recorded.cache_clear()
    try:
        assert installed.version("some-thing") == installed.version("SOME.thing") == "1.5"
        assert installed.version("old-way") == "2.0"
        with pytest.raises(installed.Missing, match="no-such-thing"):
            installed.version("no-such-thing")
    finally:
        installed._recorded.cache_clear()
