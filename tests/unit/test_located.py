"""YAML with places."""

import datetime as dt
import pickle

import pytest

from portal import decoded, located


def test_every_value_knows_its_line_and_column() -> None:
    """A nested value is found by its path, at the line and column of its key."""
    document = located.read(
        "title: a\naction:\n  needed: true\n  by: 2027-01-31\nstages:\n- {on: 2027-02-01}\n", first_line=2
    )
    assert document.data == {
        "title": "a",
        "action": {"needed": True, "by": dt.date(2027, 1, 31)},
        "stages": [{"on": dt.date(2027, 2, 1)}],
    }
    assert document.place(("action", "by")) == (5, 3)
    assert document.place(("stages", 0, "on")) == (7, 4)
    assert document.place(("action", "missing")) == (3, 1)


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("a: 1\na: 2\n", "duplicate-key", (2, 1)),
        ("title: one: two\n", "yaml-syntax", (1, 11)),
        ("a: [1, 2\n", "yaml-syntax", (2, 1)),
        ("a: 'x\n", "yaml-syntax", (2, 1)),
        ("\ttitle: x\n", "yaml-syntax", (1, 1)),
        ("date: 2026-02-30\n", "impossible-date", (1, 7)),
        ("date: 2026-13-01\n", "impossible-date", (1, 7)),
        ("a: &x [1]\nb: *x\n", "yaml-alias", (2, 1)),
        ("a: !!python/object:os.system x\n", "yaml-tag", (1, 4)),
        ("a: \x07\n", "yaml-character", (1, 1)),
        ("[a]: 1\n", "yaml-key", (1, 1)),
    ],
)
def test_broken_yaml_is_one_fault_with_a_place(text: str, code: str, place: tuple[int, int]) -> None:
    """Whatever is wrong with the YAML is told with its place, and nothing is raised."""
    faults = located.read(text).faults
    assert [(f.code, f.place) for f in faults] == [(code, place)]


def test_a_bomb_of_aliases_costs_nothing() -> None:
    """Ten levels of ten aliases are refused instead of unfolded."""
    lines = ["a0: &a0 [x, x]"] + [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 11)]
    faults = located.read("\n".join(lines)).faults
    assert {f.code for f in faults} == {"yaml-alias"}


def test_deep_nesting_is_a_fault() -> None:
    """A thousand brackets end in a line, not in a traceback."""
    faults = located.read("a: " + "[" * 5000 + "]" * 5000).faults
    assert [f.code for f in faults] == ["yaml-depth"]


def test_a_time_of_day_stays_text() -> None:
    """YAML 1.1 would make 630 of 10:30."""
    assert located.read("at: 10:30\n").data == {"at": "10:30"}


def test_gbk_is_recognised() -> None:
    """A file saved as GBK is refused at the first such byte, with a hint that says so."""
    text, errors, _ = decoded.decode("---\ntitle: 费用调整公告\n---\n".encode("gbk"))
    assert text == ""
    assert [(f.code, f.place) for f in errors] == [("not-utf-8", (2, 8))]
    assert "GBK" in errors[0].hint


def test_windows_files_are_read_and_warned_about() -> None:
    """A byte order mark and CRLF do not stop anybody."""
    text, errors, warnings = decoded.decode(b"\xef\xbb\xbf---\r\ntitle: a\r\n---\r\n")
    assert (text, errors) == ("---\ntitle: a\n---\n", ())
    assert [f.code for f in warnings] == ["byte-order-mark", "crlf"]


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("a: 10:30\nb: 0x1F\nc: yes\nd: ~\n", {"a": "10:30", "b": 31, "c": True, "d": None}),
        ("a: &x word\nb: *x\n", {"a": "word", "b": "word"}),
        ("a: 2027-01-31 09:00:00Z\n", {"a": dt.datetime(2027, 1, 31, 9, tzinfo=dt.UTC)}),
        ("- {1: [], 2: {}}\n", [{"1": [], "2": {}}]),
        ("", None),
    ],
)
def test_what_is_read_quickly_is_read_as_the_thorough_way_reads_it(text: str, data: object) -> None:
    """Asking for a place, which goes the thorough way, finds one for every value and changes none of them."""
    document = located.read(text, first_line=2)
    thorough = located.read(f"{text}\n# a tag makes it thorough\n", foreign_tags=True)
    assert document.data == thorough.data == data
    assert {path: (line - 1, column) for path, (line, column) in document.places.items()} == dict(thorough.places)
    assert pickle.loads(pickle.dumps(document)).places == document.places
