"""What people write in notices/ and clients/, and what they hear when it is wrong."""

import datetime as dt

import pytest

from portal import parallel, rules
from tests.conftest import NOW, PortalFolder

AT = dt.datetime.fromisoformat(NOW)
GOOD = "title: 通知\ndate: 2026-11-20"


def problems(folder: PortalFolder) -> list[tuple[str, int, str]]:
    """File, line and code of everything wrong, in order."""
    found = folder.sources()
    every = [*found.problems, *rules.check(folder.settings(), found, AT)]
    return sorted((p.location.file, p.location.line, p.code) for p in every if p.severity == "error")


@pytest.mark.parametrize(
    ("text", "line", "code"),
    [
        ("", 1, "no-front-matter"),
        ("# 标题\n", 1, "no-front-matter"),
        ("\n\ntitle: a\n", 3, "no-front-matter"),
        ("---\ntitle: a\n", 1, "open-front-matter"),
        ("---\n---\n", 2, "no-keys"),
        ("---\n- a\n---\n", 2, "no-keys"),
        ("---\ntitle: a\n---\n", 2, "missing-key"),
        ("---\ntitle: a\ndate: 2026-02-30\n---\n", 3, "impossible-date"),
        ("---\ntitle: a\ndate: next week\n---\n", 3, "wrong-value"),
        ("---\ntitle: 2027\ndate: 2026-11-20\n---\n", 2, "wrong-type"),
        ("---\ntitle:\ndate: 2026-11-20\n---\n", 2, "wrong-type"),
        (f"---\n{GOOD}\ntitel: b\n---\n", 4, "unknown-key"),
        (f"---\n{GOOD}\ntitle: b\n---\n", 4, "duplicate-key"),
        (f"---\n{GOOD}\nkind: fee-chnage\n---\n", 4, "unknown-value"),
        (f"---\n{GOOD}\naction: {{needed: yes please}}\n---\n", 4, "wrong-type"),
        (f"---\n{GOOD}\naction: {{needed: true}}\n---\n", 4, "wrong-value"),
        (f"---\n{GOOD}\neffective: {{from: 2027-02-01, until: 2027-01-01}}\n---\n", 4, "wrong-value"),
        (f"---\n{GOOD}\nattachments: [gone.pdf]\n---\n", 4, "missing-attachment"),
        (f"---\n{GOOD}\nattachments: [../../mkdocs.yml]\n---\n", 4, "attachment-outside"),
        (f"---\n{GOOD}\nid: Fees 2027\n---\n", 4, "bad-id"),
        (f"---\n{GOOD}\ndetails: {{contract: x}}\n---\n", 4, "unknown-key"),
        (f"---\n{GOOD}\nvalues: gone.csv\naudience: {{clients: [yunshan]}}\n---\n", 4, "missing-values"),
        (f"---\n{GOOD}\naudience: {{clients: [yunshna]}}\n---\n", 4, "unknown-client"),
        (f"---\n{GOOD}\naudience: {{}}\n---\n", 4, "wrong-value"),
        (f"---\n{GOOD}\n<<<<<<< HEAD\nkind: policy\n=======\nkind: incident\n>>>>>>> b\n---\n", 4, "merge-conflict"),
        (f"---\n{GOOD}\n---\na\n<<<<<<< HEAD\nb\n=======\nc\n>>>>>>> b\n", 6, "merge-conflict"),
        (f"---\n{GOOD}\naudience: {{status: [gone]}}\n---\n", 4, "unknown-value"),
        (f"---\n{GOOD}\nx-a: !!python/object/apply:os.system [ls]\n---\n", 4, "yaml-tag"),
        (f"---\n{GOOD}\nsupersedes: never-was\n---\n", 4, "unknown-notice"),
        (f"---\n{GOOD}\nowner: fee\n---\n", 4, "unknown-desk"),
    ],
)
def test_a_mistake_is_one_line_at_its_place(portal_folder: PortalFolder, text: str, line: int, code: str) -> None:
    """Each mistake an author can make is told once, with file and line."""
    portal_folder.client("yunshan", "name: 云杉\ncontacts: [{id: lin, name: 林岚, email: lin@yunshan.example.com}]\n")
    portal_folder.write("notices/2026/a.zh.md", text)
    assert problems(portal_folder) == [("notices/2026/a.zh.md", line, code)]


def test_a_comma_in_braces_is_explained(portal_folder: PortalFolder) -> None:
    """An unquoted sentence with a comma inside { } is what authors write, and the hint names the cure."""
    portal_folder.notice("a", f"{GOOD}\nobjection: {{until: 2026-12-31, how: write to us, by post}}")
    (problem,) = portal_folder.sources().problems
    assert (problem.code, problem.hint) == ("unknown-key", "put the text with the comma in quotes")


def test_a_closed_incident_needs_no_next_update(portal_folder: PortalFolder) -> None:
    """An open one must announce its next update; a closed one has none."""
    front = (
        f"{GOOD}\nkind: incident\nowner: fees\naction: {{needed: false}}\ndetails:\n  found_at: 2026-11-19 08:00\n"
        "  symptom: s\n  periods: p\n  late_fees: l\n  state: s\n"
    )
    portal_folder.notice("a", front)
    assert problems(portal_folder) == [("notices/2026/a.zh.md", 4, "missing-required")]
    portal_folder.notice("a", front + "  closed_at: 2026-11-20 18:00\n")
    assert problems(portal_folder) == []


