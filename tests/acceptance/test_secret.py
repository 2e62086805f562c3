"""The master secret changed, lost, leaked or mistyped: what follows, what is said, and that it is never repeated."""

from __future__ import annotations

import base64
import textwrap
from pathlib import Path

import pytest

from portal import sealing
from portal.config import Secret
from tests.acceptance.test_bad_input import tree
from tests.acceptance.test_mailer import inbox
from tests.commands import SECRET, build, mailer
from tests.conftest import NOW, REPOSITORY, PortalFolder

OTHER = base64.b64encode(bytes(range(100, 132))).decode()
CLIENT = """\
name: 云杉
contacts:
  - {id: lin, name: 林岚, email: lin@yunshan.example.com, cadence: immediate}
  - {id: zhao, name: 赵一, email: zhao@yunshan.example.com, cadence: immediate}
"""
PRIVATE = "title: 只给云杉\ndate: 2026-12-07\naudience: {clients: [yunshan]}"


@pytest.fixture
def portal(portal_folder: PortalFolder) -> PortalFolder:
    """One public and one private notice, one client with two contacts."""
    portal_folder.client("yunshan", CLIENT)
    portal_folder.notice("open", "title: 公开\ndate: 2026-12-07", "公开的正文。\n")
    portal_folder.notice("quiet", PRIVATE, "不公开的正文。\n")
    return portal_folder


def halves(portal: PortalFolder) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """The built site: what is public, and what is sealed."""
    files = tree(portal.root / "site")
    sealed = {path: data for path, data in files.items() if path.startswith("my/s/")}
    return {path: data for path, data in files.items() if path not in sealed}, sealed


def test_another_secret_changes_everything_sealed_and_nothing_public(portal: PortalFolder) -> None:
    """Every index, object and link is new, no public byte differs, and the build says once what that means."""
    assert build(portal, "build", "--now", NOW).returncode == 0
    public, sealed = halves(portal)
    links = set(build(portal, "link", "yunshan").stdout.split()[1::2])
    done = build(portal, "build", "--now", NOW, secret=OTHER)
    assert done.returncode == 0, done.stderr
    assert "warning: PORTAL_SECRET is another secret than at the last build here" in done.stderr
    public_after, sealed_after = halves(portal)
    assert public_after == public
    assert len(sealed_after) == len(sealed) == 3
    assert not set(sealed_after) & set(sealed)
    assert not set(sealed_after.values()) & set(sealed.values())
    assert not set(build(portal, "link", "yunshan", secret=OTHER).stdout.split()[1::2]) & links
    again = build(portal, "build", "--now", NOW, secret=OTHER)
    assert "warning: PORTAL_SECRET" not in again.stderr


def test_a_kept_fingerprint_stops_a_wrong_secret_before_any_link_dies(portal: PortalFolder) -> None:
    """build, serve, link, fingerprint and the mailer refuse; the site stays; --keep is how it is changed on purpose."""
    kept = build(portal, "keys", "fingerprint", "--keep")
    assert kept.returncode == 0, kept.stderr
    assert "now commit clients/secret.fingerprint" in kept.stdout
    assert build(portal, "build", "--now", NOW).returncode == 0
    good = tree(portal.root / "site")
    for command in (
        ["build", "--now", NOW],
        ["link", "yunshan/lin"],
        ["keys", "fingerprint"],
        ["serve", "--port", "0"],
    ):
        refused = build(portal, *command, secret=OTHER)
        assert (refused.returncode, refused.stdout) == (2, ""), command
        assert "clients/secret.fingerprint:1:1: error: PORTAL_SECRET is another secret" in refused.stderr
        assert "keys fingerprint --keep" in refused.stderr
    assert mailer(portal, "init", "--begin", "2026-12-01", "--now", NOW).returncode == 0
    refused = mailer(portal, "send", "--now", NOW, secret=OTHER)
    assert (refused.returncode, "PORTAL_SECRET is another secret" in refused.stderr) == (2, True)
    assert tree(portal.root / "site") == good
    assert build(portal, "keys", "fingerprint", "--keep", secret=OTHER).returncode == 0
    assert build(portal, "build", "--now", NOW, secret=OTHER).returncode == 0
    assert build(portal, "build", "--now", NOW).returncode == 2


