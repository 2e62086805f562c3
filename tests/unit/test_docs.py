"""The documents say what the program does: no key, code, command or option is missing, and none is invented."""

from __future__ import annotations

import ast
import datetime as dt
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import click
import pytest
import yaml

from docs.screenshots import LIMIT, READERS, shots
from mailer.cli import commands as mailer_commands
from portal import rules
from portal.cli import commands as portal_commands
from portal.client import Client, Contact
from portal.config import (
    BusinessCalendar,
    Desk,
    Filing,
    FilingPeriod,
    Hours,
    MailOptions,
    Mandatory,
    Options,
    SendWindow,
    Wording,
)
from portal.errors import errors_in
from portal.explain import keys_of
from portal.kinds import DEMANDS, DETAILS, Block, Demand, Kind
from portal.notice import TEXT_KEYS, About, Notice, Selector, Urgency
from portal.rules import CODES
from portal.sources import TranslationHead
from tests.conftest import NOW, PortalFolder

ROOT = Path(__file__).resolve().parents[2]
GROUPS = {"build.py": portal_commands, "python -m mailer": mailer_commands}
CI_FILES = (".github/workflows/check.yml", ".github/workflows/publish.yml", ".gitlab-ci.yml")
PAGES = (
    "README.md",
    "README.zh.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    *(f"docs/{p.name}" for p in (ROOT / "docs").glob("*.md")),
)


def below(group: click.Group) -> dict[str, click.Command]:
    """The commands of a group, also those that are imported only when they are asked for."""
    context = click.Context(group)
    found = {name: group.get_command(context, name) for name in group.list_commands(context)}
    return {name: command for name, command in found.items() if command is not None}


def text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def sections(page: str, level: int) -> dict[str, str]:
    """The text below each heading of a level, up to the next heading that is as high or higher."""
    found: dict[str, str] = {}
    title = None
    fenced = False
    for line in page.splitlines():
        fenced ^= line.startswith("```")
        heading = None if fenced else re.match(r"(#+) (.+)", line)
        if heading and len(heading[1]) <= level:
            title = heading[2] if len(heading[1]) == level else None
            if title is not None:
                found[title] = ""
        elif title is not None:
            found[title] += line + "\n"
    return found


def rows(page: str) -> dict[str, str]:
    """The first cell of each table row, where it is one code span, with the rest of the row."""
    return {m[1]: m[2] for m in re.finditer(r"^\| `([^`]+)` \|(.*)\|$", page, re.MULTILINE)}


def keys(model: type) -> set[str]:
    return {field.alias or name for name, field in keys_of(model).items()}


def blocks_in(annotation: Any) -> Iterator[type[Block]]:
    if isinstance(annotation, type) and issubclass(annotation, Block):
        yield annotation
    for argument in getattr(annotation, "__args__", ()):
        yield from blocks_in(argument)


# --- rules -----------------------------------------------------------------------------------------------------


def codes_in_the_program() -> set[str]:
    """Every code that a problem with what people write can have; importing has a page of its own."""
    where = {"Problem": 1, "Fault": 1, "problem": 0, "_at": 2}
    found = set(CODES)
    for file in (ROOT / "portal").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            argument: ast.expr | None = None
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", None) or getattr(node.func, "attr", None)
                place = where.get(name or "")
                if place is not None and len(node.args) > place:
                    argument = node.args[place]
            elif isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple) and file.name == "explain.py":
                argument = node.value.elts[0]
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                found.add(argument.value)
    return found


def test_every_code_has_a_paragraph_and_no_paragraph_is_about_nothing() -> None:
    """docs/rules.md explains exactly the codes that the program can print."""
    assert set(sections(text("docs/rules.md"), 3)) == codes_in_the_program()


def test_the_search_for_codes_finds_those_of_every_module() -> None:
    """One code of each module that makes problems is found, so that the test above compares something."""
    assert {
        "lead-time",
        "unknown-key",
        "yaml-alias",
        "no-front-matter",
        "two-originals",
        "client-id",
        "shallow-clone",
        "broken-link",
        "unknown-placeholder",
    } <= codes_in_the_program()


