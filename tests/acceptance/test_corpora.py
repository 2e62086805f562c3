"""Real announcements that their authors wrote for other programs go the whole way, and the counts are known."""

from __future__ import annotations

import base64
import email
import email.policy
import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

NOW = "2026-12-07T09:30+08:00"
REPOSITORY = Path(__file__).resolve().parents[2]
CORPORA = REPOSITORY.parent / "shared" / "corpus"
ENVIRONMENT = {
    **{k: v for k, v in os.environ.items() if k != "CI" and not k.startswith("MAILER_")},
    "PORTAL_SECRET": base64.b64encode(bytes(range(7, 39))).decode(),
}
CLIENT = """\
id: trial
name: 试读有限公司
since: 2010-01-01
contacts:
  - {id: lin, name: 林岚, email: lin@example.com, cadence: immediate}
"""


@dataclass(frozen=True)
class Expected:
    """What an import of a corpus comes to."""

    notices: int
    drafts: int
    translations: int
    guessed: Counter[str]
    left: Counter[str]
    refused: Counter[str]
    mapped: Counter[str]
    begin: str
    """From where on the ledger tells; a digest of a whole archive would be longer than mail programs show."""
    mailed: int
    """Notices from then on, without drafts."""
    named: set[str] = field(default_factory=set)
    """Ids that must be among the notices."""


EXPECTED = {
    "mkdocs-blog": Expected(
        notices=57,
        drafts=0,
        translations=0,
        guessed=Counter({"language-from-text": 57}),
        left=Counter({"files-stay": 12}),
        refused=Counter(),
        mapped=Counter(
            {"title": 57, "date": 57, "summary": 56, "x-tags": 57, "x-authors": 57, "x-links": 8, "x-meta": 4}
        ),
        begin="2025-01-01",
        mailed=23,
        named={"pypi-was-subpoenaed", "2fa-enforced", "1-pypi-completes-first-security-audit"},
    ),
    "docsite-zh-en": Expected(
        notices=38,
        drafts=1,
        translations=2,
        guessed=Counter(),
        left=Counter({"files-stay": 17}),
        refused=Counter({"no-date": 4}),
        mapped=Counter({"title": 40, "date": 38, "summary": 26, "draft": 1, "x-tags": 40, "x-author": 40}),
        begin="2010-01-01",
        mailed=37,
        named={"seata-golang-communication-mode", "seata-golang-communication-mode-2021-01-04"},
    ),
    "next-blog": Expected(
        notices=76,
        drafts=0,
        translations=0,
        guessed=Counter({"language-from-text": 76}),
        left=Counter({"files-stay": 1}),
        refused=Counter(),
        mapped=Counter({"title": 76, "date": 76, "x-tags": 76, "x-author": 76, "x-layout": 76, "x-slug": 12}),
        begin="2023-01-01",
        mailed=22,
        named={"march-2026-hashdos", "cve-2015-8027_cve-2015-6764"},
    ),
}


def run(*command: str, fails: bool = False) -> str:
    program = [sys.executable, *command]
    done = subprocess.run(program, cwd=REPOSITORY, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert done.returncode == (1 if fails else 0), done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


def bodies(folder: Path, pattern: str) -> Counter[str]:
    """The fingerprints of what follows the front matter of each file; none of these corpora has CRLF in its fences."""
    files = [f for f in folder.rglob(pattern) if f.suffix in {".md", ".mdx"} and f.name != "README.md"]
    return Counter(hashlib.sha256(f.read_bytes().split(b"\n---\n", 1)[1]).hexdigest() for f in files)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_real_corpus_goes_the_whole_way(tmp_path: Path, name: str) -> None:
    """Imported with the expected counts, bodies untouched, checked without an error, built, and mailed over SMTP."""
    corpus, expected = CORPORA / name, EXPECTED[name]
    if not corpus.is_dir():
        pytest.skip(f"the corpus {name} is not beside this checkout (../shared/corpus)")
    portal = tmp_path / "portal"
    root = ("--root", str(portal))
    run("build.py", "init", str(portal), "--now", NOW)
    (portal / "clients/trial.yml").write_text(CLIENT, encoding="utf-8")

    report = json.loads(run("build.py", "import", str(corpus), *root, "--format", "json", fails=bool(expected.refused)))
    assert (report["notices"], report["drafts"], report["translations"]) == (
        expected.notices,
        expected.drafts,
        expected.translations,
    )
    assert Counter(p["code"] for p in report["guessed"]) == expected.guessed
    assert Counter(p["code"] for p in report["left"]) == expected.left
    assert Counter(p["code"] for p in report["refused"]) == expected.refused
    assert Counter(pair["to"] for entry in report["imported"] for pair in entry["mapped"]) == expected.mapped
    assert expected.named <= {entry["id"] for entry in report["imported"]}
    first_notices = bodies(portal / "notices/2026", "first-notice.*")
    lost = bodies(corpus, "*") - (bodies(portal / "notices", "*") - first_notices)
    assert sum(lost.values()) == sum(expected.refused.values())

    again = json.loads(run("build.py", "import", str(corpus), *root, "--format", "json", fails=bool(expected.refused)))
    assert (again["notices"], again["translations"]) == (0, 0)
    assert len(again["already"]) == expected.notices + expected.translations

    problems = json.loads(run("build.py", "check", *root, "--now", NOW, "--format", "json"))
    assert {p["severity"] for p in problems} == {"warning"}
    run("build.py", "build", *root, "--now", NOW)
    published = expected.notices - expected.drafts + 1  # the new portal's own first notice
    assert sum(1 for page in (portal / "site/notices").iterdir() if page.is_dir()) == published

    run("-m", "mailer", "init", *root, "--now", NOW, "--begin", expected.begin)
    run("-m", "mailer", "send", *root, "--now", NOW, "--site", str(portal / "site"), "--catch", str(portal / "outbox"))
    (message,) = (portal / "outbox/new").iterdir()
    digest = email.message_from_bytes(message.read_bytes(), policy=email.policy.default)
    text = digest.get_body(("plain",))
    assert text is not None
    links = {line.rpartition("/notices/")[2] for line in text.get_content().split() if "/notices/" in line}
    assert len(links) == expected.mailed + 1
