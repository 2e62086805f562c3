"""When a file may be known again by how it lies, without being read."""

from __future__ import annotations

import pytest

from portal import chunked

SECOND = 1_000_000_000
READ = 1_800_000_000 * SECOND
"""When a build read the file."""


@pytest.mark.parametrize(
    ("written", "changed", "settled"),
    [
        (READ - 100_000_001, READ - 200_000_001, True),
        (READ - 99_999_999, READ - 200_000_001, False),
        (READ - 900 * SECOND, READ - 99_999_999, False),
        (READ - 2 * SECOND, READ - 3 * SECOND, False),
        (READ - 3 * SECOND, READ - 4 * SECOND, True),
        (READ + 1, READ + 1, False),
    ],
    ids=["long ago", "just now", "moved there just now", "whole seconds", "whole seconds, long ago", "afterwards"],
)
def test_a_file_that_may_change_unseen_is_read_again(written: int, changed: int, settled: bool) -> None:
    """Within one tick of its clock a file may change twice, and a build may have read what stood in between."""
    assert chunked.settled([10, written, changed, 7], READ) is settled
