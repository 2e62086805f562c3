"""Signatures that others verify: dkimpy and OpenDKIM, neither of which knows this program."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import dkim as dkimpy
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mailer.letters import dkim, message
from mailer.letters.letter import Skeleton
from portal.errors import PortalError
from tests.conftest import need
from tests.unit.test_message import SKELETON, a_letter, fields

SELECTORS = {"rsa": "s2026", "ed25519": "e2026"}
WAY_OUT = "https://notices.example.com/leave?id=1"


def pem(key: object, password: bytes | None = None) -> bytes:
    encryption = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(encoding, form, encryption)  # type: ignore[attr-defined, no-any-return]


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A key of each kind, in files."""
    folder = tmp_path_factory.mktemp("keys")
    made = {"rsa": rsa.generate_private_key(65537, 2048), "ed25519": Ed25519PrivateKey.generate()}
    for kind, key in made.items():
        (folder / f"{kind}.pem").write_bytes(pem(key))
    return {kind: folder / f"{kind}.pem" for kind in made}


@pytest.fixture
def signer(keys: dict[str, Path]) -> dkim.Signer:
    """One that signs with both keys."""
    return dkim.signer(f"{keys['rsa']}:{keys['ed25519']}", "example.com", SELECTORS, "notices@example.com")


def zone(signer: dkim.Signer) -> dict[str, bytes]:
    """The records as the DNS would answer them: the strings of each put together."""
    return {name: "".join(re.findall('"([^"]*)"', text)).encode() for name, text in signer.records()}


def verified(signed: bytes, signer: dkim.Signer) -> list[bool]:
    """What dkimpy says of each signature."""
    records = zone(signer)

    def dns(name: bytes, timeout: int = 5) -> bytes | None:
        return records.get(name.decode().rstrip("."))

    found = []
    for index in range(signed.count(b"DKIM-Signature:")):
        try:
            found.append(dkimpy.DKIM(signed).verify(index, dnsfunc=dns))
        except dkimpy.ValidationError:
            found.append(False)
    return found


def a_message(skeleton: Skeleton = SKELETON) -> bytes:
    return message.build(a_letter(unsubscribe=WAY_OUT, reply_to="desk@example.com"), skeleton, [])


ENGLISH = Skeleton(
    subject="Fees  for\t2027", text="Two  blanks\tand a tab \n\n\n. dot\n\n\n", html="<p>A&nbsp; b</p>\n\n"
)


@pytest.mark.parametrize("skeleton", [SKELETON, ENGLISH])
def test_both_signatures_are_verified(signer: dkim.Signer, skeleton: Skeleton) -> None:
    """RSA and Ed25519 beside it, over the whole text; the same message has the same signatures."""
    signed = signer.sign(a_message(skeleton))
    assert verified(signed, signer) == [True, True]
    assert signed == signer.sign(a_message(skeleton))
    assert signed.endswith(a_message(skeleton))
    assert max(map(len, signed.partition(b"\r\nDate:")[0].split(b"\r\n"))) <= 78
    tags = re.findall(rb" ([a-z]+)=", signed.partition(b"\r\nDate:")[0])
    assert set(tags) == {b"v", b"a", b"c", b"d", b"s", b"h", b"bh", b"b"}, "no length, no time"


def test_what_is_signed(signer: dkim.Signer) -> None:
    """Who, what, when, and both ways to leave; what must not be added is signed once more than it is there."""
    listed = re.search(r"h=([^;]+);", fields(signer.sign(a_message()))["DKIM-Signature"])
    assert listed is not None
    names = re.sub(r"\s", "", listed[1]).split(":")
    assert {"From", "To", "Reply-To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type"} <= set(names)
    assert {"List-Id", "List-Unsubscribe", "List-Unsubscribe-Post"} <= set(names)
    assert [names.count(name) for name in ("From", "Subject", "To", "Date")] == [2, 2, 2, 2]


@pytest.mark.parametrize(
    "change",
    [
        lambda mail: mail.replace(b"List-Unsubscribe=One-Click", b"List-Unsubscribe=One-Clicks"),
        lambda mail: mail.replace(b"leave?id=1", b"leave?id=2"),
        lambda mail: mail.replace(b"\r\nDate:", b"\r\nSubject: another\r\nDate:", 1),
        lambda mail: mail.replace(b"\r\nDate:", b"\r\nFrom: eve@example.org\r\nDate:", 1),
        lambda mail: mail[:-3] + b"--more\r\n",
        lambda mail: mail.replace(b"6YKA", b"6YKB").replace(b"5oKo", b"5oKp"),
    ],
    ids=["post", "way out", "second subject", "second sender", "appended", "text"],
)
def test_whoever_changes_it_breaks_it(signer: dkim.Signer, change: Callable[[bytes], bytes]) -> None:
    """Neither the ways out nor the text can be changed, and no second subject or sender can be put in front."""
    signed = signer.sign(a_message())
    assert change(signed) != signed
    assert verified(change(signed), signer) == [False, False]