def test_every_paragraph_begins_with_the_severity() -> None:
    """A reader of docs/rules.md sees at once whether a problem stops the build."""
    silent = [
        c
        for c, said in sections(text("docs/rules.md"), 3).items()
        if not said.strip().startswith(("Error. ", "Warning. "))
    ]
    assert silent == []


# --- front matter ----------------------------------------------------------------------------------------------


def test_every_front_matter_key_is_documented() -> None:
    """The tables under "Keys" in docs/front-matter.md have exactly the keys of a notice."""
    assert set(rows(sections(text("docs/front-matter.md"), 2)["Keys"])) == keys(Notice)


def test_every_key_inside_a_key_is_documented() -> None:
    """The row of a key that holds a block names each of the block's keys."""
    table = rows(sections(text("docs/front-matter.md"), 2)["Keys"])
    missing = [
        f"{name}.{key}"
        for name, field in Notice.model_fields.items()
        if name not in ("details", "audience")
        for block in blocks_in(field.annotation)
        for key in keys(block)
        if f"`{key}`" not in table[name]
    ]
    assert missing == []


def test_every_audience_key_is_documented() -> None:
    """The table under "Audience" has exactly the keys of a selector."""
    assert set(rows(sections(text("docs/front-matter.md"), 2)["Audience"])) == keys(Selector)
    assert set(rows(sections(text("docs/front-matter.md"), 2)["About"])) == keys(About)


@pytest.mark.parametrize("kind", list(Kind))
def test_every_details_key_is_documented(kind: Kind) -> None:
    """Each kind's table has exactly the keys of its details, and the row of a list of blocks names theirs."""
    section = sections(sections(text("docs/front-matter.md"), 2)["Details of each kind"], 3)[kind.value]
    table = rows(section)
    assert set(table) == keys(DETAILS[kind])
    for name, field in DETAILS[kind].model_fields.items():
        for block in blocks_in(field.annotation):
            assert [key for key in keys(block) if f"`{key}`" not in table[name]] == []


@pytest.mark.parametrize("kind", list(Kind))
def test_what_each_kind_asks_for_is_documented(kind: Kind) -> None:
    """The table of demands names the same keys, in the same order, and the same days as the program."""
    row = rows(sections(text("docs/front-matter.md"), 2)["What each kind asks for"])[kind.value]
    required, recommended, lead = (re.findall(r"`([^`]+)`", cell) or cell.strip() for cell in row.split("|"))
    demand = DEMANDS[kind]
    assert list(demand.required) == (required if required != "–" else [])
    assert list(demand.recommended) == (recommended if recommended != "–" else [])
    assert lead == (f"{demand.lead_days} days" if demand.lead_days else "–")


def test_what_a_translation_may_say_is_documented() -> None:
    """The section on translations names every key that may be put in words, and those of its own."""
    section = sections(text("docs/front-matter.md"), 2)["Translations"]
    words = {part for key in TEXT_KEYS for part in key.split(".") if part != "*"}
    assert {word for word in words if f"`{word}`" not in section} == set()
    assert set(rows(section)) == keys(TranslationHead)


def test_the_words_that_a_key_takes_are_documented() -> None:
    """Every urgency stands in its row."""
    row = rows(sections(text("docs/front-matter.md"), 2)["Keys"])["urgency"]
    assert [level for level in Urgency if f"`{level}`" not in row] == []


