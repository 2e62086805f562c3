"""What real archives hold and the great programs do not: each case stands so in a public repository."""

from pathlib import Path

from tests.conftest import PortalFolder
from tests.unit.test_importing import codes, front, make, run, written


def test_a_fence_may_name_its_language(portal_folder: PortalFolder, tmp_path: Path) -> None:
    """---toml holds TOML up to the next ---; ---json is refused as JSON elsewhere is."""
    toml = '---toml\ntitle = "Power Outage"\ndate = "2019-03-03T21:02:23Z"\nresolved = true\n---\nText.\n'
    json = '---json\n{"title": "a"}\n---\nText.\n'
    outcome = run(portal_folder, make(tmp_path / "blog", {"outage.md": toml, "a.md": json}))
    assert written(portal_folder) == ["2019/outage.en.md"]
    assert front(portal_folder, "2019/outage.en.md")["title"] == "Power Outage"
    assert codes(outcome.refused) == ["json-front-matter"]


def test_a_date_that_cannot_be_read_is_told_at_its_line(portal_folder: PortalFolder, tmp_path: Path) -> None:
    """A post is not said to have no date where it has a wrong one."""
    posts = {
        "a.md": "---\ntitle: a\ndate: 9999-12-2 23:59:59\n---\n",
        "b/index.md": "---\ntitle: b\ndate: 2025-XX-XX\n---\n",
    }
    outcome = run(portal_folder, make(tmp_path / "blog", posts))
    assert [(p.location.line, p.code, "'date' cannot be read" in p.message) for p in outcome.refused] == [
        (3, "no-date", True),
        (3, "no-date", True),
    ]


def test_languages_are_joined_by_the_keys_of_themes(portal_folder: PortalFolder, tmp_path: Path) -> None:
    """`i18n_key` and `translation_key` name one notice in two languages."""
    posts = {
        f"{key}-{language}.md": f"---\ntitle: {title}\ndate: 2026-05-20\nlang: {language}\n{key}: x{key}\n---\n"
        for key in ("i18n_key", "translation_key")
        for language, title in (("zh", "记忆"), ("en", "Memory"))
    }
    outcome = run(portal_folder, make(tmp_path / "blog", posts))
    assert (outcome.notices, outcome.translations) == (2, 2)


def test_template_code_is_in_no_language(portal_folder: PortalFolder, tmp_path: Path) -> None:
    """A Chinese title over a loop in Liquid is a Chinese post."""
    loop = "{% for post in site.categories['all'] %}\n- {{ post.title }}\n{% endfor %}\n" * 5
    run(portal_folder, make(tmp_path / "blog", {"2023-09-08-a.md": f"---\ntitle: 公告\n---\n{loop}"}))
    assert written(portal_folder) == ["2023/a.zh.md"]
