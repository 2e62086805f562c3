"""What a message says before it leaves: shown, checked and refused through the command line."""

from __future__ import annotations

import email
from email.policy import default
from pathlib import Path

import pytest

from mailer.cli import main
from portal import sealing
from tests.acceptance.test_mailer import Desk, Sink, desk, sink

__all__ = ["desk", "sink"]
"""Fixtures that these tests share with those of sending."""


def test_preview_gives_the_bytes_that_are_sent(desk: Desk, sink: Sink, tmp_path: Path) -> None:
    """The file that `preview --eml` writes is, byte for byte, what the server then gets at the same moment."""
    file = tmp_path / "lin.eml"
    assert desk.run("preview", "yunshan/lin", "--eml", str(file)) == (0, f"wrote {file}\n")
    assert desk.send("--only", "lin@yunshan.example.com") == (0, "1 new digest; 1 sent\n")
    ((_, data),) = sink.accepted
    assert file.read_bytes() == data


def test_preview_shows_what_is_frozen(desk: Desk, tmp_path: Path) -> None:
    """What waits in the ledger is shown as it was frozen, though the notice reads differently by now."""
    assert desk.send("--pilot", "0")[0] == 0
    desk.folder.notice("fees", "title: 改过的标题\ndate: 2026-12-01")
    (found,) = desk.json("preview", "lanpu/lin")
    assert found["state"] == "planned"
    assert "收费调整" in found["text"]
    assert "改过的标题" not in found["text"]


def test_preview_before_there_is_a_ledger(desk: Desk, tmp_path: Path) -> None:
    """With --begin no ledger is needed, read or made; the text, the HTML and the message lie in a folder."""
    for file in (desk.folder.root / "var").iterdir():
        file.unlink()
    assert desk.run("preview", "yunshan/lin")[0] == 2
    code, printed = desk.run("preview", "yunshan/lin", "--begin", "2026-12-02", "--html", str(tmp_path))
    assert (code, printed) == (0, f"wrote {tmp_path}/yunshan-lin-1.html, yunshan-lin-1.txt and yunshan-lin-1.eml\n")
    code_of_lin = str(sealing.code(desk.secret, "yunshan/lin", 1))
    message = email.message_from_bytes((tmp_path / "yunshan-lin-1.eml").read_bytes(), policy=default)
    assert message["Subject"] == "对账单"
    for ending in ("html", "txt"):
        said = (tmp_path / f"yunshan-lin-1.{ending}").read_text(encoding="utf-8")
        assert "对账单" in said
        assert code_of_lin in said
        assert "收费调整" not in said
    assert not list((desk.folder.root / "var").iterdir())


def test_lint_follows_links_into_the_built_site(desk: Desk) -> None:
    """A page that the build did not write is told with its address, and exit code 1; a whole site is clean."""
    site = desk.build()
    assert desk.run("lint", "--site", str(site)) == (0, "3 messages, 2 different: 0 errors, 0 warnings\n")
    assert desk.run("lint", "lanpu/lin", "--site", str(site))[1].startswith("1 message, 1 different")
    (site / "notices/fees/index.html").unlink()
    code, printed = desk.run("lint", "--site", str(site))
    assert code == 1
    assert "error link-broken: https://notices.example.com/notices/fees/ is not in the built site" in printed
    found = desk.json("lint", "--site", str(site))
    assert {(problem["file"], problem["code"]) for problem in found} == {
        ("yunshan/lin.html", "link-broken"),
        ("lanpu/lin.html", "link-broken"),
    }


def test_lint_says_once_that_the_site_is_out_of_reach(desk: Desk) -> None:
    """Where nothing answers at site_url that is one line with exit code 2, and not one for every link."""
    text = (desk.folder.root / "mkdocs.yml").read_text(encoding="utf-8")
    desk.folder.write("mkdocs.yml", text.replace("https://notices.example.com/", "http://127.0.0.1:9/"))
    code, printed = desk.run("lint")
    assert code == 2
    assert printed.splitlines() == [
        "error: http://127.0.0.1:9/ does not answer: Connection refused",
        "    name the built folder with --site DIR, or look at the network",
    ]


def test_lint_needs_no_secret_and_shows_no_text(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """It works in CI, where the secret is not at hand, and prints no title of a private notice."""
    site = desk.build()
    monkeypatch.delenv("PORTAL_SECRET")
    monkeypatch.setenv("CI", "true")
    (site / "my/index.html").unlink()
    code, printed = desk.run("lint", "--site", str(site))
    assert code == 1
    assert "https://notices.example.com/my/#… is not in the built site" in printed
    assert "对账单" not in printed


@pytest.mark.parametrize(
    ("inside", "code", "told"),
    [
        ("<svg></svg>", 1, "heyu/lin.html:24:"),
        ("<b>", 2, "site_templates/mail/digest.mjml:1:1: error: the mail template cannot be used: <b> is not closed"),
    ],
)
def test_a_faulty_message_stops_the_run_before_anything_is_frozen(
    desk: Desk, inside: str, code: int, told: str
) -> None:
    """An own template whose HTML programs do not show, or that does not compile: nobody gets mail, and then all do."""
    own = desk.folder.write(
        "site_templates/mail/digest.mjml",
        f'<mjml lang="zh"><mj-body><mj-section><mj-column><mj-text>{{{{ lead }}}}{inside}</mj-text></mj-column>'
        "</mj-section></mj-body></mjml>",
    )
    desk.folder.commit("templates")
    found, printed = desk.send()
    assert found == code
    assert told in printed
    assert desk.states() == {}
    own.unlink()
    desk.folder.commit("as it was")
    assert desk.send()[0] == 0
    assert set(desk.states().values()) == {"sent"}


def test_preview_and_lint_for_a_subscriber(desk: Desk) -> None:
    """Named by address: public notices only, why it comes, and no code; nobody else is found that way."""
    asked = ("--source", "form", "--at", "2026-11-01T09:00+08:00", "--cadence", "immediate", "--language", "en")
    assert main(["subscribers", "add", "eve@example.org", *asked, "--root", str(desk.folder.root)]) == 0
    desk.capture.readouterr()
    code, printed = desk.run("preview", "Eve@example.org")
    assert code == 0
    assert "because you subscribed" in printed
    assert "收费调整" in printed
    assert "对账单" not in printed
    assert "/my/" not in printed
    assert desk.run("preview", "adam@example.org")[0] == 2
    assert "4 messages, 3 different" in desk.run("lint", "--site", str(desk.build()))[1]
