"""The house rules by golden cases: tests/golden/rules/<code>-<fires or silent>.yml, one small portal each.

A case has `files` and what is `expected` of its code, as file:line; it may have `before` (files of an earlier commit,
with which check --base compares), `config` (keys of extra.duenotice) and `now`.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
import yaml

from portal import history, plan, rules, sources
from portal.article import Articles
from portal.errors import Problem, Severity
from portal.proofreading import Proofreader
from portal.prose import Prose
from tests.conftest import NOW, PortalFolder

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "rules"
AT = dt.datetime.fromisoformat(NOW)


def problems(folder: PortalFolder, now: dt.datetime = AT, base: str | None = None) -> list[Problem]:
    """Everything that `check` says, but for MkDocs' own pages."""
    settings = folder.settings()
    found = sources.read(settings)
    past = history.read(settings, found)
    every = [*found.problems, *rules.graded(settings, past.problems), *rules.check(settings, found, now)]
    every += rules.graded(settings, rules.codes.check(settings, found, history.of_registry(settings)))
    made = plan.make(settings, found, past, now)
    reader = Proofreader(made, Articles(made, Prose(settings)))
    every += [p for entry in made.entries for p in rules.graded(settings, reader.read(entry))]
    if base is not None:
        texts, altered = history.texts_at(settings, base), history.altered_since(settings, base)
        every += rules.graded(settings, rules.change.check(settings, found, texts, altered, now))
    return every


def told(found: list[Problem], code: str) -> list[str]:
    """File and line of what a code points at, in order."""
    where = sorted((p.location.file, p.location.line) for p in found if p.code == code)
    return [f"{file}:{line}" for file, line in where]


def case(name: str) -> dict[str, Any]:
    return dict(yaml.safe_load((GOLDEN / f"{name}.yml").read_text(encoding="utf-8")))


def build(folder: PortalFolder, golden: dict[str, Any]) -> str | None:
    """Write the portal of a case; the commit to compare with, if it has one."""
    config = (folder.root / "mkdocs.yml").read_text(encoding="utf-8")
    own = golden.get("config", {})
    desks = own.pop("desks", {})
    for key, value in desks.items():
        config = config.rstrip() + f"\n      {key}: {yaml.safe_dump(value, default_flow_style=True, width=999)}"
    for key, value in own.items():
        config = config.rstrip() + f"\n    {key}: {yaml.safe_dump(value, default_flow_style=True, width=999)}"
    folder.write("mkdocs.yml", config)
    base = None
    if "before" in golden:
        for path, text in golden["before"].items():
            folder.write(path, text)
        base = folder.commit("before")
        for path in golden["before"]:
            (folder.root / path).unlink()
    for path, text in golden["files"].items():
        folder.write(path, text)
    return base


@pytest.mark.parametrize("name", sorted(file.stem for file in GOLDEN.glob("*.yml")))
def test_a_rule_points_at_exactly_what_the_case_expects(name: str, portal_folder: PortalFolder) -> None:
    """The code that the case is named for stands at the expected files and lines, once each, and nowhere else."""
    golden = case(name)
    base = build(portal_folder, golden)
    code = name.removesuffix("-fires").removesuffix("-silent")
    now = dt.datetime.fromisoformat(golden.get("now", NOW))
    assert told(problems(portal_folder, now, base), code) == golden["expected"]


@pytest.mark.parametrize("code", rules.CODES)
def test_every_rule_has_a_case_that_fires_and_one_that_is_silent(code: str) -> None:
    """No rule is without an example of what it points at and of what it leaves alone."""
    assert case(f"{code}-fires")["expected"] != []
    assert case(f"{code}-silent")["expected"] == []


def test_no_case_is_about_nothing() -> None:
    """Every golden case is named for a code that there is."""
    ends = {f"{code}-{end}" for code in rules.CODES for end in ("fires", "silent")}
    assert {file.stem for file in GOLDEN.iterdir()} <= ends