def test_all_mistakes_come_in_one_pass(portal_folder: PortalFolder) -> None:
    """Three wrong files and a wrong client are all told at once."""
    portal_folder.write("notices/2026/a.zh.md", "no fence")
    portal_folder.write("notices/2026/b.zh.md", b"---\ntitle: \xff\n---\n")
    portal_folder.notice("c", f"{GOOD}\nkindd: x\nurgncy: y")
    portal_folder.client("d", "name: x\nstatus: gone\ncontacts: [{id: a, name: b, email: nobody}]\n")
    assert problems(portal_folder) == [
        ("clients/d.yml", 2, "unknown-value"),
        ("clients/d.yml", 3, "wrong-value"),
        ("notices/2026/a.zh.md", 1, "no-front-matter"),
        ("notices/2026/b.zh.md", 2, "not-utf-8"),
        ("notices/2026/c.zh.md", 4, "unknown-key"),
        ("notices/2026/c.zh.md", 5, "unknown-key"),
    ]


def test_an_id_belongs_to_one_notice(portal_folder: PortalFolder) -> None:
    """The second notice of the same id is refused, naming the first."""
    portal_folder.notice("a", f"{GOOD}\nid: same")
    portal_folder.notice("b", f"{GOOD}\nid: same")
    assert problems(portal_folder) == [("notices/2026/b.zh.md", 4, "duplicate-id")]


def test_a_translation_holds_words_only(portal_folder: PortalFolder) -> None:
    """Facts come from the original; a translation that brings its own is told so."""
    portal_folder.notice("a", f"{GOOD}\nkind: general")
    portal_folder.notice("a", "title: Notice\ntranslates: 1\nurgency: urgent", lang="en")
    assert problems(portal_folder) == [("notices/2026/a.en.md", 4, "fact-in-translation")]


def test_a_translation_needs_its_original(portal_folder: PortalFolder) -> None:
    """A translation alone is refused."""
    portal_folder.notice("a", "title: Notice\ntranslates: 1", lang="en")
    assert problems(portal_folder) == [("notices/2026/a.en.md", 3, "no-original")]


def test_two_files_without_translates_are_two_originals(portal_folder: PortalFolder) -> None:
    """Which of two languages is the original is for the author to say."""
    portal_folder.notice("a", GOOD)
    portal_folder.notice("a", GOOD, lang="en")
    assert problems(portal_folder) == [("notices/2026/a.en.md", 2, "two-originals")]


def test_private_values_are_never_repeated(portal_folder: PortalFolder) -> None:
    """A message about a client names the file and the key, not what stands there."""
    portal_folder.client("d", "name: 秘密客户\nphone: 138-secret\ncontacts: [{id: a, name: 某人, email: secret@@x}]\n")
    told = " ".join(f"{p.message} {p.hint}" for p in portal_folder.sources().problems)
    assert "secret" not in told
    assert "秘密客户" not in told


@pytest.mark.parametrize(
    ("table", "line"),
    [('client,old\nyunshan,"a\nlanpu,b\n', 3), (f'client,old\nyunshan,"{"x" * 200_000}"\n', 2)],
    ids=["open quote", "endless cell"],
)
def test_a_table_of_values_that_is_none_is_told(portal_folder: PortalFolder, table: str, line: int) -> None:
    """A quote that is never closed, or a cell beyond what CSV readers take, is one line at its place."""
    portal_folder.client("yunshan", "name: 云杉\ncontacts: [{id: lin, name: 林岚, email: lin@yunshan.example.com}]\n")
    portal_folder.write("notices/2026/a.csv", table)
    portal_folder.notice("a", f"{GOOD}\nvalues: a.csv\naudience: {{clients: [yunshan]}}")
    assert problems(portal_folder) == [("notices/2026/a.csv", line, "values-csv")]


@pytest.mark.parametrize(
    "former", ["../../../etc/x", "/a/../../x", "//evil.example/x", "/a/%2e%2e/x", "/my/", "a/b", "A", "x\\ny", ""]
)
def test_a_former_id_leads_nowhere_else(portal_folder: PortalFolder, former: str) -> None:
    """`redirects` become addresses, and so files: `mkdocs build` writes them without any other check."""
    portal_folder.notice("a", f'title: t\ndate: 2026-11-20\nredirects: ["{former}"]')
    (problem,) = portal_folder.sources().problems
    assert (problem.code, problem.location.line) == ("wrong-value", 4)
    assert problem.message == (
        "'redirects.1' must be a former id, or the path of a former page, like /blog/2020/x.html"
    )


def test_many_files_are_read_by_several_processors(
    portal_folder: PortalFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And as one would read them: mistakes have their places."""
    for number in range(2 * parallel.LEAST):
        portal_folder.notice(f"n{number:03d}", f"title: 第 {number} 份\ndate: 2026-11-01\n")
    portal_folder.notice("n007", "title: 七\ndate: 2026-11-31\n")
    found = []
    for processors in (1, 2):
        monkeypatch.setattr(parallel, "processors", lambda count=processors: count)
        found.append(portal_folder.sources())
    assert found[0] == found[1]
    assert len(found[1].notices) == 2 * parallel.LEAST - 1
    assert [str(problem.location) for problem in found[1].problems] == ["notices/2026/n007.zh.md:3:7"]