def test_the_fingerprint_is_public_knowledge_of_nothing(portal: PortalFolder) -> None:
    """16 digits, the same every time, another for another secret, in no published file and part of no code or key."""
    first, again, other = (
        build(portal, "keys", "fingerprint", secret=s).stdout.strip() for s in (SECRET, SECRET, OTHER)
    )
    assert first == again == "e19f-7545-9942-98d0"
    assert other != first
    build(portal, "keys", "fingerprint", "--keep")
    assert build(portal, "build", "--now", NOW).returncode == 0
    for path, data in tree(portal.root / "site").items():
        assert first.encode() not in data, path
        assert bytes.fromhex(first.replace("-", "")) not in data, path


def test_without_the_secret_nothing_is_built_and_the_site_stays(portal: PortalFolder) -> None:
    """A lost secret is told plainly; no private page is published unsealed, and none is taken away."""
    assert build(portal, "build", "--now", NOW).returncode == 0
    good = tree(portal.root / "site")
    lost = build(portal, "build", "--now", NOW, secret=None)
    assert lost.returncode == 2
    assert "PORTAL_SECRET is not set" in lost.stderr
    assert tree(portal.root / "site") == good
    assert "PORTAL_SECRET is not set" in build(portal, "link", "--all", secret=None).stderr


@pytest.fixture
def frozen(portal: PortalFolder) -> PortalFolder:
    """Two messages written down with the old codes that no mail server has taken yet."""
    assert build(portal, "build", "--now", NOW).returncode == 0
    assert mailer(portal, "init", "--begin", "2026-12-01", "--now", NOW).returncode == 0
    stuck = mailer(
        portal, "send", "--now", NOW, "--site", str(portal.root / "site"), MAILER_SMTP_URL="smtp://127.0.0.1:9"
    )
    assert stuck.returncode == 2, stuck.stdout + stuck.stderr
    return portal


def test_mail_with_old_codes_never_leaves_after_the_secret_has_changed(frozen: PortalFolder) -> None:
    """It is refused with what to do; given up, the next notice goes out with the new codes."""
    site = ("--site", str(frozen.root / "site"))
    assert build(frozen, "build", "--now", NOW, secret=OTHER).returncode == 0
    refused = mailer(frozen, "send", "--now", NOW, *site, secret=OTHER)
    assert refused.returncode == 2
    assert "is not what was frozen, so it was not sent" in refused.stderr
    assert "mailer cancel" in refused.stderr
    outbox = frozen.root / "outbox"
    assert not list(outbox.rglob("*:2,*")) + list(outbox.glob("new/*"))
    given_up = mailer(
        frozen, "cancel", "--run", "1", "--why", "the secret was changed", "--by", "operator", secret=OTHER
    )
    assert given_up.returncode == 0, given_up.stderr
    frozen.notice("later", PRIVATE.replace("只给云杉", "后来的"), "更多。\n")
    assert build(frozen, "build", "--now", NOW, secret=OTHER).returncode == 0
    sent = mailer(frozen, "send", "--now", NOW, *site, secret=OTHER)
    assert sent.returncode == 0, sent.stderr
    messages = [file.read_bytes().replace(b"=\r\n", b"").replace(b"=\n", b"") for file in outbox.glob("new/*")]
    new = {str(sealing.code(Secret(base64.b64decode(OTHER)), f"yunshan/{who}", 1)).encode() for who in ("lin", "zhao")}
    old = {str(sealing.code(Secret(base64.b64decode(SECRET)), f"yunshan/{who}", 1)).encode() for who in ("lin", "zhao")}
    assert len(messages) == 2
    assert {code for code in new for message in messages if code in message} == new
    assert not [code for code in old for message in messages if code in message]


