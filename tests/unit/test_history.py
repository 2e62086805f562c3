"""Versions: a line and a text, out of a real repository."""

import subprocess

from portal import history
from tests.conftest import PortalFolder

V1 = "title: 调整\ndate: 2026-11-20\nsummary: 每月 350 元"
V2 = "title: 调整\ndate: 2026-11-20\nsummary: 每月 360 元\nrevisions: [{on: 2026-11-25, note: 更正金额}]"


def summaries(folder: PortalFolder, language: str = "zh") -> list[str | None]:
    """The summary of each version of notice a, None where its text is not known."""
    settings, found = folder.settings(), folder.sources()
    versions = history.read(settings, found).dossiers["a"].versions
    return [v.texts[language].notice.summary if language in v.texts else None for v in versions]


def codes(folder: PortalFolder) -> list[tuple[str, str]]:
    settings, found = folder.settings(), folder.sources()
    return [(p.code, p.severity.value) for p in history.read(settings, found).problems]


def test_version_k_is_the_last_text_with_k_minus_1_lines(portal_folder: PortalFolder) -> None:
    """A typing mistake mended before the second version belongs to the first one's text."""
    portal_folder.notice("a", V1.replace("350", "3500"))
    portal_folder.commit("publish")
    portal_folder.notice("a", V1)
    portal_folder.commit("mend a typing mistake")
    portal_folder.notice("a", V2)
    portal_folder.commit("second version")
    assert summaries(portal_folder) == ["每月 350 元", "每月 360 元"]
    assert codes(portal_folder) == []


def test_a_translation_goes_with_the_version_it_renders(portal_folder: PortalFolder) -> None:
    """English of version 1 stays with version 1, and version 2 has English only once it is translated."""
    portal_folder.notice("a", V1)
    portal_folder.notice("a", "title: Change\nsummary: 350 a month\ntranslates: 1", lang="en")
    portal_folder.commit("publish")
    portal_folder.notice("a", V2)
    portal_folder.commit("second version")
    assert summaries(portal_folder, "en") == ["350 a month", None]
    portal_folder.notice("a", "title: Change\nsummary: 360 a month\ntranslates: 2", lang="en")
    portal_folder.commit("translate")
    assert summaries(portal_folder, "en") == ["350 a month", "360 a month"]


def test_a_renamed_file_keeps_its_past(portal_folder: PortalFolder) -> None:
    """Moving a notice to another folder, with its id written down, loses no version."""
    body = "".join(f"第 {n} 条说明。\n" for n in range(9))
    portal_folder.notice("a", V1, body)
    portal_folder.commit("publish")
    portal_folder.git("mv", "notices/2026/a.zh.md", "notices/moved.zh.md")
    portal_folder.write("notices/moved.zh.md", f"---\nid: a\n{V2}\n---\n{body}")
    portal_folder.commit("move and revise")
    assert summaries(portal_folder) == ["每月 350 元", "每月 360 元"]


def test_a_merged_branch_counts_as_its_merge(portal_folder: PortalFolder) -> None:
    """Texts that stood only on a side branch were never published."""
    portal_folder.notice("a", V1)
    portal_folder.commit("publish")
    portal_folder.git("checkout", "-q", "-b", "draft")
    portal_folder.notice("a", V1.replace("350", "999"))
    portal_folder.commit("a thought")
    portal_folder.notice("a", V2)
    portal_folder.commit("the second version")
    portal_folder.git("checkout", "-q", "main")
    portal_folder.git("merge", "-q", "--no-ff", "-m", "merge", "draft")
    assert summaries(portal_folder) == ["每月 350 元", "每月 360 元"]


def test_without_a_repository_only_the_working_text_is_known(portal_folder: PortalFolder) -> None:
    """The missing version is a warning, and the build goes on."""
    portal_folder.notice("a", V2)
    assert summaries(portal_folder) == [None, "每月 360 元"]
    assert codes(portal_folder) == [("version-unavailable", "warning")]


def test_a_shallow_clone_that_lacks_a_needed_text_is_an_error(portal_folder: PortalFolder) -> None:
    """CI that fetched one commit is told to fetch all, instead of publishing a site with holes."""
    portal_folder.notice("a", V1)
    portal_folder.commit("publish")
    portal_folder.notice("a", V2)
    portal_folder.commit("second version")
    clone = PortalFolder(portal_folder.root.parent / "clone")
    subprocess.run(
        ["git", "clone", "-q", "--depth", "1", portal_folder.root.as_uri(), str(clone.root)],
        check=True,
        capture_output=True,
    )
    assert codes(clone) == [("shallow-clone", "error")]