@pytest.mark.parametrize("page", ["README.md", "README.zh.md", "docs/authors.md"])
def test_the_example_notice_has_no_error(page: str, portal_folder: PortalFolder) -> None:
    """Whoever copies the example of a notice into the sample portal meets no error."""
    example = next(iter(re.findall(r"^```markdown\n(.*?)^```", text(page), re.MULTILINE | re.DOTALL)))
    portal_folder.write("mkdocs.yml", text("mkdocs.yml"))
    portal_folder.write("notices/2026/example.md", example)
    found = portal_folder.sources()
    assert (
        errors_in([*found.problems, *rules.check(portal_folder.settings(), found, dt.datetime.fromisoformat(NOW))])
        == []
    )
    assert set(found.notices) == {"example"}


# --- configuration ---------------------------------------------------------------------------------------------


def test_every_configuration_key_is_documented() -> None:
    """docs/configuration.md has exactly the keys of extra.duenotice and of the blocks in it."""
    page = text("docs/configuration.md")
    own = sections(page, 2)["extra.duenotice"]
    blocks = sections(page, 3)
    assert set(rows(own.partition("\n### ")[0])) == keys(Options)
    assert set(rows(blocks["desks"])) == keys(Desk)
    assert [key for key in keys(Hours) if f"`{key}`" not in rows(blocks["desks"])["hours"]] == []
    assert set(rows(blocks["kinds"])) == keys(Demand)
    assert set(rows(blocks["mail"].partition("\n#### ")[0])) == keys(MailOptions)
    within = sections(page, 4)
    for name, block in (("calendar", BusinessCalendar), ("window", SendWindow), ("mandatory", Mandatory)):
        assert set(rows(within[name])) == keys(block)
    assert set(rows(blocks["filing_periods"])) == keys(FilingPeriod)
    assert set(rows(blocks["filing"])) == keys(Filing)
    assert set(rows(blocks["wording"])) == keys(Wording)


def test_every_client_key_is_documented() -> None:
    """The two tables under "Clients" have exactly the keys of a client and of a contact."""
    client, contact = sections(text("docs/configuration.md"), 2)["Clients"].split("A contact:")
    assert set(rows(client)) == keys(Client)
    assert set(rows(contact)) == keys(Contact)


def test_every_environment_variable_is_documented() -> None:
    """Whatever the program reads from the environment has a row, and nothing else has."""
    read = {
        name
        for folder in ("portal", "mailer")
        for file in (ROOT / folder).rglob("*.py")
        for name in re.findall(r"""["']((?:PORTAL|MAILER)_[A-Z_]+|CI)["']""", file.read_text(encoding="utf-8"))
    }
    assert set(rows(sections(text("docs/configuration.md"), 2)["Environment"])) == read


# --- commands --------------------------------------------------------------------------------------------------


def commands(group: click.Group, prefix: str = "") -> Iterator[tuple[str, click.Command]]:
    for name, command in sorted(below(group).items()):
        if isinstance(command, click.Group):
            yield from commands(command, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}", command


def options(command: click.Command) -> set[str]:
    return {name for p in command.params if isinstance(p, click.Option) for name in p.opts if name.startswith("--")}


@pytest.mark.parametrize("program", GROUPS)
def test_every_command_and_option_is_documented(program: str) -> None:
    """docs/commands.md has a section for each command, with its arguments in the heading and a row for each option."""
    found = sections(sections(text("docs/commands.md"), 2)[program], 3)
    expected = {}
    for name, command in commands(GROUPS[program]):
        arguments = [
            str(p.make_metavar(click.Context(command))) for p in command.params if isinstance(p, click.Argument)
        ]
        expected[" ".join([name, *arguments])] = options(command)
    assert {title: {row.split(" ")[0] for row in rows(section)} for title, section in found.items()} == expected


@pytest.mark.parametrize("program", GROUPS)
def test_help_shows_what_is_documented(program: str) -> None:
    """`--help` of each command, also of those in groups, shows the options of its section and says what it does."""
    found = sections(sections(text("docs/commands.md"), 2)[program], 3)
    documented = {re.split(r" \[?[A-Z]", title)[0]: section for title, section in found.items()}
    for name, command in commands(GROUPS[program]):
        said = command.get_help(click.Context(command, info_name=name))
        shown = set(re.findall(r"^ +(?:-\w, )?(--[a-z-]+)", said, re.MULTILINE)) - {"--help"}
        assert shown == {row.split(" ")[0] for row in rows(documented[name])}, name
        assert command.help, name


