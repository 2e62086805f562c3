"""The index of the search: what it folds, what leads to what, what stands in it, and what is made again."""

from __future__ import annotations

import datetime as dt
import json
import random
import shutil
import zlib
from pathlib import Path
from typing import Any

import pytest

from bench import portals
from portal import shells, site
from portal.article import Articles
from portal.prose import Prose
from portal.search import revision, segment, shard
from portal.search.documents import Document, Source, digest, plain
from portal.search.folding import fold
from portal.search.index import Index
from portal.search.packing import Reader, documents, gaps, number
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
    pairs = terms.pairs
    assert set(pairs) == {"税款", "款滞", "滞纳", "纳金", "另见", "见v", "t表"}
    places = [pairs[pair][0] for pair in ("税款", "款滞", "滞纳", "纳金")]
    assert [(entry - places[0]) % 216 for entry in places] == [0, 1, 2, 3]
    assert all(entry >> 8 == 3 for entry in places)
    assert dict(terms.words) == {"vat": [3]}


def test_a_run_as_long_as_a_book_is_found_too() -> None:
    """The byte begins anew as often as it must, also with characters beyond the basic plane."""
    terms = Terms()
    terms.add(0, "", "", "税" * 500 + "𠮷野")
    pairs = terms.pairs
    assert len(pairs["税税"]) == 499
    assert {entry & 255 for entry in pairs["税税"]} == set(range(40, 256))
    assert (pairs["𠮷野"][0] - pairs["税𠮷"][0]) % 216 == 1


def test_a_pair_and_a_number_with_one_hash_are_both_found() -> None:
    """CRC-32 takes 资票 and the number 1086585 for the same: what has either lies there once, in order."""
    assert zlib.crc32("资票".encode()) == zlib.crc32(b"=1086585") == 1444494103
    terms = Terms()
    terms.add(0, "", "", "资票")
    terms.add(1, "", "1086585", "别的")
    terms.add(2, "", "", "资票")
    (only,) = shard.split(terms, 3, 1)
    reader = Reader(only)
    found = {}
    value = 0
    for _ in range(reader.number()):
        value += reader.number()
        found[value] = reader.gaps(reader.number())
        reader.take(len(found[value]))
    assert found[zlib.crc32("资票".encode())] == [0, 1, 2]
    assert found[zlib.crc32("别的".encode())] == [1]


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


def _source(name: str, text: str) -> Source:
    return _says([Document(f"notices/{name}/", f"题{name}", "", "general", "zh", dt.date(2026, 1, 1), text)])


def _says(found: list[Document]) -> Source:
    name = found[0].path.split("/")[-2]
    return Source(name, digest([name, *map(repr, found)]), lambda: found)


def _silent(source: Source) -> Source:
    """It must not be asked."""

    def documents() -> list[Document]:
        raise AssertionError(f"{source.name} was asked what it says")

    return source._replace(documents=documents)


def _made(index: Index) -> dict[str, bytes]:
    """Every file of an index."""
    index.prepare()
    return {path: bytes(data) for bundle in index.bundles() for path, data in bundle.make()}


def _afresh(sources: list[Source], cache: Path) -> dict[str, bytes]:
    """The same of one that knows nothing."""
    shutil.rmtree(cache, ignore_errors=True)
    return _made(Index([], sources, ["zh", "en"], Shelf(cache)))


def test_an_edit_makes_only_its_own_segment_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An added or changed notice leaves other segments on the shelf, and the bytes are those of a fresh index."""
    monkeypatch.setattr(segment, "SIZE", 8)
    sources = [_source(f"n{at}", f"第{at}号，办理事项。") for at in range(60)]
    first = Index([], sources, ["zh", "en"], Shelf(tmp_path))
    first.prepare()
    changed = [*sources[:20], _source("n20", "改了一句。"), *sources[21:], _source("n60", "新的。")]
    again = Index([], changed, ["zh", "en"], Shelf(tmp_path))
    assert len(first.segments) > 3
    assert len(set(again.segments) - set(first.segments)) == 2
    assert _made(again) == _afresh(changed, tmp_path / "other")
    assert {file.name for file in (tmp_path / "search").iterdir()} == set(again.segments)


def test_a_changed_sentence_makes_no_segment_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one it stands in is revised, and of the site's files few are others: what the sentence says, and excerpts."""
    sources = [_source(f"n{at:03d}", f"第{at}号，办理事项，{'税款滞纳金' * 90}。") for at in range(200)]
    first = Index([], sources, ["zh", "en"], Shelf(tmp_path))
    before = _made(first)
    known = {bundle.follows for bundle in first.bundles()}
    sources[90] = _source("n090", f"第90号，办理事项，{'税款滞纳金' * 90}。滞税纳款。")
    fresh = _afresh(sources, tmp_path / "other")

    def make(*_: object) -> None:
        raise AssertionError("a segment was made")

    monkeypatch.setattr(segment, "make", make)
    again = Index([], sources, ["zh", "en"], Shelf(tmp_path))
    after = _made(again)
    assert after == fresh
    changed = {path for path in after if after[path] != before.get(path)}
    assert {path for path in changed if path.endswith(".json")} == {next(p for p in changed if "/90.json" in p)}
    assert 1 <= len({path for path in changed if path.endswith(".bin")}) <= 3  # 滞税, 税纳, 纳款 in eight shards
    made = [path for bundle in again.bundles() if bundle.follows not in known for path, _ in bundle.make()]
    assert changed <= set(made)
    assert len([path for path in made if path.endswith(".bin")]) <= 3