@pytest.mark.parametrize(("level", "expected"), [("off", []), ("warning", ["warning"]), ("error", ["error"])])
def test_every_rule_can_be_off_a_warning_or_an_error(
    portal_folder: PortalFolder, level: str, expected: list[str]
) -> None:
    """The portal's choice holds for a rule of the house, one of rendering and one on change."""
    lines = "".join(f"\n      {code}: {level}" for code in ("dates-order", "broken-link", "changed-without-revision"))
    portal_folder.write(
        "mkdocs.yml", (portal_folder.root / "mkdocs.yml").read_text(encoding="utf-8") + f"    rules:{lines}\n"
    )
    portal_folder.notice("a", "title: 年结\ndate: 2026-11-20\nexpires: 2026-11-01")
    base = portal_folder.commit("first")
    portal_folder.notice("a", "title: 年结\ndate: 2026-11-20\nexpires: 2026-11-01", "[x](gone.md)")
    found = problems(portal_folder, base=base)
    for code in ("dates-order", "broken-link", "changed-without-revision"):
        assert [p.severity.value for p in found if p.code == code] == expected


def test_rules_say_nothing_private(portal_folder: PortalFolder) -> None:
    """What a private notice says stands in no message and no hint."""
    portal_folder.client("secretco", "name: 秘密客户\n")
    portal_folder.notice(
        "quiet",
        "title: 秘密标题 重要通知\ndate: 2026-11-20\nkind: fee-change\naudience: {clients: [secretco]}\nowner: fees\n"
        "summary: 秘密摘要 万无一失 赋能\nexpires: 2026-11-01\n"
        "comparison: [{item: 秘密项目, old: 1 CNY, new: 7777 CNY}]",
        "秘密正文 [x](hidden-target.md)",
    )
    said = " ".join(f"{p.message} {p.hint}" for p in problems(portal_folder))
    assert "秘密" not in said
    assert "7777" not in said
    assert "hidden-target" not in said


def test_the_fork_is_compared_not_the_tip(portal_folder: PortalFolder) -> None:
    """A notice that others published on the default branch meanwhile was not removed by this branch."""
    portal_folder.notice("a", "title: 年结\ndate: 2026-11-20")
    portal_folder.commit("first")
    portal_folder.git("checkout", "-q", "-b", "mine")
    portal_folder.commit("mine")
    portal_folder.git("checkout", "-q", "main")
    portal_folder.notice("b", "title: 报税\ndate: 2026-11-21")
    portal_folder.commit("theirs")
    portal_folder.git("checkout", "-q", "mine")
    assert told(problems(portal_folder, base="main"), "removed-notice") == []
    (portal_folder.root / "notices/2026/a.zh.md").unlink()
    (portal_folder.root / "notices/2026").rmdir()
    (portal_folder.root / "notices").rmdir()
    assert told(problems(portal_folder, base="main"), "removed-notice") == ["notices/2026/a.zh.md:1"]


def test_automatic_versions_need_no_lines(portal_folder: PortalFolder) -> None:
    """Where each published text is a version by itself, an edit without a line is no mistake."""
    config = (portal_folder.root / "mkdocs.yml").read_text(encoding="utf-8")
    portal_folder.write("mkdocs.yml", config + "    versions: automatic\n")
    portal_folder.notice("a", "title: 年结\ndate: 2026-11-20", "一")
    base = portal_folder.commit("first")
    portal_folder.notice("a", "title: 年结\ndate: 2026-11-20", "二")
    assert told(problems(portal_folder, base=base), "changed-without-revision") == []


def test_the_severity_of_a_rule_is_what_its_paragraph_says() -> None:
    """docs/rules.md begins each paragraph with the severity that the rule has."""
    page = (GOLDEN.parents[2] / "docs" / "rules.md").read_text(encoding="utf-8")
    for rule in rules.RULES:
        word = "Error. " if rule.severity is Severity.ERROR else "Warning. "
        assert f"### {rule.code}\n\n{word}" in page, rule.code
