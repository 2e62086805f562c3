"""What README.md tells a newcomer to type is typed here, as it stands there."""

from __future__ import annotations

import mailbox
import os
import re
import subprocess
import sys
from pathlib import Path

from tests.conftest import REPOSITORY


def test_the_first_notice_and_mail_of_ones_own(tmp_path: Path) -> None:
    """The two blocks, with the edits told between them, end in a published notice and one mail that tells of it."""
    clone = tmp_path / "clone"
    subprocess.run(
        ["git", "clone", "--quiet", "--no-local", "--depth=1", f"file://{REPOSITORY}", str(clone)], check=True
    )
    (clone / ".venv/bin").mkdir(parents=True)
    (clone / ".venv/bin/python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n', encoding="utf-8")
    (clone / ".venv/bin/python").chmod(0o755)
    section = (clone / "README.md").read_text(encoding="utf-8").partition("## Your own first notice and mail")[2]
    begin, publish = re.findall(r"^```\n(.*?)^```", section.partition("\n## ")[0], re.MULTILINE | re.DOTALL)
    assert publish.endswith("build.py serve\n")

    _type(clone, begin)
    client = clone / "clients/example.yml"
    client.write_text(client.read_text(encoding="utf-8").replace("weekly", "immediate"), encoding="utf-8")
    (notice,) = clone.glob("notices/*/closed-1-january.en.md")
    said = notice.read_text(encoding="utf-8").replace("summary:", "summary: We are back on the 2nd.")
    notice.write_text(said, encoding="utf-8")
    _type(clone, publish.removesuffix(".venv/bin/python build.py serve\n"))

    page = (clone / "site/en/notices/closed-1-january/index.html").read_text(encoding="utf-8")
    assert "We are back on the 2nd." in page
    (mail,) = mailbox.Maildir(clone / "outbox", create=False)
    assert mail["To"].endswith("<wang@example.com>")
    assert "Closed on 1 January" in str(mail.get_payload()[0].get_payload(decode=True), "utf-8")


def _type(folder: Path, lines: str) -> None:
    """Run lines of shell as somebody who commits under a name of their own and has set nothing else."""
    who = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in _NAMED.items()}
    kept = {k: v for k, v in os.environ.items() if k != "CI" and not k.startswith(("PORTAL_", "MAILER_"))}
    done = subprocess.run(
        ["sh", "-ec", lines], cwd=folder, env={**kept, **who, "TZ": "Asia/Shanghai"}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


_NAMED = {"NAME": "Newcomer", "EMAIL": "newcomer@example.com"}