def test_only_who_says_something_new_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all others the shelf knows what they say: also where one is new, is gone, or begins a segment."""
    monkeypatch.setattr(segment, "SIZE", 8)
    sources = [_source(f"n{at}", f"第{at}号，{'办理事项' * (at * 20)}。") for at in range(60)]
    Index([], sources, ["zh", "en"], Shelf(tmp_path / "kept")).prepare()
    begins = next(at for at in range(1, 60) if zlib.crc32(f"n{at}".encode()) % 8 == 0)
    edited = [_source("n20", "改了一句。"), _source("n60", "新的。")]
    for at, now in enumerate(
        (
            [*sources[:20], edited[0], *sources[21:]],
            [*sources, edited[1]],
            [*sources[:begins], *sources[begins + 1 :]],
            [*sources[: begins - 1], sources[begins], sources[begins - 1], *sources[begins + 1 :]],
            list(reversed(sources)),
        )
    ):
        cache = tmp_path / f"{at}"
        shutil.copytree(tmp_path / "kept", cache)
        known = [source if source in edited else _silent(source) for source in now]
        assert _made(Index([], known, ["zh", "en"], Shelf(cache))) == _afresh(now, tmp_path / "fresh")


def _notice(name: str, chance: random.Random) -> list[Document]:
    """A notice in one or two languages, with characters that few others have, and now and then a very long one."""
    rare = chance.choice(["滯納金", "滞纳金", "龘龖 干 乾", "税款VAT表", "𠮷野家", "Café", "", ""])
    text = "\n".join(portals._sentence(chance) for _ in range(chance.randrange(1, 5))) + rare
    text *= chance.choice([1] * 9 + [60])
    number = f"试〔2026〕{chance.randrange(40)}号" if chance.random() < 0.7 else ""
    day, kind = dt.date(chance.randrange(2024, 2027), 3, 4), chance.choice(["general", "policy"])
    found = [Document(f"notices/{name}/", portals._title(chance), number, kind, "zh", day, text)]
    if chance.random() < 0.4:
        words = " ".join(chance.choices("filing accounts re a b2b vat tax Deadline invoice".split(), k=8))
        found.append(Document(f"en/notices/{name}/", words.title(), number, kind, "en", day, words))
    return found


def _edit(found: list[list[Document]], chance: random.Random, step: int) -> None:
    """Do to some notices what people do, mostly to their words."""
    at = chance.randrange(len(found))
    name, one = found[at][0].path.split("/")[-2], chance.randrange(len(found[at]))
    was = found[at][one]
    other = _notice(name, chance)[0]
    match chance.choice("word word word title number kind cut year whole new gone swap".split()):
        case "word":
            found[at][one] = was._replace(
                text=was.text + chance.choice(["另见vat表。", "。滯", " deadline", other.text])
            )
        case "title":
            found[at][one] = was._replace(title=other.title)
        case "number":
            found[at][one] = was._replace(number=other.number)
        case "kind":
            found[at][one] = was._replace(kind=other.kind)
        case "cut":
            found[at][one] = was._replace(text=was.text[: chance.randrange(len(was.text) + 1)])
        case "year":
            found[at][one] = was._replace(published=other.published)
        case "whole":
            found[at] = _notice(name, chance)
        case "new":
            found.insert(at, _notice(f"x{step}", chance))
        case "gone":
            del found[at]
        case _:
            found[at], found[at - 1] = found[at - 1], found[at]


@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_is_edited_the_bytes_are_those_of_a_fresh_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Random edits one upon another: what is revised or made of what was kept is what a new index has."""
    monkeypatch.setattr(segment, "SIZE", 12)
    chance = random.Random(seed)
    found = [_notice(f"n{at}", chance) for at in range(40)]
    revised, real = list[segment.Segment | None](), revision.revised

    def watched(*given: Any) -> segment.Segment | None:
        revised.append(real(*given))
        return revised[-1]

    monkeypatch.setattr(revision, "revised", watched)
    for step in range(25):
        for _ in range(chance.choice([1, 1, 1, 3, 12])):
            _edit(found, chance, step)
        sources = [_says(documents) for documents in found]
        again = _made(Index([], sources, ["zh", "en"], Shelf(tmp_path / "kept")))
        fresh = _afresh(sources, tmp_path / "fresh")
        assert {path for path in again.keys() | fresh.keys() if again.get(path) != fresh.get(path)} == set(), step
    assert len([one for one in revised if one]) > 10
    assert None in revised


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ({"text": "龙年"}, {"text": "马年"}),  # the last 龙, whose traditional form the index no longer needs
        ({"title": "干 部"}, {"title": "部"}),
        ({"language": "zh"}, {"language": "en"}),
        ({"published": dt.date(2025, 1, 1)}, {"published": None}),
    ],
)
def test_what_a_revision_cannot_know_is_made_again(tmp_path: Path, was: dict[str, Any], now: dict[str, Any]) -> None:
    """The bytes are those of a fresh index, and no other notice is asked."""
    others = [_source(f"n{at}", "办理事项。龍 年") for at in range(5)]
    one = Document("notices/x/", "题", "", "general", "zh", dt.date(2026, 1, 1), "龙年")
    Index([], [*others, _says([one._replace(**was)])], ["zh", "en"], Shelf(tmp_path / "kept")).prepare()
    changed = _says([one._replace(**now)])
    again = _made(Index([], [*map(_silent, others), changed], ["zh", "en"], Shelf(tmp_path / "kept")))
    assert again == _afresh([*others, changed], tmp_path / "fresh")


