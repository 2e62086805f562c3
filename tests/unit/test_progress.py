"""What a long command says where there is no terminal: a plain line now and then."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from mailer.cli.progress import Watching


def test_without_a_terminal_there_is_a_plain_line_each_ten_seconds(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """At 0, 4, 11, 12 and 21 seconds: two lines, on standard error, without control characters."""
    seconds = iter([0.0, 4.0, 11.0, 11.0, 12.0, 21.0, 21.0])
    monkeypatch.setattr("mailer.cli.progress.time", SimpleNamespace(monotonic=lambda: next(seconds)))
    with Watching("sending", 9) as watching:
        for count in (1, 2, 3, 1):
            watching.advance(count)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == "sending: 3 of 9\nsending: 7 of 9\n"