def automatic(folder: PortalFolder) -> None:
    file = folder.root / "mkdocs.yml"
    file.write_text(file.read_text("utf-8") + "    versions: automatic\n", encoding="utf-8")


def dated(folder: PortalFolder) -> list[tuple[str, str]]:
    """Title of each version of notice a, and when it was published."""
    settings, found = folder.settings(), folder.sources()
    versions = history.read(settings, found).dossiers["a"].versions
    assert [v.number for v in versions] == list(range(1, len(versions) + 1))
    return [(v.texts["zh"].notice.title, v.on.isoformat()) for v in versions]


def test_automatic_versions_are_the_texts_that_stood_published(portal_folder: PortalFolder) -> None:
    """Edits before publication are one text; later each distinct text is a version, dated by its commit."""
    automatic(portal_folder)
    for at, title in (
        ("2026-11-01T09:00:00+08:00", "草稿"),
        ("2026-11-02T09:00:00+08:00", "第一稿"),
        ("2026-11-12T09:00:00+08:00", "调查中"),
        ("2026-11-13T09:00:00+08:00", "已解决"),
        ("2026-11-14T09:00:00+08:00", "已解决"),
    ):
        portal_folder.notice("a", f"title: {title}\ndate: 2026-11-10")
        portal_folder.commit("edit", at)
    assert dated(portal_folder) == [
        ("第一稿", "2026-11-10T00:00:00+08:00"),
        ("调查中", "2026-11-12T01:00:00+00:00"),
        ("已解决", "2026-11-13T01:00:00+00:00"),
    ]


def test_an_archive_committed_in_bulk_keeps_its_own_dates(portal_folder: PortalFolder) -> None:
    """A post of 2019 that entered the repository in 2026 was published in 2019."""
    automatic(portal_folder)
    portal_folder.notice("a", "title: 旧文\ndate: 2019-03-01")
    portal_folder.commit("edit", "2026-11-01T09:00:00+08:00")
    portal_folder.notice("a", "title: 旧文（更正）\ndate: 2019-03-01")
    portal_folder.commit("edit", "2026-11-05T09:00:00+08:00")
    assert dated(portal_folder) == [
        ("旧文", "2019-03-01T00:00:00+08:00"),
        ("旧文（更正）", "2026-11-05T01:00:00+00:00"),
    ]


def test_automatic_versions_follow_a_renamed_file(portal_folder: PortalFolder) -> None:
    """A post that got another name, and so another id, keeps what it said before."""
    automatic(portal_folder)
    body = "".join(f"第 {n} 条说明。\n" for n in range(9))
    portal_folder.notice("old-name", "title: 一\ndate: 2026-11-01", body)
    portal_folder.commit("edit", "2026-11-01T09:00:00+08:00")
    portal_folder.git("mv", "notices/2026/old-name.zh.md", "notices/2026/a.zh.md")
    portal_folder.notice("a", "title: 二\ndate: 2026-11-01", body)
    portal_folder.commit("edit", "2026-11-05T09:00:00+08:00")
    assert [title for title, _ in dated(portal_folder)] == ["一", "二"]


def test_an_automatic_translation_is_the_one_of_its_time(portal_folder: PortalFolder) -> None:
    """Each version has the words that stood beside it until the next one came."""
    automatic(portal_folder)
    portal_folder.notice("a", "title: 一\ndate: 2026-11-01")
    portal_folder.notice("a", "title: one\ntranslates: 1", lang="en")
    portal_folder.commit("edit", "2026-11-01T09:00:00+08:00")
    portal_folder.notice("a", "title: 二\ndate: 2026-11-01")
    portal_folder.notice("a", "title: two\ntranslates: 2", lang="en")
    portal_folder.commit("edit", "2026-11-05T09:00:00+08:00")
    settings, found = portal_folder.settings(), portal_folder.sources()
    versions = history.read(settings, found).dossiers["a"].versions
    assert [v.texts["en"].notice.title for v in versions] == ["one", "two"]
    assert [p for p in found.problems if p.code == "translates-ahead"] == []