def test_with_the_old_secret_back_the_mail_leaves(frozen: PortalFolder) -> None:
    """What was refused is not lost: it was the wrong secret, and the right one sends it."""
    site = ("--site", str(frozen.root / "site"))
    assert mailer(frozen, "send", "--now", NOW, *site, secret=OTHER).returncode == 2
    sent = mailer(frozen, "send", "--now", NOW, *site)
    assert sent.returncode == 0, sent.stderr
    assert len(list((frozen.root / "outbox").glob("new/*"))) == 2


def test_a_notice_to_everybody_hands_out_the_new_links_once(portal: PortalFolder) -> None:
    """The notice of docs/operators.md reaches each contact of every client in a mail of their own with the new code, at
    once whatever their cadence, also who had left, and nobody a second time."""
    text = (REPOSITORY / "docs/operators.md").read_text(encoding="utf-8")
    front = textwrap.dedent(text[text.index("   title: 专属页面的链接已更换") :].partition("   ```")[0])
    contact = "{id: meng, name: 孟, email: meng@lanpu.example.com, cadence: monthly}"
    portal.client("lanpu", f"name: 兰圃\nstatus: terminated\nended: 2027-02-01\ncontacts: [{contact}]")
    site, now = ("--site", str(portal.root / "site")), ("--now", "2027-03-01T10:00+08:00")
    assert mailer(portal, "init", "--begin", "2027-02-28", *now).returncode == 0
    left = mailer(portal, "subscribers", "suppress", "lin@yunshan.example.com", "--source", "reply")
    assert left.returncode == 0, left.stderr
    portal.notice("links", front, "旧的链接不再打开任何页面。\n", year="2027")
    assert build(portal, "build", *now, secret=OTHER).returncode == 0
    sent = mailer(portal, "send", *now, *site, secret=OTHER)
    assert sent.returncode == 0, sent.stdout + sent.stderr
    told = inbox(portal.root / "outbox")
    keys = {"lin@yunshan.example.com": "yunshan/lin", "zhao@yunshan.example.com": "yunshan/zhao"}
    keys["meng@lanpu.example.com"] = "lanpu/meng"
    assert {address: len(messages) for address, messages in told.items()} == dict.fromkeys(keys, 1)
    for address, key in keys.items():
        body = told[address][0].get_body(("plain",))
        assert body is not None
        assert f"/my/#{sealing.code(Secret(base64.b64decode(OTHER)), key, 1)}" in body.get_content()
    assert mailer(portal, "send", *now, *site, secret=OTHER).stdout == "nothing is due\n"
    assert mailer(portal, "status", *now, secret=OTHER).returncode == 0


# --- never repeated --------------------------------------------------------------------------------------------