def test_groups_are_gone_into() -> None:
    """Commands of groups are among those that the tests above look at."""
    assert {"keys rotate", "link"} <= {name for name, _ in commands(portal_commands)}
    assert {"subscribers suppress", "send"} <= {name for name, _ in commands(mailer_commands)}


def test_every_make_target_is_documented() -> None:
    """The table of make commands is the list that `make help` prints."""
    shown = set(re.findall(r"^([a-z]+):.*##", text("Makefile"), re.MULTILINE))
    named = {row.removeprefix("make ") for row in rows(sections(text("docs/commands.md"), 2)["make"])}
    assert named == shown


def calls(shell: str) -> Iterator[tuple[str, list[str]]]:
    """The calls of make, build.py and the mailer in lines of shell: the program, and what follows it."""
    for line in shell.replace("\\\n", " ").splitlines():
        line = line.strip().removeprefix("- ").removeprefix("# - ")
        found = re.search(r"(?:^|[\s/])(make|build\.py|-m mailer)(?:\s+(.*))?$", line)
        if found:
            rest = re.split(r"\s[|>&;]|\s{2,}|\s#|\)", found[2] or "")[0]
            yield found[1].replace("-m", "python -m"), shlex.split(rest.replace("…", ""))


def wrong(program: str, arguments: list[str]) -> str:
    """What is wrong with a call; empty if nothing is."""
    if program == "make":
        targets = set(re.findall(r"^([a-z./]+):", text("Makefile"), re.MULTILINE))
        return ", ".join(a for a in arguments if "=" not in a and a not in targets)
    command: click.Command = GROUPS[program]
    rest = list(arguments)
    while isinstance(command, click.Group):
        if rest and not rest[0].startswith("-"):
            name = rest.pop(0)
            if name not in below(command):
                return name
            command = below(command)[name]
        elif program == "build.py" and command is GROUPS[program] and rest[:1] != ["--help"]:
            command = below(command)["build"]
        else:
            return "" if rest == ["--help"] else "no command"
    return ", ".join(a for a in rest if a.startswith("--") and a.split("=")[0] not in {*options(command), "--help"})


@pytest.mark.parametrize("page", PAGES)
def test_the_documents_call_only_what_exists(page: str) -> None:
    """Every command in a code block or a code span is one that the program has, with options it has."""
    said = text(page)
    fenced = re.findall(r"^```\w*\n(.*?)^```", said, re.MULTILINE | re.DOTALL)
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", said, flags=re.MULTILINE | re.DOTALL))
    found = [
        f"{program} {' '.join(arguments)}: {fault}"
        for program, arguments in calls("\n".join([*fenced, *spans]))
        if not {"|", "…"} & set("".join(arguments)) and program.strip() != " ".join([program, *arguments]).strip()
        if (fault := wrong(program, arguments))
    ]
    assert found == []


def test_a_wrong_call_is_seen() -> None:
    """The test above can fail: an unknown command and an unknown option are found."""
    assert wrong("build.py", ["bild"]) == "bild"
    assert wrong("build.py", ["check", "--fromat", "json"]) == "--fromat"
    assert wrong("python -m mailer", ["send", "--nowhere"]) == "--nowhere"
    assert wrong("make", ["tests"]) == "tests"
    assert list(calls("  - .venv/bin/python build.py check --format github > out.txt")) == [
        ("build.py", ["check", "--format", "github"])
    ]


# --- publishing by commit --------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", CI_FILES)
def test_the_ci_files_call_only_what_exists(file: str) -> None:
    """They are YAML, and every make target, command and option in them is there."""
    assert isinstance(yaml.safe_load(text(file)), dict)
    made = list(calls(re.sub(r"^(\s*)(?:- )?run: ", r"\1", text(file), flags=re.MULTILINE)))
    assert made != []
    assert [(program, arguments) for program, arguments in made if wrong(program, arguments)] == []


