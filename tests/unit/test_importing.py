"""Folders of other programs become notices: what is mapped, guessed, left for a person and refused."""

from __future__ import annotations

import datetime as dt
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings, strategies

from portal import config, frontmatter, importing, sources
from portal.errors import PortalError, Problem, errors_in
from portal.importing import Import, moments
from tests.conftest import PortalFolder


def make(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    return folder


def run(portal: PortalFolder, folder: Path) -> Import:
    """Survey and write, and see that the portal can read everything that was written."""
    taken = frozenset(portal.sources().notices)
    outcome = importing.survey(folder, portal.settings(), taken)
    importing.write(outcome, portal.settings())
    assert errors_in(list(portal.sources().problems)) == []
    return outcome


def front(portal: PortalFolder, name: str) -> dict[str, object]:
    data = frontmatter.split((portal.root / "notices" / name).read_bytes()).front.data
    assert isinstance(data, dict)
    return data


def codes(problems: tuple[Problem, ...]) -> list[str]:
    return sorted(p.code for p in problems)


def written(portal: PortalFolder) -> list[str]:
    return sorted(p.relative_to(portal.root / "notices").as_posix() for p in (portal.root / "notices").rglob("*.md"))


JEKYLL = {
    "_posts/2019-05-01-outage.md": "---\nlayout: post\ntitle: Outage\nauthor: Ann\ntags: mail network\n"
    "category: status\n---\nIt broke.\n",
    "_posts/2020-05-01-outage.markdown": "---\ntitle: Outage again\npermalink: /old/\n---\nAgain.\n",
    "_posts/en/2021-01-09-Été Plans.md": "---\n---\n# Our *summer* plans {#top}\n\nText\n",
    "_drafts/2021-02-01-soon.md": "---\ntitle: Soon\n---\nNot yet.\n",
    "README.md": "# Not a post\n",
    "node_modules/x/2020-01-01-a.md": "---\ntitle: no\n---\n",
}


def test_a_jekyll_folder(portal_folder: PortalFolder, tmp_path: Path) -> None:
    """Dates come from file names, tags from one line of words, drafts from their folder; the rest becomes x- keys."""
    outcome = run(portal_folder, make(tmp_path / "blog", JEKYLL))
    assert written(portal_folder) == [
        "2019/outage.en.md",
        "2020/outage-2020-05-01.en.md",
        "2021/ete-plans.en.md",
        "2021/soon.en.md",
    ]
    first = front(portal_folder, "2019/outage.en.md")
    assert list(first) == ["title", "date", "x-imported", "x-tags", "x-layout", "x-author"]
    assert first["date"] == dt.date(2019, 5, 1)
    assert first["x-tags"] == ["mail", "network", "status"]
    assert (first["x-layout"], first["x-author"]) == ("post", "Ann")
    assert front(portal_folder, "2020/outage-2020-05-01.en.md")["x-permalink"] == "/old/"
    assert front(portal_folder, "2021/ete-plans.en.md")["title"] == "Our summer plans"
    assert front(portal_folder, "2021/soon.en.md")["draft"] is True
    assert codes(outcome.guessed) == ["date-from-name"] * 4 + ["language-from-text"] * 3 + ["title-from-heading"]
    assert (outcome.notices, outcome.translations, outcome.drafts, outcome.refused) == (4, 0, 1, ())
    assert outcome.skipped == {
        "README, LICENSE and the like": 1,
        "folders that hold no posts (hidden, node_modules, layouts, themes …)": 1,
    }


def test_the_pages_of_a_jekyll_site_are_passed_over(portal_folder: PortalFolder, tmp_path: Path) -> None:
    """A whole site may be named: what has a date is a post wherever it stands, undated pages are counted, and an
    undated file among the posts is told."""
    site = {
        "_posts/2020-01-01-a.md": "---\ntitle: a\n---\n",
        "_posts/undated.md": "---\ntitle: u\n---\n",
        "_news/b.md": "---\ntitle: b\ndate: 2020-02-02\n---\n",
        "_docs/install.md": "---\ntitle: Install\n---\n",
        "about.md": "---\ntitle: About\n---\n",
    }
    outcome = run(portal_folder, make(tmp_path / "site", site))
    assert written(portal_folder) == ["2020/a.en.md", "2020/b.en.md"]
    assert outcome.skipped == {"pages without a date, of a site that keeps its posts in _posts": 2}
    assert [(p.location.file.rsplit("/", 1)[-1], p.code) for p in outcome.refused] == [("undated.md", "no-date")]


def test_a_hugo_site(portal_folder: PortalFolder, tmp_path: Path) -> None:
    """TOML, page bundles, section pages, a publish date, an expiry date, and values with no place of their own."""
    toml = (
        '+++\ntitle = "Prices: 2024"\ndate = 2024-01-02T09:00:00+08:00\ndraft = false\nexpiryDate = 2030-01-01\n'
        'aliases = ["/p"]\nweight = 10\n[params]\nat = 09:30:00\n+++\r\nBody\r\n'
    )
    outcome = run(
        portal_folder,
        make(
            tmp_path / "content",
            {
                "posts/_index.md": "---\ntitle: All posts\n---\n",
                "posts/prices/index.md": toml,
                "posts/prices/cover.png": b"\x89PNG",
                "posts/moved/index.en.md": "---\ntitle: We move\npublishDate: 2024-02-03\n---\n"
                "![map](map.png) {{< map >}}\n",
                "posts/moved/index.zh.md": "---\ntitle: 我们搬家\npublishDate: 2024-02-03\n---\n搬家\n",
            },
        ),
    )
    assert written(portal_folder) == ["2024/moved.en.md", "2024/moved.zh.md", "2024/prices.en.md"]
    prices = front(portal_folder, "2024/prices.en.md")
    assert prices["title"] == "Prices: 2024"
    assert prices["date"] == dt.datetime(2024, 1, 2, 9, tzinfo=dt.timezone(dt.timedelta(hours=8)))
    assert prices["expires"] == dt.date(2030, 1, 1)
    assert (prices["x-aliases"], prices["x-weight"], prices["x-params"]) == (["/p"], 10, {"at": "09:30:00"})
    assert (portal_folder.root / "notices/2024/prices.en.md").read_bytes().endswith(b"---\nBody\r\n")
    assert front(portal_folder, "2024/moved.en.md")["translates"] == 1
    assert "date" not in front(portal_folder, "2024/moved.en.md")
    assert codes(outcome.left) == ["crlf", "files-stay", "hugo-shortcode"]
    assert outcome.skipped["section pages"] == 1


def test_a_material_and_a_hexo_blog(portal_folder: PortalFolder, tmp_path: Path) -> None:
    """Material's date block, Hexo's missing opening fence, categories, a password, an unlisted post."""
    outcome = run(
        portal_folder,
        make(
            tmp_path / "blog",
            {
                "posts/hello.md": "---\ntitle: Hello\ndate:\n  created: 2024-03-01\n  updated: 2024-04-01\n"
                "authors: [ann]\n---\nHi\n",
                "hexo/a.md": "title: 停机：周六\ndate: 2018-3-4 08:05\ncategories:\n- 运维\n"
                "tags: 停机,邮件\n---\n周六停机。\n",
                "hexo/b.md": "---\ntitle: 内部\ndate: 2018-03-05\npassword: secret-word\n---\n内部\n",
                "hexo/c.md": "---\ntitle: 未列出\ndate: 2018-03-06\nunlisted: true\nstatus: published\n---\n内部\n",
            },
        ),
    )
    hello = front(portal_folder, "2024/hello.en.md")
    assert hello["date"] == dt.date(2024, 3, 1)
    assert hello["x-date"] == {"created": dt.date(2024, 3, 1), "updated": dt.date(2024, 4, 1)}
    first = front(portal_folder, "2018/a.zh.md")
    assert first["title"] == "停机：周六"
    assert first["date"] == dt.datetime.fromisoformat("2018-03-04T08:05")
    assert first["x-tags"] == ["停机", "邮件", "运维"]
    assert front(portal_folder, "2018/b.zh.md")["draft"] is True
    assert "secret-word" not in (portal_folder.root / "notices/2018/b.zh.md").read_text()
    assert front(portal_folder, "2018/c.zh.md")["draft"] is True
    assert "fence-added" in codes(outcome.guessed)
    assert codes(outcome.left) == ["password"]


def test_language_pairs(portal_folder: PortalFolder, tmp_path: Path) -> None:
    """Files that differ in their language only are one notice; its original is in the portal's first language."""
    outcome = run(
        portal_folder,
        make(
            tmp_path / "site",
            {
                "zh-cn/a.md": "---\ntitle: 甲\ndate: 2020-01-01\nauthor: 王\ntags: [x]\n---\n甲\n",
                "en-us/a.md": "---\ntitle: A\ndate: 2020-01-02\nauthor: Wang\ntags: [x]\nsummary: Sum\n"
                "number: N1\n---\nA\n",
                "content/en/b.md": "---\ntitle: B\ndate: 2020-01-01\n---\nB\n",
                "content/ja/b.md": "---\ntitle: ビー\ndate: 2020-01-01\n---\nビー\n",
                "c.md": "---\ntitle: 丙丙丙\ndate: 2020-01-01\n---\n丙丙丙\n",
                "c.en.md": "---\ntitle: C\ndate: 2020-01-01\ndraft: true\n---\nC\n",
                "blog/2020-05-05-d.mdx": "# D in words\n\nText\n",
                "i18n/zh-CN/docusaurus-plugin-content-blog/2020-05-05-d.mdx": "---\ntitle: 丁\n---\n丁\n",
                "e.md": "---\ntitle: E\ndate: 2020-01-01\nlang: en\nref: e\n---\nE\n",
                "e-zh.md": "---\ntitle: 戊\ndate: 2020-01-01\nlang: zh-Hans\nref: e\n---\n戊\n",
                "teams/it/news.md": "---\ntitle: The IT desk moves\ndate: 2020-01-01\n---\nText\n",
                "k.md": "---\ntitle: 공지\ndate: 2020-01-01\n---\n공지 사항\n",
            },
        ),
    )
    assert written(portal_folder) == [
        "2020/a.en.md",
        "2020/a.zh.md",
        "2020/b.en.md",
        "2020/c.zh.md",
        "2020/d.en.md",
        "2020/d.zh.md",
        "2020/e-zh.en.md",
        "2020/e-zh.zh.md",
        "2020/news.en.md",
    ]
    english = front(portal_folder, "2020/a.en.md")
    assert list(english) == ["title", "translates", "summary", "x-imported", "x-author", "x-number", "x-date"]
    assert english["x-date"] == dt.date(2020, 1, 2)
    assert "translates" not in front(portal_folder, "2020/a.zh.md")
    assert front(portal_folder, "2020/d.en.md")["translates"] == 1
    assert [(p.code, Path(p.location.file).name) for p in outcome.left] == [
        ("draft-translation", "c.en.md"),
        ("language-unknown", "b.md"),
    ]
    assert [(p.code, Path(p.location.file).name) for p in outcome.refused] == [("language-unknown", "k.md")]
    assert (outcome.notices, outcome.translations) == (6, 3)


BROKEN: dict[str, tuple[str | bytes, int, str]] = {
    "open.md": ("---\ntitle: x\ndate: 2020-01-01\n\nText\n", 1, "open-front-matter"),
    "twice.md": ("---\ntitle: x\ndate: 2020-01-01\ntitle: y\n---\n", 4, "duplicate-key"),
    "yaml.md": ("---\ntitle: x\ntags: [a, b\ndate: 2020-01-01\n---\n", 4, "yaml-syntax"),
    "alias.md": ("---\ntitle: x\ndate: 2020-01-01\na: &b [1]\nc: *b\n---\n", 5, "yaml-alias"),
    "toml.md": ('+++\ntitle = "x"\ndate = 2020-13-01\n+++\n', 3, "toml-syntax"),
    "json.md": ('{\n  "title": "x"\n}\n', 1, "json-front-matter"),
    "keys.md": ("title: x\ndate: 2020-01-01\n\nText\n", 1, "no-front-matter"),
    "list.md": ("---\n- a\n---\n", 2, "no-keys"),
    "gbk.md": ("---\ntitle: x\ndate: 2020-01-01\nsummary: 公告\n---\n".encode("gbk"), 4, "not-utf-8"),
    "binary.md": (b"---\ntitle: x\n---\n\x00\x01", 4, "nul"),
    "dateless.md": ("---\ntitle: x\n---\n", 1, "no-date"),
    "ambiguous.md": ("---\ntitle: x\ndate: 01/02/2020\n---\n", 3, "no-date"),
    "huge.md": (b"---\ntitle: x\ndate: 2020-01-01\n---\n" + b"a" * 2_000_000, 1, "too-large"),
}


def test_broken_files_are_refused_each_with_its_line(portal_folder: PortalFolder, tmp_path: Path) -> None:
    """What cannot be read is named with file, line and hint; the posts beside it are imported."""
    files = {name: text for name, (text, _, _) in BROKEN.items()}
    folder = make(tmp_path / "blog", files | {"good.md": "---\ntitle: Good\ndate: 2020-01-01\n---\n"})
    outside = make(tmp_path, {"outside.md": "---\ntitle: x\ndate: 2020-01-01\n---\n"}) / "outside.md"
    (folder / "link.md").symlink_to(outside)
    (folder / "nowhere.md").symlink_to("missing.md")
    (folder / "inside.md").symlink_to("good.md")
    os.mkfifo(folder / "pipe.md")
    outcome = run(portal_folder, folder)
    expected = {name: (line, code) for name, (_, line, code) in BROKEN.items()}
    expected |= {"link.md": (1, "link-outside"), "nowhere.md": (1, "broken-link"), "pipe.md": (1, "not-a-file")}
    assert {Path(p.location.file).name: (p.location.line, p.code) for p in outcome.refused} == expected
    assert all(p.hint for p in outcome.refused)
    assert written(portal_folder) == ["2020/good.en.md"]


SLOPPY = {
    "title: Foo: bar": "Foo: bar",
    "title:\tTabbed: text": "Tabbed: text",
    "title: @foo": "@foo",
    "title: [公告] 维护": "[公告] 维护",
    "title: *Note* to all": "*Note* to all",
    'title: "Say "hi" now"': 'Say "hi" now',
    "title: 'It's'": "It's",
    "title: 50% `off`: now\n  and then": "50% `off`: now and then",
    "title:Tight": "Tight",
    "title：全角冒号": "全角冒号",
    "title: Bell\x07": "Bell",
}


@pytest.mark.parametrize("line", SLOPPY)
def test_a_sloppy_title_is_mended_and_told(portal_folder: PortalFolder, tmp_path: Path, line: str) -> None:
    """A one-line text that is not YAML is read as if it were quoted, and the report says at which line."""
    text = f"---\ndate: 2020-01-01\n{line}\n---\nText\n"
    outcome = run(portal_folder, make(tmp_path / "blog", {"en/a.md": text}))
    assert front(portal_folder, "2020/a.en.md")["title"] == SLOPPY[line]
    assert [(p.code, p.location.line) for p in outcome.guessed] == [("yaml-mended", 3)]


TITLES = {
    "title: 2020": "2020",
    "title: 1.10": "1.10",
    "title: true": "true",
    "title: 2020-02-03": "2020-02-03",
    "title: 10:30": "10:30",
    "title: 'yes'": "yes",
    "title: |\n  Two\n  lines": "Two lines",
    "title: 🎉 新年 \u200b": "🎉 新年",
    "TITLE: Shouted": "Shouted",
}


@pytest.mark.parametrize("line", TITLES)
def test_a_title_stays_as_it_was_written(portal_folder: PortalFolder, tmp_path: Path, line: str) -> None:
    """Whatever YAML would make of it, a title is text."""
    outcome = run(portal_folder, make(tmp_path / "blog", {"en/a.md": f"---\ndate: 2020-01-01\n{line}\n---\nText\n"}))
    assert front(portal_folder, "2020/a.en.md")["title"] == TITLES[line]
    assert outcome.guessed == ()


def test_a_long_title_is_shortened_and_kept(portal_folder: PortalFolder, tmp_path: Path) -> None:
    """A title has 200 characters at most; the whole one stands in x-title."""
    long = "word " * 60
    outcome = run(portal_folder, make(tmp_path / "blog", {"en/a.md": f"---\ndate: 2020-01-01\ntitle: {long}\n---\n"}))
    data = front(portal_folder, "2020/a.en.md")
    assert data["title"] == "word " * 38 + "word…"
    assert data["x-title"] == long.strip()
    assert codes(outcome.guessed) == ["title-shortened"]


def test_values_without_a_place_are_kept_as_written(portal_folder: PortalFolder, tmp_path: Path) -> None:
    """An x- key has the value of its source, also where the source has a key of ours that does not fit."""
    text = (
        "---\ntitle: T\ndate: 2020-01-01\nversion: 1.10\nno: off\nemoji: 👋 你好\nauthor: {name: Ann, url: 'http://a'}\n"
        "kind: page\naudience: developers\nnumber: 12\nid: 7\nvalues: [1, 2]\nwhen: 2020-02-30\nx-own: 1\nempty:\n"
        "expires: 2019-01-01\nscope: All of us\n---\n"
    )
    outcome = run(portal_folder, make(tmp_path / "blog", {"en/a.md": text}))
    raw = (portal_folder.root / "notices/2020/a.en.md").read_text()
    data = front(portal_folder, "2020/a.en.md")
    assert "\nx-version: 1.10\n" in raw
    assert "\nx-no: off\n" in raw
    assert "\nx-emoji: 👋 你好\n" in raw
    assert data["scope"] == "All of us"
    assert data["x-author"] == {"name": "Ann", "url": "http://a"}
    assert (data["x-kind"], data["x-audience"], data["x-number"], data["x-id"]) == ("page", "developers", 12, 7)
    assert (data["x-values"], data["x-own"], data["x-when"]) == ([1, 2], 1, "2020-02-30")
    assert data["x-expires"] == dt.date(2019, 1, 1)
    assert "x-empty" not in data
    assert [(p.code, p.location.line) for p in outcome.left] == [("value-as-text", 13)]
    assert portal_folder.sources().notices["a"].notice.kind == "general"


BODIES = {
    "---\r\ntitle: 甲\r\ndate: 2020-01-01\r\n---\r\n\r\nCR LF\r\n\r\n": b"\r\nCR LF\r\n\r\n",
    "\ufeff---\ntitle: 甲\ndate: 2020-01-01\n---\nBOM": b"BOM",
    "\n\n---   \ntitle: 甲\ndate: 2020-01-01\n--- # end\nText\n---\nmore\n": b"Text\n---\nmore\n",
    "--- # comment\ntitle: 甲\ndate: 2020-01-01\n...\n<!-- more -->\n\ttab  \n": b"<!-- more -->\n\ttab  \n",
    "---\ntitle: 甲\ndate: 2020-01-01\n---": b"",
    "---\rtitle: 甲\rdate: 2020-01-01\r---\rold Mac\r": b"old Mac\r",
}


@pytest.mark.parametrize("text", BODIES)
def test_a_body_is_kept_byte_for_byte(portal_folder: PortalFolder, tmp_path: Path, text: str) -> None:
    """What follows the closing fence is the same in the notice, line ends and all; a byte order mark is dropped."""
    run(portal_folder, make(tmp_path / "blog", {"zh/a.md": text}))
    data = (portal_folder.root / "notices/2020/a.zh.md").read_bytes()
    assert data.partition(b"\n---\n")[2] == BODIES[text]


def test_template_code_is_left_for_a_person(portal_folder: PortalFolder, tmp_path: Path) -> None:
    """Code of another program would stand in the page as text, so it is named with its line; not so in code blocks."""
    body = (
        "import X from './x'\n\n{% raw %}\n<Tabs>\n:::note\n{{ site.title }}\n"
        "```\n{{ secrets.X }} {% if %} ![a](b.png)\n```\n`{{ code }}`\n[p](files/p.pdf) ![i](/i.png) ![r](https://e.com/r.png)\n"
    )
    text = f"---\ntitle: T\ndate: 2020-01-01\n---\n{body}"
    outcome = run(portal_folder, make(tmp_path / "blog", {"en/a.mdx": text}))
    assert [(p.location.line, p.code) for p in outcome.left] == [
        (5, "mdx-module"),
        (7, "liquid-tag"),
        (8, "mdx-component"),
        (9, "container"),
        (10, "liquid-value"),
        (15, "files-stay"),
    ]
    assert "images or files of the old site: 2" in outcome.left[-1].message


def test_names_without_ascii_get_an_id_of_their_own(portal_folder: PortalFolder, tmp_path: Path) -> None:
    """An id keeps the ASCII of the name or slug where that says something, and is the same on every run."""
    files = {
        "zh/2020-01-01-系统维护.md": "---\ntitle: 维护\n---\n维护\n",
        "zh/2020-01-01-Seata 源码.md": "---\ntitle: 源码\n---\n源码\n",
        "zh/2020-01-01-x.md": "---\ntitle: 有别名\nslug: /2020/Own-Name\n---\n有\n",
        "zh/2020-01-02.md": "---\ntitle: 只有日期\n---\n日\n",
        "zh/2015-03-00-day-zero.md": "---\ntitle: 零日\ndate: 2015-03-23\n---\n零\n",
        "zh/post.html.md": "---\ntitle: 中间人\ndate: 2015-03-24\n---\n零\n",
    }
    run(portal_folder, make(tmp_path / "blog", files))
    assert written(portal_folder) == [
        "2015/day-zero.zh.md",
        "2015/post.zh.md",
        "2020/2020-01-02.zh.md",
        "2020/own-name.zh.md",
        "2020/post-2020-01-01-3a55be9a.zh.md",
        "2020/seata.zh.md",
    ]


def test_a_second_run_changes_nothing(portal_folder: PortalFolder, tmp_path: Path) -> None:
    """Imported files are known again, even where the notice was edited, renamed or moved since."""
    folder = make(tmp_path / "blog", JEKYLL)
    run(portal_folder, folder)
    edited = portal_folder.root / "notices/2019/outage.en.md"
    edited.write_bytes(edited.read_bytes().replace(b"It broke.", b"It broke down."))
    (portal_folder.root / "notices/2021/soon.en.md").rename(portal_folder.root / "notices/2021/later.en.md")
    before = written(portal_folder)
    again = run(portal_folder, folder)
    assert (again.notices, again.translations, again.refused, len(again.already)) == (0, 0, (), 4)
    assert written(portal_folder) == before
    assert edited.read_bytes().endswith(b"It broke down.\n")
    assert "already imported: 4" in importing.report_text(again)


def test_a_translation_that_comes_later_joins_its_notice(portal_folder: PortalFolder, tmp_path: Path) -> None:
    """The second run writes the new language beside the notice that the first run wrote."""
    folder = make(tmp_path / "site", {"en/a.md": "---\ntitle: A\ndate: 2020-01-01\n---\nA\n"})
    run(portal_folder, folder)
    make(folder, {"zh/a.md": "---\ntitle: 甲\ndate: 2020-01-01\n---\n甲\n"})
    outcome = run(portal_folder, folder)
    assert (outcome.notices, outcome.translations) == (0, 1)
    assert front(portal_folder, "2020/a.zh.md")["translates"] == 1


def test_a_notice_that_is_there_is_never_overwritten(portal_folder: PortalFolder, tmp_path: Path) -> None:
    """An id that the portal has is refused, and so is a source that changed after its import."""
    own = portal_folder.notice("a", "title: 我们的\ndate: 2026-01-01")
    before = own.read_bytes()
    folder = make(tmp_path / "blog", {n: f"---\ntitle: {n}\ndate: 2020-01-01\n---\n" for n in ("a.md", "b.md")})
    assert codes(run(portal_folder, folder).refused) == ["id-taken"]
    make(folder, {"b.md": "---\ntitle: Changed\ndate: 2020-01-01\n---\n"})
    assert codes(run(portal_folder, folder).refused) == ["id-taken", "id-taken"]
    broken = make(portal_folder.root, {"notices/2020/c.en.md": "broken"}) / "notices/2020/c.en.md"
    make(folder, {"c.md": "---\ntitle: C\ndate: 2020-01-01\n---\n"})
    outcome = importing.survey(folder, portal_folder.settings(), frozenset({"a", "b"}))
    assert codes(outcome.refused) == ["file-there", "id-taken", "id-taken"]
    assert broken.read_bytes() == b"broken"
    assert own.read_bytes() == before
    assert front(portal_folder, "2020/b.en.md")["title"] == "b.md"


def test_what_comes_to_be_there_meanwhile_is_not_overwritten(portal_folder: PortalFolder, tmp_path: Path) -> None:
    """A file written between survey and write stops the import with an error that names it."""
    folder = make(tmp_path / "blog", {"a.md": "---\ntitle: A\ndate: 2020-01-01\n---\n"})
    outcome = importing.survey(folder, portal_folder.settings(), frozenset())
    theirs = make(portal_folder.root, {"notices/2020/a.en.md": "theirs"}) / "notices/2020/a.en.md"
    with pytest.raises(PortalError) as caught:
        importing.write(outcome, portal_folder.settings())
    assert str(caught.value.location) == "notices/2020/a.en.md:1:1"
    assert theirs.read_bytes() == b"theirs"


def test_two_files_for_one_language(portal_folder: PortalFolder, tmp_path: Path) -> None:
    """Simplified Chinese goes before traditional; the other file is refused with the reason."""
    post = "---\ntitle: 公告\ndate: 2020-01-01\n---\n公告\n"
    outcome = run(portal_folder, make(tmp_path / "site", {"zh-cn/a.md": post, "zh-tw/a.md": post + "\n"}))
    assert [(p.code, p.location.file.endswith("zh-tw/a.md")) for p in outcome.refused] == [("language-twice", True)]


def test_a_folder_that_cannot_be_imported(portal_folder: PortalFolder, tmp_path: Path) -> None:
    """A missing folder, a file, and the portal itself are errors, not tracebacks."""
    (portal_folder.root / "notices").mkdir()
    for folder in (tmp_path / "missing", make(tmp_path, {"file.md": ""}) / "file.md", portal_folder.root):
        with pytest.raises(PortalError):
            importing.survey(folder, portal_folder.settings(), frozenset())


def test_the_reports_agree(portal_folder: PortalFolder, tmp_path: Path) -> None:
    """The text says the figures, each refusal with its place; the JSON has everything under promised keys."""
    folder = make(tmp_path / "blog", JEKYLL | {"bad.md": "---\ntitle: x\ntags: [a\n---\n"})
    outcome = run(portal_folder, folder)
    text = importing.report_text(outcome)
    data = json.loads(importing.report_json(outcome))
    assert text.splitlines()[-1] == (
        "4 notices (1 of them drafts) and 0 translations; 8 guessed, 0 left for a person, 1 refused"
    )
    assert text.splitlines()[0].startswith("../blog/bad.md:4:1: refused yaml-syntax: ")
    assert "    title → title, 3" in text.splitlines()
    assert (data["notices"], data["drafts"], len(data["imported"]), len(data["guessed"])) == (4, 1, 4, 8)
    assert data["imported"][0]["file"] == "notices/2019/outage.en.md"
    assert set(data["refused"][0]) == {"file", "line", "column", "code", "severity", "message", "hint"}


UTC = dt.UTC
CHINA = dt.timezone(dt.timedelta(hours=8))
MOMENTS = {
    "2019/12/17": dt.date(2019, 12, 17),
    "2020-4-3": dt.date(2020, 4, 3),
    "2020.04.03": dt.date(2020, 4, 3),
    "20200403": dt.date(2020, 4, 3),
    20200403: dt.date(2020, 4, 3),
    "2018-08-11T11:07:51.415Z": dt.datetime(2018, 8, 11, 11, 7, 51, 415000, UTC),
    "2020-01-02 10:00:00 +0800": dt.datetime(2020, 1, 2, 10, tzinfo=CHINA),
    "2020-01-02 10:00:00.5 +0800 CST": dt.datetime(2020, 1, 2, 10, 0, 0, 500000, CHINA),
    "2020-01-02T10:00+08": dt.datetime(2020, 1, 2, 10, tzinfo=CHINA),
    "2020-01-02 10:00": dt.datetime.fromisoformat("2020-01-02T10:00"),
    "2020-01-02 9:05 PM": dt.datetime.fromisoformat("2020-01-02T21:05"),
    "2020-01-02 24:00:00": dt.datetime.fromisoformat("2020-01-03T00:00"),
    "2020-07-02 10:00 America/New_York": dt.datetime(2020, 7, 2, 10, tzinfo=dt.timezone(dt.timedelta(hours=-4))),
    "Jan 2, 2020": dt.date(2020, 1, 2),
    "January 2nd, 2020": dt.date(2020, 1, 2),
    "2 January 2020": dt.date(2020, 1, 2),
    "02-Jan-2020": dt.date(2020, 1, 2),
    "Mon, 02 Jan 2006 15:04:05 -0700": dt.datetime(2006, 1, 2, 15, 4, 5, tzinfo=dt.timezone(dt.timedelta(hours=-7))),
    "Wed Nov 20 2019 08:00:00 GMT+0800 (CST)": dt.datetime(2019, 11, 20, 8, tzinfo=CHINA),
    "2020年1月2日": dt.date(2020, 1, 2),
    "2020年1月2日 星期四": dt.date(2020, 1, 2),
    "2020 年 1 月 2 日 10:30": dt.datetime.fromisoformat("2020-01-02T10:30"),
    "25/12/2020": dt.date(2020, 12, 25),
    "25.12.2020": dt.date(2020, 12, 25),
    1577923200: dt.datetime(2020, 1, 2, tzinfo=UTC),
}


@pytest.mark.parametrize("value", MOMENTS)
def test_dates_in_the_forms_of_real_blogs(value: object) -> None:
    """Each is one day or instant; what has no zone stays without one."""
    found, _ = moments.moment(value)
    assert found == MOMENTS[value]
    assert isinstance(found, dt.datetime) == isinstance(MOMENTS[value], dt.datetime)


@pytest.mark.parametrize(
    "value", ["01/02/2020", "2020-02-30", "soon", "", True, None, 7, "0001-01-01", "9" * 400, ["2020"], "2020-01"]
)
def test_what_is_no_date(value: object) -> None:
    """It is said why, and nothing is made up."""
    found, why = moments.moment(value)
    assert found is None
    assert why


PATHS = {
    "2020-01-02-a": dt.date(2020, 1, 2),
    "blog/2020/1/2/a": dt.date(2020, 1, 2),
    "blog/2020/01/02-a": dt.date(2020, 1, 2),
    "20200102_a": dt.date(2020, 1, 2),
    "2020.01.02 a": dt.date(2020, 1, 2),
    "2019-05-05/hangout-2020-01-02": dt.date(2020, 1, 2),
    "2015-03-00-a": None,
    "0000-00-00-template": None,
    "release-2020.1.2": None,
    "post-12345678901": None,
}


@pytest.mark.parametrize("path", PATHS)
def test_dates_in_paths(path: str) -> None:
    """The nearest date that a path names, and none where it only looks like one."""
    assert moments.in_path(path) == PATHS[path]


PIECES = """---⏎ +++⏎ title:_ date:_2020-01-01⏎ a:_b:_c⏎ \t -_ [ ' " {{_x_}} 公告 👋 \r⏎ \u2028 \x85 &a_*a_ !!x_ |_⏎
draft:_ lang:_en⏎ x_=_1⏎ \ufeff ...⏎ #_H⏎ ?_ tags:_[a]⏎ slug:_../../x⏎""".replace("\n", " ").split(" ")
"""Pieces of front matter: _ is a space, ⏎ the end of a line."""
TEXTS = strategies.lists(strategies.sampled_from(PIECES), max_size=24).map(
    lambda parts: "".join(parts).replace("_", " ").replace("⏎", "\n").encode()
)


@given(data=strategies.one_of(TEXTS, strategies.binary(max_size=200)))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_file_breaks_an_import(data: bytes) -> None:
    """Whatever a file holds, it is imported or refused, and what is written can be read, with the body it had."""
    with tempfile.TemporaryDirectory() as name:
        root = make(Path(name), {"portal/mkdocs.yml": "site_name: T\nsite_url: https://t.example.com/\n"}) / "portal"
        folder = make(Path(name) / "blog", {"2020-01-01-a.md": data})
        portal = config.load(root)
        outcome = importing.survey(folder, portal, frozenset())
        importing.write(outcome, portal)
        found = sources.read(portal)
        assert errors_in(list(found.problems)) == []
        assert len(found.notices) + len(outcome.refused) >= 1
        for plan in outcome.planned:
            assert plan.target.is_relative_to(root / "notices")
            assert data.endswith(plan.data.partition(b"\n---\n")[2])
            yaml.safe_load(plan.data.partition(b"\n---\n")[0][4:])