MALFORMED = {
    "not base64": "Hunter2-is-no-secret-but-still-nobodys-business!",
    "url-safe": base64.urlsafe_b64encode(b"\xfb\xff" * 16).decode(),
    "too short": base64.b64encode(bytes(range(31))).decode(),
    "too long": base64.b64encode(bytes(range(33))).decode(),
    "not random": base64.b64encode(b"correct horse"[:4] * 8).decode(),
    "two of them": f"{SECRET} {OTHER}",
    "in quotes": f'"{SECRET}"',
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_secret_is_refused_and_not_repeated(portal: PortalFolder, name: str) -> None:
    """One clear line and a hint from whatever needs it, nothing of the value, no traceback, no site."""
    secret = MALFORMED[name]
    done = [
        build(portal, "build", "--now", NOW, secret=secret),
        build(portal, "link", "--all", secret=secret),
        build(portal, "keys", "fingerprint", "--keep", secret=secret),
        mailer(portal, "plan", "--now", NOW, secret=secret),
    ]
    for one in done:
        said = one.stdout + one.stderr
        assert one.returncode == 2
        assert said.startswith("PORTAL_SECRET:1:1: error: PORTAL_SECRET "), said
        assert "keys new" in said
        for part in (secret, secret[:8], secret[-8:], "Traceback"):
            assert part not in said
    assert not (portal.root / "site").exists()
    assert not (portal.root / "clients/secret.fingerprint").exists()


def traces(secret: str, contacts: tuple[str, ...]) -> list[bytes]:
    """What would give a secret away: itself in several spellings, and the codes and keys that follow from it."""
    value = base64.b64decode(secret)
    found = [secret.encode(), value, value.hex().encode(), base64.urlsafe_b64encode(value), repr(value).encode()]
    for contact in contacts:
        code = sealing.code(Secret(value), contact, 1)
        found += [str(code).encode(), str(code).replace("-", "").encode()]
    return found


def test_no_command_says_or_keeps_the_secret_or_a_code(portal: PortalFolder) -> None:
    """In CI every command is run with the right, a wrong and a broken secret: output, cache and ledger are clean.

    The outbox has the codes, for they are in the mails; it has nothing else.
    """
    portal.commit("1")
    assert build(portal, "keys", "fingerprint", "--keep").returncode == 0
    said = []
    pages = (
        ["build", "--now", NOW],
        ["check", "--now", NOW],
        ["audit", "--now", NOW],
        ["link", "yunshan/lin", "--qr"],
        ["link", "--all", "--csv"],
        ["keys", "fingerprint"],
        ["keys", "rotate", "nobody"],
    )
    mails = (
        ["init", "--begin", "2026-12-01", "--now", NOW],
        ["plan", "--now", NOW],
        ["preview", "yunshan/lin", "--now", NOW],
        ["send", "--now", NOW, "--site", str(portal.root / "site")],
        ["status", "--now", NOW],
    )
    for secret in (SECRET, OTHER, MALFORMED["too short"]):
        done = [build(portal, *command, secret=secret, CI="true") for command in pages]
        done += [mailer(portal, *command, secret=secret, CI="true") for command in mails]
        said += [one.stdout + one.stderr for one in done]
    contacts = ("yunshan/lin", "yunshan/zhao")
    kept = [
        file
        for place in (portal.root / ".cache", portal.root / "clients", portal.root / ".git", portal.root)
        for file in (place.rglob("*") if place != portal.root else place.glob("ledger.db*"))
        if file.is_file()
    ]
    assert any(file.name.startswith("ledger.db") for file in kept)
    assert any(file.is_relative_to(portal.root / ".cache") for file in kept)
    for trace in (t for secret in (SECRET, OTHER) for t in traces(secret, contacts)):
        assert [text for text in said if trace.decode("latin-1") in text] == []
        assert [file for file in kept if trace in file.read_bytes()] == []
    for trace in traces(SECRET, ()):
        assert [f for f in (portal.root / "outbox").rglob("*") if f.is_file() and trace in f.read_bytes()] == []
    private = "不公开的正文".encode()
    assert [file for file in kept if ".cache" in file.parts and private in file.read_bytes()] == []
    assert list(Path(portal.root / "outbox/new").iterdir()) != []


def test_a_text_that_was_public_by_mistake_is_forgotten_with_clean(portal: PortalFolder) -> None:
    """`build --clean` leaves nothing of it in the cache, which CI keeps from run to run."""

    def remembered(text: str) -> bool:
        files = [file for file in (portal.root / ".cache").rglob("*") if file.is_file()]
        return any(text.encode() in file.read_bytes() for file in files)

    portal.notice("slip", "title: 误发\ndate: 2026-12-07", "其实只该一家知道的正文。\n")
    assert build(portal, "build", "--now", NOW).returncode == 0
    assert remembered("其实只该一家知道的正文")
    (portal.root / "notices/2026/slip.zh.md").unlink()
    assert build(portal, "build", "--now", NOW, "--clean").returncode == 0
    assert not remembered("其实只该一家知道的正文")