def jobs(file: str) -> dict[str, dict[str, Any]]:
    """The jobs of a GitHub workflow."""
    return dict(yaml.safe_load(text(file))["jobs"])


def test_a_pull_request_is_given_no_secret() -> None:
    """The workflow that runs a pull request's code names no secret and may only read; none runs in the base's name."""
    check = yaml.safe_load(text(".github/workflows/check.yml"))
    assert "secrets." not in text(".github/workflows/check.yml")
    assert check["permissions"] == {"contents": "read"}
    assert not any("permissions" in job or "environment" in job for job in check["jobs"].values())
    publish = yaml.safe_load(text(".github/workflows/publish.yml"))
    assert set(publish[True]) == {"push", "schedule", "workflow_dispatch"}  # YAML 1.1 reads `on` as true
    assert "pull_request_target" not in "".join(text(file) for file in CI_FILES)


def test_secrets_are_read_only_in_a_protected_environment_of_the_default_branch() -> None:
    """A job that names a secret has an environment, and asks for main or hangs on a job that does."""
    found = jobs(".github/workflows/publish.yml")
    for name, job in found.items():
        if "secrets." in yaml.safe_dump(job):
            assert job.get("environment"), name
        assert "github.ref == 'refs/heads/main'" in job["if"] or "build" in job["needs"], name


def test_ci_fetches_the_whole_history() -> None:
    """Versions are read from the history, so no checkout is shallow, and none leaves its credentials behind."""
    for file in CI_FILES[:2]:
        for job in jobs(file).values():
            for step in job["steps"]:
                if str(step.get("uses", "")).startswith("actions/checkout@"):
                    assert step["with"]["fetch-depth"] == 0
                    assert step["with"]["persist-credentials"] is False
    assert yaml.safe_load(text(".gitlab-ci.yml"))["variables"]["GIT_DEPTH"] == "0"


def test_two_publications_never_overlap() -> None:
    """A second run waits for the first and does not break it off."""
    assert yaml.safe_load(text(".github/workflows/publish.yml"))["concurrency"] == {
        "group": "publish",
        "cancel-in-progress": False,
    }
    gitlab = yaml.safe_load(text(".gitlab-ci.yml"))
    assert {gitlab[job]["resource_group"] for job in ("pages", "mail")} == {"publish"}


def test_every_module_is_named_for_developers() -> None:
    """The tables of docs/developers.md name the modules that there are, and no others."""
    said = set(
        re.findall(r"`([a-z_]+)`", "\n".join(re.findall(r"^\| `[a-z].*$", text("docs/developers.md"), re.MULTILINE)))
    )
    rooms = [p for p in (ROOT / "mailer").iterdir() if p.is_dir() and p.name[0] != "_" and p.name != "cli"]
    folders = (ROOT / "portal", ROOT / "mailer", *rooms)
    there = {p.stem for folder in folders for p in folder.iterdir() if not p.name.startswith("_")}
    assert said >= there
    assert {name for name in said - there if not (ROOT / f"{name}.py").is_file()} == set()


# --- the two READMEs, and links --------------------------------------------------------------------------------


def outline(path: str) -> dict[str, Any]:
    said = text(path)
    prose = re.sub(r"^```.*?^```", "", said, flags=re.MULTILINE | re.DOTALL)
    return {
        "headings": [len(m) for m in re.findall(r"^(#+) ", prose, re.MULTILINE)],
        "commands": re.findall(r"^\| `([^`]+)` \|", prose, re.MULTILINE),
        "first commands": re.findall(r"^make \w+$", said, re.MULTILINE),
        "points": len(re.findall(r"^- ", prose, re.MULTILINE)),
        "shell": [anywhere(block) for block in re.findall(r"^```\n(.*?)^```", said, re.MULTILINE | re.DOTALL)],
        "links": [anywhere(t) for t in re.findall(r"\]\(([^)]+)\)", prose) if not t.startswith("README")],
    }