def test_what_another_program_made_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor what was made for other languages: then everybody is asked."""
    sources = [_source(f"n{at}", "办理事项。") for at in range(5)]
    Index([], sources, ["zh", "en"], Shelf(tmp_path)).prepare()
    changed = [*map(_silent, sources), _source("n5", "新的。")]
    with pytest.raises(AssertionError, match="n0 was asked"):
        Index([], changed, ["zh"], Shelf(tmp_path)).prepare()
    monkeypatch.setattr("portal.search.index.program", lambda: "another")
    with pytest.raises(AssertionError, match="n0 was asked"):
        Index([], changed, ["zh", "en"], Shelf(tmp_path)).prepare()


@pytest.mark.parametrize("at", [0.0, 0.02, 0.2, 0.5, 0.9, 0.999])
def test_a_damaged_shelf_is_made_anew(tmp_path: Path, at: float) -> None:
    """A bit that is another one, in whatever part of a file, or an end that is gone: nothing of it is in the index."""
    sources = [_source(f"n{nth}", f"第{nth}号，{portals._sentence(random.Random(nth))}" * 40) for nth in range(80)]
    changed = [*sources[:40], _source("n40", "改了一句。"), *sources[41:], _source("n80", "新的。")]
    expected, edited = _afresh(sources, tmp_path / "fresh"), _afresh(changed, tmp_path / "fresh")
    for cut in (False, True):
        for now, files in ((sources, expected), (changed, edited)):
            cache = tmp_path / "kept"
            shutil.rmtree(cache, ignore_errors=True)
            Index([], sources, ["zh", "en"], Shelf(cache)).prepare()
            for file in (cache / "search").iterdir():
                data = bytearray(file.read_bytes())
                data[int(at * len(data))] ^= 1
                file.write_bytes(data[: int(at * len(data))] if cut else data)
            for _ in range(2):
                assert _made(Index([], now, ["zh", "en"], Shelf(cache))) == files


def test_a_shelf_that_loses_a_segment_meanwhile_or_keeps_none_costs_time_alone(tmp_path: Path) -> None:
    """Another build may remove what it does not need; a disk may take no more."""
    sources = [_source(f"n{at}", f"第{at}号，办理事项。") for at in range(40)]
    expected = _afresh(sources, tmp_path / "fresh")
    index = Index([], sources, ["zh", "en"], Shelf(tmp_path))
    index.prepare()
    shutil.rmtree(tmp_path / "search")
    assert {path: data for bundle in index.bundles() for path, data in bundle.make()} == expected
    (tmp_path / "file").write_text("no folder")
    assert _made(Index([], sources, ["zh", "en"], Shelf(tmp_path / "file"))) == expected


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
    shown = [piece for path, data in before.items() if path.count("/") == 2 for piece in json.loads(data)]
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
    files = _afresh([_source(f"n{at}", text) for at, text in enumerate(texts)], tmp_path)
    shards = [len(data) for path, data in files.items() if path.endswith(".bin")]
    excerpts = [len(data) for path, data in files.items() if path.count("/") == 2]
    assert len(shards) == 32
    assert 10 * len(files["search/index.json"]) + 3 * sum(shards) // len(shards) + 10 * max(excerpts) < 300_000