@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
def test_opendkim_verifies(keys: dict[str, Path], kind: str, tmp_path: Path) -> None:
    """OpenDKIM finds each signature good, with the key as the printed record has it, and a changed text not."""
    program = need("opendkim", "opendkim")
    signer = dkim.signer(str(keys[kind]), "example.com", {kind: SELECTORS[kind]}, "notices@example.com")
    records = "".join(f"{name} {text.decode()}\n" for name, text in zone(signer).items())
    (tmp_path / "records").write_text(records)
    (tmp_path / "conf").write_text(f"TestPublicKeys {tmp_path / 'records'}\nMode v\n")
    signed = signer.sign(a_message())
    for name, data in (("good", signed), ("bad", signed.replace(b"5oKo", b"5oKp"))):
        (tmp_path / name).write_bytes(data)
        found = subprocess.run(
            [program, "-x", str(tmp_path / "conf"), "-t", str(tmp_path / name)], capture_output=True, text=True
        )
        said = found.stdout + found.stderr
        assert ("succeeded" in said, "failed" in said) == (name == "good", name == "bad"), said


def test_the_pem_text_itself_may_be_given(keys: dict[str, Path], signer: dkim.Signer) -> None:
    """Stores of secrets hold texts, not files: both keys in one variable."""
    text = "\n".join(file.read_text() for file in keys.values())
    given = dkim.signer(text, "example.com", SELECTORS, "notices@example.com")
    assert given.sign(a_message()) == signer.sign(a_message())


def test_records(signer: dkim.Signer) -> None:
    """Names below the selector, and strings that a TXT record can hold."""
    (rsa_name, rsa_text), (ed_name, ed_text) = signer.records()
    assert rsa_name == "s2026._domainkey.example.com"
    assert ed_name == "e2026._domainkey.example.com"
    assert rsa_text.startswith('"v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0B')
    assert re.fullmatch(r'"v=DKIM1; k=ed25519; p=[A-Za-z0-9+/]{43}="', ed_text)
    assert all(len(part) <= 255 for part in re.findall('"([^"]*)"', rsa_text))


@pytest.mark.parametrize("sender", ["notices@example.com", "notices@news.example.com", "notices@EXAMPLE.com"])
def test_the_domain_may_stand_above_the_sender_s(keys: dict[str, Path], sender: str) -> None:
    """As receivers count it (DMARC, relaxed alignment)."""
    signer = dkim.signer(str(keys["rsa"]), "example.com", {"rsa": "s2026"}, sender)
    assert verified(signer.sign(message.build(a_letter(sender=sender), SKELETON, [])), signer) == [True]


@pytest.mark.parametrize("sender", ["notices@example.org", "notices@badexample.com", "notices@com"])
def test_another_domain_is_refused(keys: dict[str, Path], sender: str) -> None:
    """A signature that receivers would not count is not made."""
    with pytest.raises(PortalError, match=r"cannot be signed for example\.com"):
        dkim.signer(str(keys["rsa"]), "example.com", {"rsa": "s2026"}, sender)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "No such file"),
        (b"hello", "no private key in PEM"),
        (pem(rsa.generate_private_key(65537, 1024)), "has 1024 bits"),
        (pem(Ed25519PrivateKey.generate(), b"pass"), "is encrypted"),
        (pem(ec.generate_private_key(ec.SECP256R1())), "neither an RSA nor an Ed25519 key"),
        (pem(Ed25519PrivateKey.generate()), "there is no rsa key"),
    ],
    ids=["missing", "no key", "short", "encrypted", "elliptic", "other kind"],
)
def test_a_key_that_will_not_do_is_told_in_a_line(tmp_path: Path, content: bytes | None, said: str) -> None:
    """Unreadable, too short, encrypted, of the wrong kind: one line each, and nothing of the key in it."""
    file = tmp_path / "key.pem"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(PortalError, match=said) as caught:
        dkim.signer(str(file), "example.com", SELECTORS, "notices@example.com")
    told = f"{caught.value} {caught.value.hint}"
    assert "\n" not in told
    assert "BEGIN" not in told
