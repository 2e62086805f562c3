"""The index of the search: what it folds, what leads to what, what stands in it, and what is made again."""

from __future__ import annotations

import datetime as dt
import json
import random
from pathlib import Path

import pytest

from bench import portals
from portal import shells, site
from portal.article import Articles
from portal.prose import Prose
from portal.search import segment
from portal.search.documents import Document, Source, digest, plain
from portal.search.folding import fold
from portal.search.index import Index
from portal.search.packing import documents, gaps, number
from portal.search.shelf import Shelf
from portal.search.terms import Terms, keys
from tests.conftest import PortalFolder
from tests.unit.test_shells import engine


@pytest.mark.parametrize(
    ("typed", "compared"),
    [
        ("滯納金", "滞纳金"),
        ("ＶＡＴ １３％", "vat 13%"),
        ("Café", "cafe"),
        ("3,000 元", "3000 元"),
        ("2026-12-07", "20261207"),
        ("澄硯〔2026〕15號", "澄砚202615号"),
        ("（见 2）", "(见 2)"),
    ],
)
def test_what_readers_take_for_the_same_is_the_same(typed: str, compared: str) -> None:
    """Traditional and simplified, wide and narrow, accents, capitals, and what stands inside figures."""
    assert fold(typed) == compared


def test_pairs_count_on_within_a_run_and_never_cross_one() -> None:
    """Neighbours have neighbouring bytes; punctuation parts them; Latin letters are words."""
    terms = Terms()
    terms.add(3, "", "", "税款滞纳金，另见VAT表")
    assert set(terms.pairs) == {"税款", "款滞", "滞纳", "纳金", "另见", "见v", "t表"}
    places = [terms.pairs[pair][0] for pair in ("税款", "款滞", "滞纳", "纳金")]
    assert [(entry - places[0]) % 216 for entry in places] == [0, 1, 2, 3]
    assert all(entry >> 8 == 3 for entry in places)
    assert dict(terms.words) == {"vat": [3]}


def test_words_are_led_to_from_any_part() -> None:
    """Every three letters in a row, or a short word as it is."""
    assert keys("filing") == {"fil", "ili", "lin", "ing"}
    assert keys("hr") == {"hr"}


def test_numbers_and_documents_are_packed() -> None:
    """Seven bits to a byte; gaps where few, a bitmap where many."""
    assert number(300) == b"\xac\x02"
    assert gaps([5, 5, 300]) == b"\x05\x00\xa7\x02"
    assert documents([1, 9], 16) == b"\x04\x01\x08"
    assert documents([0, 1, 9], 16) == b"\x07\x03\x02"


def test_html_becomes_the_lines_that_are_read() -> None:
    """Markup inside a word is gone, blocks are lines, cells are words, a wrapped Chinese line is one."""
    markup = "<p>税款<b>滞纳</b>金，\n见下 &amp; 表</p><table><tr><td>甲</td><td>乙</td></tr></table>"
    assert plain(markup) == "税款滞纳金，见下 & 表\n甲 乙"


def _source(name: str, text: str, year: int = 2026) -> Source:
    document = Document(f"notices/{name}/", f"题{name}", "", "general", "zh", dt.date(year, 1, 1), text)
    return Source(name, digest([text]), lambda: [document])


def test_an_edit_makes_only_its_own_segment_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An added or changed notice leaves other segments on the shelf, and the bytes are those of a fresh index."""
    monkeypatch.setattr(segment, "SIZE", 8)
    sources = [_source(f"n{at}", f"第{at}号，办理事项。") for at in range(60)]
    first = Index([], sources, ["zh"], Shelf(tmp_path))
    first.prepare()
    changed = [*sources[:20], _source("n20", "改了一句。"), *sources[21:], _source("n60", "新的。")]
    again = Index([], changed, ["zh"], Shelf(tmp_path))
    assert len(first.segments) > 3
    assert len(set(again.segments) - set(first.segments)) == 2
    again.prepare()
    fresh = Index([], changed, ["zh"], Shelf(tmp_path / "other"))
    assert list(again.shards()) == list(fresh.shards())
    assert {file.name for file in (tmp_path / "search").iterdir()} == set(again.segments)


def test_a_damaged_shelf_is_made_anew(tmp_path: Path) -> None:
    """A file that is cut short is not read."""
    index = Index([], [_source("a", "办理事项")], ["zh"], Shelf(tmp_path))
    index.prepare()
    before = list(index.shards())
    file = next((tmp_path / "search").iterdir())
    file.write_bytes(file.read_bytes()[:-3])
    assert list(index.shards()) == before


def _files(folder: PortalFolder) -> dict[str, bytes]:
    plan = folder.plan()
    rendered = shells.fetch(plan.settings, engine)
    articles = Articles(plan, Prose(plan.settings, plan.settings.cache_dir))
    made = site.files(plan, rendered, articles)
    return {path: bytes(data) for path, data in made if path.startswith("search/")}


def test_nothing_private_and_nothing_scheduled_is_in_the_index(portal_folder: PortalFolder) -> None:
    """The bytes are those of a portal without them; of a public notice only the latest version is there."""
    portal_folder.notice("open", "title: 公开事项\ndate: 2026-11-01", "旧的说法。\n")
    portal_folder.commit("first", at="2026-11-01T10:00+08:00")
    portal_folder.notice(
        "open", "title: 公开事项\ndate: 2026-11-01\nrevisions: [{on: 2026-11-20, note: 改}]", "新的说法。\n"
    )
    before = _files(portal_folder)
    portal_folder.notice("sealed", "title: 专函\ndate: 2026-11-02\naudience: {clients: [yunshan]}", "密不外传。\n")
    portal_folder.notice("later", "title: 将来\ndate: 2027-03-01", "尚未公布。\n")
    portal_folder.client("yunshan", "id: yunshan\nname: 云杉\ncontacts: [{id: a, name: 安, email: a@b.example.com}]\n")
    assert _files(portal_folder) == before
    shown = [piece for path, data in before.items() if path.endswith("/0.json") for piece in json.loads(data)]
    assert [one["x"] for one in shown if one["u"] == "notices/open/"] == ["新的说法。\n改"]
    assert [one["u"] for one in shown if one["u"].endswith("contact/")] == ["en/contact/", "contact/"]


def test_a_client_named_by_two_public_words_does_not_stop_a_build(portal_folder: PortalFolder) -> None:
    """Pairs and words lie in the index as no text: its neighbours are nobody's name to the gate."""
    portal_folder.notice("open", "title: 公开\ndate: 2026-11-01", "Grace periods, then a stone wall; 园林岚气。\n")
    data = b"".join(data for path, data in _files(portal_folder).items() if path.endswith(".bin"))
    assert b"grace" not in data.lower()
    assert "林岚".encode() not in data


def test_a_first_question_sends_little(tmp_path: Path) -> None:
    """A tenth of 10,000 notices: ten times the table, three average files and ten excerpts are under 300 kB."""
    chance = random.Random(10)
    texts = ["\n".join(portals._sentence(chance) for _ in range(20)) for _ in range(1000)]
    index = Index([], [_source(f"n{at}", text) for at, text in enumerate(texts)], ["zh"], Shelf(tmp_path))
    table, *shards = [data for _, data in index.shards()]
    pieces = [len(data) for one in index.segments for _, data in index.pieces(one)]
    assert len(shards) == 32
    assert 10 * len(table) + 3 * sum(map(len, shards)) // len(shards) + 10 * max(pieces) < 300_000
