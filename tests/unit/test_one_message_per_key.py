"""No key and nonce ever seal two messages, whatever changes between builds (docs/sealed-format.md)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import markdown
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from portal import private, sealing, words
from portal.article import Articles
from portal.config import Secret
from portal.prose import Prose
from portal.sealing import Content, attachments, envelope
from tests.conftest import PortalFolder
from tests.unit.test_keeping import CLIENT

NOTICE = "title: 交接安排\ndate: 2026-11-28\naudience: {clients: [yunshan, lanpu]}\nattachments: [列表.csv]\n"
FEES = "title: 贵司代账费 {{new}}\ndate: 2026-11-29\naudience: {clients: [yunshan, lanpu]}\nvalues: fees.values.csv\n"
VALUES = "client,new\nyunshan,300 CNY/month\nlanpu,450 CNY/month\n"


@dataclass
class Witness:
    """Sees every message that is encrypted: its key and nonce, and what they sealed."""

    sealed: dict[tuple[bytes, bytes], set[tuple[bytes, bytes]]] = field(default_factory=dict)

    def cipher(self, key: bytes) -> Witnessed:
        return Witnessed(self, key)


@dataclass
class Witnessed:
    """AES-GCM as the program calls it."""

    witness: Witness
    key: bytes

    def encrypt(self, nonce: bytes, text: bytes, bound: bytes) -> bytes:
        self.witness.sealed.setdefault((self.key, nonce), set()).add((text, bound))
        return AESGCM(self.key).encrypt(nonce, text, bound)


@pytest.fixture
def witness(monkeypatch: pytest.MonkeyPatch) -> Iterator[Witness]:
    made = Witness()
    with monkeypatch.context() as patched:
        patched.setattr(envelope, "AESGCM", made.cipher)
        yield made


@pytest.fixture
def folder(portal_folder: PortalFolder) -> PortalFolder:
    """Two clients with two contacts each; a notice at version 2 with a large attachment, and one with values."""
    portal_folder.client("yunshan", CLIENT.format(id="yunshan", name="云杉贸易"))
    portal_folder.client("lanpu", CLIENT.format(id="lanpu", name="蓝圃食品"))
    portal_folder.write("notices/2026/列表.csv", "日期,事项\n" * 10_000)
    portal_folder.write("notices/2026/fees.values.csv", VALUES)
    portal_folder.notice("fees", FEES, "新价 **{{new}}**。\n")
    portal_folder.notice("handover", NOTICE, "按期交接，见[列表](列表.csv)。\n")
    portal_folder.commit("first version")
    portal_folder.notice(
        "handover", NOTICE + "revisions: [{on: 2026-12-01, note: 改期}]\n", "改期交接，见[列表](列表.csv)。\n"
    )
    portal_folder.commit("second version")
    return portal_folder


def build(folder: PortalFolder, secret: Secret) -> dict[str, bytes]:
    """Every sealed file: name -> bytes."""
    plan = folder.plan()
    files = private.files(plan, secret, Articles(plan, Prose(plan.settings)))
    return {path: bytes(data) for path, data in files if path.startswith("my/s/")}


def template(folder: PortalFolder, patch: pytest.MonkeyPatch) -> None:
    shipped = (words.TEMPLATES / "notice" / "article.html").read_text("utf-8")
    folder.write("site_templates/notice/article.html", f"{shipped}<p>又一行</p>")


def markdown_library(folder: PortalFolder, patch: pytest.MonkeyPatch) -> None:
    convert = markdown.Markdown.convert
    patch.setattr(markdown.Markdown, "convert", lambda self, text: convert(self, text) + "<p>别样</p>")


def a_word(folder: PortalFolder, patch: pytest.MonkeyPatch) -> None:
    folder.notice("fees", FEES, "新价**{{new}}**。\n")


def a_value(folder: PortalFolder, patch: pytest.MonkeyPatch) -> None:
    folder.write("notices/2026/fees.values.csv", VALUES.replace("450", "451"))


def an_attachment(folder: PortalFolder, patch: pytest.MonkeyPatch) -> None:
    folder.write("notices/2026/列表.csv", "日期,事项\n" * 9_999 + "日期,事务\n")


def a_client_s_name(folder: PortalFolder, patch: pytest.MonkeyPatch) -> None:
    folder.client("lanpu", CLIENT.format(id="lanpu", name="蓝圃食业"))


def the_epoch(folder: PortalFolder, patch: pytest.MonkeyPatch) -> None:
    folder.write("clients/epochs.json", '{"lanpu/lin": 2, "yunshan/amy": 3}')


def the_padding(folder: PortalFolder, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(envelope, "BLOCK", 8192)
    patch.setattr(attachments, "padded_size", lambda size: (size // 65536 + 1) * 65536)


Change = Callable[[PortalFolder, pytest.MonkeyPatch], None]
CHANGES: list[tuple[Change, int]] = [
    (template, 8 + 4),  # 2 versions in 2 languages, 1 in 2 for 2 clients; 4 indexes
    (markdown_library, 8 + 2 + 4),  # redlines too
    (a_word, 4 + 4),
    (a_value, 2 + 2),
    (an_attachment, 1 + 4 + 4),
    (a_client_s_name, 2),
    (the_epoch, 2),
    (the_padding, 1 + 8 + 2 + 4),
]


def test_no_two_messages_under_one_key_and_nonce(folder: PortalFolder, secret: Secret, witness: Witness) -> None:
    """A portal is built as it was, with another template, another Markdown library, another word, value, attachment,
    client's name, epoch and padding, and once more as it was.
    """
    before = build(folder, secret)
    original = {
        path: path.read_bytes() for path in folder.root.rglob("*") if path.is_file() and ".git" not in path.parts
    }
    for change, _ in CHANGES:
        with pytest.MonkeyPatch.context() as patch:
            change(folder, patch)
            build(folder, secret)
        for path in folder.root.rglob("*"):
            if path.is_file() and ".git" not in path.parts and path not in original:
                path.unlink()
        for path, data in original.items():
            path.write_bytes(data)
    build(folder, Secret(bytes(range(8, 40))))
    assert build(folder, secret) == before
    assert [len(messages) for messages in witness.sealed.values() if len(messages) != 1] == []
    assert len(witness.sealed) > 100


@pytest.mark.parametrize(("change", "count"), CHANGES, ids=lambda value: getattr(value, "__name__", None))
def test_what_changes_is_sealed_anew_and_nothing_else(
    folder: PortalFolder, secret: Secret, monkeypatch: pytest.MonkeyPatch, change: Change, count: int
) -> None:
    """Another text has another key and therefore another name; an index keeps its name and gets another salt. All
    else stays byte for byte.
    """
    before = build(folder, secret)
    change(folder, monkeypatch)
    after = build(folder, secret)
    different = {name for name, data in after.items() if before.get(name) != data}
    assert len(different) == count
    indexes = {name for name in different if name in before}
    assert all(before[name][4:5] == b"I" and before[name][10:42] != after[name][10:42] for name in indexes)


@given(st.binary(max_size=200), st.binary(max_size=200), st.lists(st.text(max_size=8), max_size=3).map(tuple))
def test_keys_follow_from_texts(one: bytes, other: bytes, identity: tuple[str, ...]) -> None:
    """The same text gives the same key, name and bytes; two texts share none of them, be it by padding alone."""
    secret = Secret(bytes(range(7, 39)))
    for content in (Content.NOTICE, Content.REDLINE):
        first, second = (sealing.seal(secret, content, identity, text) for text in (one, other))
        assert (first == second) == (one == other)
        assert (first.key == second.key) == (first.name == second.name) == (one == other)
        assert sealing.seal(secret, content, identity, one) == first
    longer = sealing.seal(secret, Content.NOTICE, identity, one + b"\x80")
    assert longer.key != sealing.seal(secret, Content.NOTICE, identity, one).key
    code = sealing.code(secret, "yunshan/lin", 1)
    salts = [sealing.seal_index(code, 1, text)[10:42] for text in (one, other)]
    assert (salts[0] == salts[1]) == (one == other)