def anywhere(said: str) -> str:
    """Commands and links without what differs between languages: texts in quotes, and which language it is."""
    return re.sub(
        r"(?<=-)(?:en|zh)(?=\.png)|(?<=--lang )(?:en|zh)|(?<=picture)\.zh", "", re.sub(r'"[^"]*"', '""', said)
    )


def test_the_two_outlines_can_differ() -> None:
    """The test below can fail: another option is another command, another text or language is not."""
    assert anywhere('build.py new general "Closed" --lang en') == anywhere('build.py new general "放假" --lang zh')
    assert anywhere("docs/images/mail-phone-en.png") == anywhere("docs/images/mail-phone-zh.png")
    assert anywhere("mailer send --site site") != anywhere("mailer send")


def test_the_two_readmes_are_in_step() -> None:
    """README.zh.md has the headings, commands, points, links and pictures of README.md, in the same order."""
    assert outline("README.zh.md") == outline("README.md")


def slug(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    """Every relative link of a document leads to a file of this repository, and its fragment to a heading there."""
    prose = re.sub(r"^```.*?^```|`[^`\n]+`", "", text(page), flags=re.MULTILINE | re.DOTALL)
    lost = []
    for target in re.findall(r"\]\(([^)\s]+)\)", prose):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, fragment = target.partition("#")
        file = (ROOT / page).parent / path if path else ROOT / page
        headings = (
            re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
            if fragment and file.is_file()
            else []
        )
        if not file.exists() or (fragment and fragment not in map(slug, headings)):
            lost.append(target)
    assert lost == []


def test_every_page_is_in_the_index() -> None:
    """docs/README.md leads to each page of docs/."""
    named = set(re.findall(r"\]\(([\w-]+\.md)\)", text("docs/README.md")))
    assert named == {p.name for p in (ROOT / "docs").glob("*.md")} - {"README.md"}


# --- pictures ----------------------------------------------------------------------------------------------------


def test_pictures_are_small_and_made_by_the_one_command() -> None:
    """Each photograph has at most 200 kB and is one that docs/screenshots.py takes, under its name."""
    taken = {f"{shot.name}.png" for shot in shots(dict.fromkeys(READERS.values(), "#"), dict.fromkeys(READERS, ""))}
    there = {p.name: p.stat().st_size for p in (ROOT / "docs/images").glob("*.png")}
    assert set(there) == taken
    assert {name: size for name, size in there.items() if size > LIMIT} == {}


def test_the_drawing_says_the_same_in_both_languages_and_fetches_nothing() -> None:
    """picture.svg and picture.zh.svg differ in their words alone; they are XML, and name no other file."""
    drawn = {}
    for name in ("picture.svg", "picture.zh.svg"):
        said = text(f"docs/images/{name}")
        assert not re.search(r"href|url\((?!#)|@import|<script", said)
        shapes = [
            (e.tag, {k: v for k, v in e.attrib.items() if k != "lang"}) for e in ElementTree.fromstring(said).iter()
        ]
        drawn[name] = (shapes, len(re.findall(r"[一-鿿]", said)))
    assert drawn["picture.svg"][0] == drawn["picture.zh.svg"][0]
    assert drawn["picture.svg"][1] == 0 < drawn["picture.zh.svg"][1]


def test_what_is_quoted_of_the_sample_stands_there() -> None:
    """Each line that docs/authors.md quotes of a notice "in the sample" is a line of that notice."""
    quoted = re.findall(
        r"^In the sample, `(notices/[^`]+)`.*?^```yaml\n(.*?)^```", text("docs/authors.md"), re.M | re.S
    )
    assert len(quoted) == 2
    for path, lines in quoted:
        assert set(lines.splitlines()) <= set(text(path).splitlines())
