"""The sample portal, the whole way: check, build, seal, deliver to a catcher on this machine, and say where to look.

The clock is fixed, so the result is the same on any day; nothing leaves this machine.
"""

from __future__ import annotations

import json
import mailbox
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
NOW = "2026-12-07T09:30+08:00"
BEGIN = "2026-11-01"
"""What was published earlier is history to the mailer."""
CONTACT = "yunshan/lin"
SUBSCRIBER = "reader@example.org"
PORT = "8000"
LEDGER = "var/demo-ledger.db"

ENVIRONMENT = {
    **os.environ,
    # A secret that everybody knows: good for a demonstration and for nothing else.
    "PORTAL_SECRET": "c2FtcGxlLXNlY3JldC1mb3ItdGhlLWRlbW8tb25seSE=",
    "MAILER_LEDGER_URL": f"sqlite:///{LEDGER}",
}


def run(title: str, *command: str, quiet: bool = False) -> str:
    """Run one command of the product and pass on what it says; stop where it fails."""
    print(f"\n== {title}: {' '.join(command)}", flush=True)
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True, check=False
    )
    if not quiet:
        print(done.stdout, end="")
    if done.returncode != 0:
        sys.exit(done.returncode)
    return done.stdout


def main() -> None:
    """Run the demonstration, or with --serve the sample site alone."""
    if "--serve" in sys.argv[1:]:
        serve = [sys.executable, "build.py", "serve", "--now", NOW]
        sys.exit(subprocess.run(serve, cwd=ROOT, env=ENVIRONMENT, check=False).returncode)
    run("check", "build.py", "check", "--now", NOW)
    run("build and seal", "build.py", "build", "--now", NOW)
    if not (ROOT / LEDGER).exists():
        run("a ledger", "-m", "mailer", "init", "--begin", BEGIN, "--now", NOW)
        subscribe = ("subscribers", "add", SUBSCRIBER, "--source", "form on the site", "--at", f"{BEGIN}T09:00+08:00")
        run("a subscriber", "-m", "mailer", *subscribe, "--topic", "policy", "--cadence", "immediate")
    run("deliver", "-m", "mailer", "send", "--now", NOW, "--site", "site", "--catch", "outbox")
    link = run("a private link", "build.py", "link", CONTACT, "--show-private", quiet=True).strip()
    site = ROOT / "site"
    pages = sum(1 for _ in site.rglob("*.html"))
    sealed = sum(1 for _ in site.glob("my/s/*"))
    messages = len(mailbox.Maildir(ROOT / "outbox"))
    commit = json.loads((site / "build.json").read_text(encoding="utf-8"))["commit"] or "no commit"
    local = re.sub(r"^https?://[^/]+/", f"http://127.0.0.1:{PORT}/", link)
    python = Path(sys.executable)
    python = python.relative_to(ROOT) if python.is_relative_to(ROOT) else python
    print(
        f"""
Done. {pages} pages and {sealed} sealed objects in site/ (built from {commit[:10]}), {messages} messages in outbox/.

  Serve the site         {python} -m http.server {PORT} --bind 127.0.0.1 --directory site
  The notice board       http://127.0.0.1:{PORT}/
  A client's own pages   {local}
  The mails              outbox/new (a Maildir; any mail program opens it)
"""
    )


if __name__ == "__main__":
    main()
