"""What an editor says while one types: the same as `check`, for all that a file says by itself."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from portal import explain, frontmatter, located, paper, schemas
from portal.client import Client, Contact
from portal.config import Desk, Options
from portal.kinds import DETAILS, Kind
from portal.notice import Notice, as_notice
from tests.conftest import REPOSITORY, PortalFolder

FOLDER = REPOSITORY / "schemas"
GOLDEN = REPOSITORY / "tests" / "golden" / "rules"
BASE = "title: 通知\ndate: 2026-11-20\n"


def validator(name: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8")))


def as_json(value: Any) -> Any:
    """YAML's days and moments as an editor sees them: text."""
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, dict):
        return {key: as_json(inner) for key, inner in value.items()}
    return [as_json(inner) for inner in value] if isinstance(value, list) else value


def complaints(name: str, text: str) -> list[str]:
    document = located.read(text)
    assert document.faults == ()
    return [error.message for error in validator(name).iter_errors(as_json(document.data))]


def test_the_committed_schemas_are_current() -> None:
    """schemas/ holds what `build.py schema` writes; after a change of the models, run it."""
    assert {file.name: file.read_bytes() for file in FOLDER.iterdir()} == schemas.files()


@pytest.mark.parametrize("name", ["notice", "translation", "client", "mkdocs"])
def test_each_is_a_schema_of_the_draft_it_names(name: str) -> None:
    """They are valid under draft 2020-12, and every reference leads somewhere."""
    schema = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    used = {line.split('"')[3] for line in json.dumps(schema, indent=1).splitlines() if '"$ref"' in line}
    assert {ref.removeprefix("#/$defs/") for ref in used} <= set(schema["$defs"])


def test_every_key_has_words_for_who_hovers_over_it() -> None:
    """Keys of notices, details, clients, desks and the configuration have a description, and so have kinds."""
    made = {
        name: json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
        for name in ("notice", "client", "mkdocs")
    }
    blocks = {
        **made["notice"]["$defs"],
        **made["client"]["$defs"],
        **made["mkdocs"]["$defs"],
        "Notice": made["notice"],
        "Client": made["client"],
    }
    for model in (Notice, Client, Contact, Desk, Options, *DETAILS.values()):
        for name, field in explain.keys_of(model).items():
            assert blocks[model.__name__]["properties"][field.alias or name].get("description"), (model, name)


def papers(folder: Path, settings: Any) -> list[paper.Paper]:
    read = [paper.read_file(settings, file)[0] for file in sorted(folder.rglob("*.md"))]
    return [one for one in read if one is not None]


def test_the_sample_has_nothing_that_a_schema_forbids(portal_folder: PortalFolder) -> None:
    """Every notice, translation and client of the sample portal, and its mkdocs.yml, pass their schemas."""
    seen = 0
    for one in papers(REPOSITORY / "notices", portal_folder.settings()):
        name = "translation" if "translates" in one.data else "notice"
        assert list(validator(name).iter_errors(as_json(one.document.data))) == [], one.shown
        seen += 1
    assert seen >= 30
    for file in (REPOSITORY / "clients").glob("*.yml"):
        assert complaints("client", file.read_text(encoding="utf-8")) == []
    assert complaints("mkdocs", (REPOSITORY / "mkdocs.yml").read_text(encoding="utf-8")) == []


def test_the_golden_cases_of_the_rules_are_well_formed_notices() -> None:
    """Whatever breaks only a house rule is for `check` to say; the schema lets it pass."""
    for file in GOLDEN.glob("*.yml"):
        for path, text in yaml.safe_load(file.read_text(encoding="utf-8"))["files"].items():
            if path.endswith(".md"):
                data = frontmatter.split(text.encode()).front.data
                name = "translation" if "translates" in data else "notice"
                assert list(validator(name).iter_errors(as_json(data))) == [], (file.name, path)


@pytest.mark.parametrize(
    "front",
    [
        "",
        "x-own: {anything: [1]}",
        "kind: fee-change\ndetails: {basis: b, yearly: y}",
        "details:",
        "summary:",
        "effective: 2027-01-01",
        "effective: {from: 2027-01-01, transition_until: 2027-02-01}",
        "audience: {clients: yunshan, status: [active]}",
        "audience: {status: terminated, ended_within: 180d}",
        "action: {needed: false}",
        "action: {needed: true, what: 签回}",
        "kind: maintenance\ndetails: {starts: 2026-12-19 20:00:00+08:00, ends: 2026-12-20}",
        "revisions: [{on: 2026-11-25T09:00:00+08:00, note: n, minor: true}]",
        "reminders: [30d, 7d]",
        "kind: policy\ndetails: {points: [a, b], checked_on: 2026-11-01}",
        "mail: {disclose: nothing}",
    ],
)
def test_what_the_model_takes_the_schema_takes(front: str) -> None:
    """Good front matter has no complaint from either."""
    text = BASE + front
    assert as_notice({"id": "a", **own(text)})[1] == []
    assert complaints("notice", text) == []


