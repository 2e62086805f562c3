"""Others who put a lock on static pages, installed once into the cache, each in its pinned version."""

from __future__ import annotations

import sys
from pathlib import Path

from bench.running import CACHE, Run, run

STATICRYPT = "3.5.4"
ENCRYPTCONTENT = "3.1.0"
_PASSWORD = "correct-horse-battery-staple"  # noqa: S105 - of a measurement


def staticrypt(pages: Path, out: Path) -> Run:
    """Lock every HTML page of a folder with StatiCrypt. Raises Failed where it cannot be installed or run."""
    home = CACHE / f"staticrypt-{STATICRYPT}"
    program = home / "node_modules" / ".bin" / "staticrypt"
    if not program.exists():
        home.mkdir(parents=True, exist_ok=True)
        said = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--save-exact"]
        run([*said, "--prefix", home, f"staticrypt@{STATICRYPT}"])
    options = ["--password", _PASSWORD, "--short", "--remember", "false", "--config", "false"]
    return run([program, *sorted(pages.glob("*.html")), "--directory", out, *options], cwd=pages)


def encryptcontent(pages: Path, folder: Path) -> Run:
    """Build a folder of Markdown with MkDocs, every page locked by the plug-in. Raises Failed as above."""
    home = CACHE / f"encryptcontent-{ENCRYPTCONTENT}"
    python = home / "bin" / "python"
    if not (home / "bin" / "mkdocs").exists():
        run([sys.executable, "-m", "venv", home])
        run([python, "-m", "pip", "install", "--quiet", f"mkdocs-encryptcontent-plugin=={ENCRYPTCONTENT}", "mkdocs<2"])
    docs = folder / "docs"
    docs.mkdir(parents=True)
    for page in sorted(pages.glob("*.md")):
        locked = f"---\npassword: {_PASSWORD}\n---\n{page.read_text(encoding='utf-8')}"
        (docs / page.name).write_text(locked, encoding="utf-8")
    (docs / "index.md").write_text("# Notices\n", encoding="utf-8")
    (folder / "mkdocs.yml").write_text("site_name: Peer\nplugins: [encryptcontent]\n", encoding="utf-8")
    return run([python, "-m", "mkdocs", "build", "--quiet", "--site-dir", folder / "site"], cwd=folder)
