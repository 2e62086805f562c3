"""Old addresses lead to the new ones."""

from __future__ import annotations

import pytest

from portal import moved
from portal.notice import former_file
from tests.conftest import PortalFolder


@pytest.mark.parametrize(
    ("path", "file"),
    [
        ("/blog/2020/x.html", "blog/2020/x.html"),
        ("/blog/2020/x/", "blog/2020/x/index.html"),
        ("/blog/2020/x", "blog/2020/x/index.html"),
        ("/%E5%85%AC%E5%91%8A/1.htm", "公告/1.htm"),
        ("/notices/2020/x/", "notices/2020/x/index.html"),
        ("/", None),
        ("//evil.example/x", None),
        ("/../x.html", None),
        ("/a/%2e%2e/x.html", None),
        ("/a//b", None),
        ("/x.html?p=1", None),
        ("/x.html#a", None),
        ("/my/", None),
        ("/assets/x.html", None),
        ("/notices.json", None),
        ("/a\x00b", None),
    ],
)
def test_a_former_path_is_a_file(path: str, file: str | None) -> None:
    """Pages keep their name, folders get an index; what is no plain path, or the program's own, is none."""
    assert former_file(path) == file


def test_every_page_of_a_former_id_leads_on(portal_folder: PortalFolder) -> None:
    """The latest, each version and the page of changes, in each language; attachments stand there once more."""
    portal_folder.write("notices/2026/价目.pdf", b"%PDF-1")
    front = "title: 甲\ndate: 2026-10-01\nredirects: [old-a, /blog/2020/a.html]\nattachments: [价目.pdf]"
    portal_folder.notice("a", front)
    portal_folder.commit("first")
    portal_folder.notice("a", f"{front}\nrevisions: [{{on: 2026-11-01, note: 改}}]")
    portal_folder.commit("second")
    made = dict(moved.files(portal_folder.plan(), frozenset()))
    assert sorted(made) == [
        "blog/2020/a.html",
        "en/notices/old-a/changes/index.html",
        "en/notices/old-a/index.html",
        "en/notices/old-a/v1/index.html",
        "en/notices/old-a/v2/index.html",
        "notices/old-a/changes/index.html",
        "notices/old-a/files/价目.pdf",
        "notices/old-a/index.html",
        "notices/old-a/v1/index.html",
        "notices/old-a/v2/index.html",
    ]
    assert 'data-to="/notices/a/v1/"' in made["notices/old-a/v1/index.html"].decode()
    assert 'data-to="/notices/a/"' in made["blog/2020/a.html"].decode()
    assert 'url=/en/notices/a/changes/"' in made["en/notices/old-a/changes/index.html"].decode()


def test_what_lives_is_not_replaced(portal_folder: PortalFolder) -> None:
    """A redirect makes no file where one is, nor below one, nor in place of a folder."""
    portal_folder.notice(
        "a", "title: 甲\ndate: 2026-10-01\nredirects: [/contact/, /x/y.html, /file.txt/, /blog/a.html]"
    )
    taken = frozenset({"contact/index.html", "x/y.html/z.png", "file.txt"})
    assert sorted(dict(moved.files(portal_folder.plan(), taken))) == ["blog/a.html"]


def test_a_redirect_over_a_living_page_is_told_at_its_place(portal_folder: PortalFolder) -> None:
    """A hand-written page and another notice keep their addresses."""
    portal_folder.notice("a", "title: 甲\ndate: 2026-10-01\nredirects: [/contact/, /notices/b/, /blog/1.html, old-a]")
    portal_folder.notice("b", "title: 乙\ndate: 2026-10-02")
    found = moved.problems(portal_folder.plan(), portal_folder.sources(), frozenset({"contact/index.html"}))
    assert [(p.location.file, p.location.line, p.code, p.message) for p in found] == [
        ("notices/2026/a.zh.md", 4, "redirect-taken", "there is something else at /contact/"),
        ("notices/2026/a.zh.md", 4, "redirect-taken", "there is something else at /notices/b/"),
    ]