@pytest.mark.parametrize(
    "front",
    [
        "titel: b",
        "kind: fee-chnage",
        "kind: fee-change\ndetails: {contract: x}",
        "details: {basis: x}",
        "details: [a]",
        "urgency: high",
        "number: 18",
        "effective: soon",
        "effective: {form: 2027-01-01}",
        "expires: 2026-12-31 09:00:00",
        "audience: everyone",
        "audience: {}",
        "audience: {status: gone}",
        "action: {needed: true}",
        'action: {needed: "no"}',
        "objection: {until: 2026-12-31}",
        "comparison: [{item: a, old: b}]",
        "comparison: {item: a, old: b, new: c}",
        "reminders: [7 days]",
        "revisions: [{on: 2026-11-25, note: n, minor: maybe}]",
        "kind: maintenance\ndetails: {starts: tomorrow}",
        "kind: contract-termination\ndetails: {handover: [{form: a}]}",
        "ack: {level: seen}",
        "mail: {disclose: everything}",
    ],
)
def test_what_the_model_refuses_the_schema_refuses(front: str) -> None:
    """Bad front matter has a complaint from both."""
    text = BASE + front
    assert as_notice({"id": "a", **own(text)})[1] != []
    assert complaints("notice", text) != []


def own(text: str) -> dict[str, Any]:
    return {key: value for key, value in located.read(text).data.items() if not key.startswith("x-")}


@pytest.mark.parametrize(
    ("name", "text", "good"),
    [
        ("translation", "translates: 1\ntitle: Notice\naction: {what: Sign}\nfaq: [{a: Not yet}]", True),
        ("translation", "title: Notice", False),
        ("translation", "translates: 1\nurgency: urgent", False),
        ("translation", "translates: 0", False),
        ("client", "name: 云杉\ncontacts: [{id: lin, name: 林, email: lin@example.com, cadence: weekly}]", True),
        ("client", "name: 云杉\nstatus: terminated", False),
        ("client", "name: 云杉\ncontacts: [{id: lin, name: 林}]", False),
        ("client", "name: 云杉\nsegment: small", False),
        (
            "mkdocs",
            "site_name: a\nsite_url: https://x.example/\nnav: [a.md]\nextra: {duenotice: {page_size: 10}}",
            True,
        ),
        ("mkdocs", "site_name: a\nsite_url: https://x.example/\nextra: {duenotice: {pagesize: 10}}", False),
        ("mkdocs", "site_name: a\nsite_url: https://x.example/\nextra: {duenotice: {rules: {leadtime: error}}}", False),
        ("mkdocs", "site_name: a\nsite_url: https://x.example/\nextra: {duenotice: {rules: {lead-time: off}}}", True),
        (
            "mkdocs",
            "site_name: a\nsite_url: https://x.example/\n"
            "extra: {duenotice: {desks: {a: {name: A, hours: [{days: mon, time: '9-5'}]}}}}",
            False,
        ),
    ],
)
def test_the_other_schemas(name: str, text: str, good: bool) -> None:
    """Translations hold words only, clients and configuration are closed."""
    assert (complaints(name, text) == []) is good


def test_the_editor_is_told_where_the_schemas_are() -> None:
    """.vscode maps each schema that is there to files that are there; a new portal is given the same."""
    settings = json.loads((REPOSITORY / ".vscode/settings.json").read_text(encoding="utf-8"))
    assert set(settings["yaml.schemas"]) == {"schemas/client.json", "schemas/mkdocs.json"}
    assert all((REPOSITORY / path).is_file() for path in settings["yaml.schemas"])
    starter = REPOSITORY / "site_templates/starter/vscode/settings.json"
    assert json.loads(starter.read_text(encoding="utf-8")) == settings
    assert (
        Kind.GENERAL.value in json.loads((FOLDER / "notice.json").read_text(encoding="utf-8"))["$defs"]["Kind"]["enum"]
    )


def test_the_task_of_the_editor_finds_the_lines_that_check_prints() -> None:
    """The pattern in .vscode/tasks.json takes a line of `check` apart."""
    tasks = json.loads((REPOSITORY / ".vscode/tasks.json").read_text(encoding="utf-8"))
    pattern = tasks["tasks"][0]["problemMatcher"]["pattern"]
    found = re.match(pattern["regexp"], "notices/2026/a.zh.md:9:1: warning lead-time: 12 days: too few")
    assert found is not None
    assert found.groups() == ("notices/2026/a.zh.md", "9", "1", "warning", "lead-time", "12 days: too few")
