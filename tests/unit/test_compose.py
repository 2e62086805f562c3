"""What a message says, and what it must not say."""

from __future__ import annotations

import email
import re
from email.message import EmailMessage
from email.policy import default

import pytest

from mailer import message
from mailer.compose import LARGEST, Composer
from mailer.digest import Digest, Event, Receipt
from mailer.letter import Letter, Skeleton
from portal import sealing, words
from portal.config import Secret
from portal.plan import Plan
from tests.conftest import PortalFolder
from tests.unit.test_digest import LIN, after, agenda, client

FEES = """\
title: 2027 年度代账服务费调整
date: 2026-12-01
kind: fee-change
number: 试用〔2026〕18号
summary: 每月上调 40 元。
urgency: important
effective: 2027-01-01
action: {needed: true, what: 签回补充协议, by: 2026-12-31}
"""
ENGLISH = """\
translates: 1
title: Bookkeeping fees from 2027
summary: 40 CNY more a month.
action: {what: return the signed agreement}
"""


@pytest.fixture
def folder(portal_folder: PortalFolder) -> PortalFolder:
    """A portal with one immediate reader at yunshan, in Chinese."""
    portal_folder.client("yunshan", client("yunshan", "immediate"))
    return portal_folder


def due(plan: Plan, told: tuple[Receipt, ...] = ()) -> Digest:
    (digest,) = agenda(plan, after(*told)).digests
    return digest


def written(plan: Plan, digest: Digest) -> tuple[Letter, Skeleton]:
    composer = Composer(plan)
    return composer.letter(digest), composer.skeleton(digest)


def parsed(data: bytes) -> EmailMessage:
    mail = email.message_from_bytes(data, policy=default)
    assert isinstance(mail, EmailMessage)
    return mail


def parts(mail: EmailMessage) -> tuple[str, str]:
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert html is not None
    return plain.get_content(), html.get_content()


def test_public_notice_in_both_parts_and_both_languages(folder: PortalFolder) -> None:
    """Text and HTML lead with whether and by when to act, and link to the page in the reader's language."""
    folder.notice("fees", FEES)
    folder.notice("fees", ENGLISH, lang="en")
    plan = folder.plan()
    mail = parsed(message.build(*written(plan, due(plan)), []))
    assert mail["Subject"] == "请于12月31日前处理：2027 年度代账服务费调整"
    text, html = parts(mail)
    assert text.splitlines()[0] == "有 1 份公告与您有关，需要您处理，请于 2026年12月31日（含当日）前完成。"
    for part in (text, html):
        assert "请于 2026年12月31日（含当日）前处理：签回补充协议" in re.sub(r"</?b>", "", part)
        assert "https://notices.example.com/notices/fees/" in part
    folder.client("yunshan", client("yunshan", "immediate", contact=", language: en"))
    plan = folder.plan()
    mail = parsed(message.build(*written(plan, due(plan)), []))
    text, html = parts(mail)
    assert mail["Subject"] == "Act by 31 Dec: Bookkeeping fees from 2027"
    assert text.splitlines()[0] == "1 notice concerns you. It asks you to act by 31 December 2026."
    assert "https://notices.example.com/en/notices/fees/" in text
    assert not re.search("[一-鿿]", text.replace("林岚", "").replace("试用〔2026〕18号", ""))


@pytest.mark.parametrize(
    ("disclose", "said", "unsaid"),
    [
        ("nothing", ["一份只给您的公告"], ["服务费", "18号", "上调", "补充协议", "12月31日"]),
        ("title", ["2027 年度代账服务费调整", "请于 2026年12月31日"], ["上调", "补充协议"]),
        ("summary", ["2027 年度代账服务费调整", "每月上调 40 元", "签回补充协议"], []),
    ],
)
def test_private_notice_says_no_more_than_it_may(
    folder: PortalFolder, secret: Secret, disclose: str, said: list[str], unsaid: list[str]
) -> None:
    """By `mail.disclose`; always with the reader's own link and the code to type, and no public page."""
    folder.notice("fees", FEES + f"audience: {{clients: yunshan}}\nmail: {{disclose: {disclose}}}", "正文：秘密")
    plan = folder.plan()
    code = str(sealing.code(secret, "yunshan/lin", 1))
    letter, skeleton = written(plan, due(plan))
    assert letter.readers == (("yunshan/lin", 1),)
    mail = parsed(message.build(letter, skeleton, [code]))
    text, html = parts(mail)
    for part in (text, html):
        assert f"https://notices.example.com/my/#{code}" in part
        assert "/notices/fees" not in part
        assert "秘密" not in part
        assert all(words in part for words in said)
        assert not any(words in part + str(mail["Subject"]) for words in unsaid)


def test_what_the_ledger_keeps_holds_no_code(folder: PortalFolder, secret: Secret) -> None:
    """Letter and skeleton, as JSON, hold neither the code nor any part of it, and give the message back."""
    folder.notice("fees", FEES + "audience: {clients: yunshan}")
    plan = folder.plan()
    letter, skeleton = written(plan, due(plan))
    code = str(sealing.code(secret, "yunshan/lin", 1))
    kept = letter.model_dump_json() + skeleton.model_dump_json()
    assert not any(group in kept for group in code.split("-"))
    again = (
        Letter.model_validate_json(letter.model_dump_json()),
        Skeleton.model_validate_json(skeleton.model_dump_json()),
    )
    assert message.build(*again, [code]) == message.build(letter, skeleton, [code])
    assert code in parts(parsed(message.build(*again, [code])))[0]


def test_readers_of_the_same_news_share_a_skeleton(folder: PortalFolder) -> None:
    """Two people at two clients with the same notices differ in the letter only, so the ledger keeps the text once."""
    folder.client("lanpu", client("lanpu", "immediate", address="meng@lanpu.example.com"))
    folder.notice("fees", FEES)
    folder.notice("own", "title: 专属\ndate: 2026-12-01\naudience: {segments: small}")
    plan = folder.plan()
    found = agenda(plan)
    assert len({written(plan, digest)[1].key for digest in found.digests}) == 1
    assert len({written(plan, digest)[0].address for digest in found.digests}) == 2


def test_two_clients_get_two_links(folder: PortalFolder, secret: Secret) -> None:
    """A person who looks after two clients sees for which one each private notice is, and a link for each."""
    folder.client("lanpu", client("lanpu", "immediate"))
    folder.notice("own", "title: 专属\ndate: 2026-12-01\naudience: {segments: small}")
    plan = folder.plan()
    letter, skeleton = written(plan, due(plan))
    codes = [str(sealing.code(secret, key, epoch)) for key, epoch in letter.readers]
    text = message.text_part(letter, skeleton, codes)
    assert "涉及：lanpu Ltd、yunshan Ltd" in text
    assert [line for line in text.splitlines() if "/my/#" in line] == [
        f"https://notices.example.com/my/#{code}" for code in codes
    ]


def test_per_client_values_never_show_as_braces(folder: PortalFolder) -> None:
    """A title or summary that per-client values belong into is left to the sealed page."""
    folder.write("notices/2026/own.values.csv", "client,new\nyunshan,200\n")
    folder.notice(
        "own",
        "title: 您的新价 {{new}}\ndate: 2026-12-01\nsummary: '{{new}} 元'\nvalues: own.values.csv\n"
        "audience: {clients: yunshan}\nmail: {disclose: summary}",
    )
    plan = folder.plan()
    _, skeleton = written(plan, due(plan))
    assert "{{" not in skeleton.subject + skeleton.text + skeleton.html
    assert "一份只给您的公告" in skeleton.text


def test_withdrawal_and_update_say_so(folder: PortalFolder) -> None:
    """A new version says what changed; a withdrawn notice says that it no longer holds, and why."""
    folder.notice("fees", FEES)
    folder.commit("one")
    folder.notice("fees", FEES + "revisions: [{on: 2026-12-03, note: 推迟一个月}]")
    folder.commit("two")
    told = Receipt(LIN, "yunshan", "fees", 1, Event.PUBLISHED)
    plan = folder.plan()
    _, skeleton = written(plan, due(plan, (told,)))
    assert "[有更新] 2027 年度代账服务费调整" in skeleton.text
    assert "本次更新：推迟一个月" in skeleton.text
    folder.notice("fees", FEES + "withdrawn: {on: 2026-12-05, reason: 测算有误}")
    plan = folder.plan()
    _, skeleton = written(plan, due(plan, (told,)))
    assert "这份公告已撤回" in skeleton.text
    assert "撤回原因：测算有误" in skeleton.text
    assert "签回" not in skeleton.text
    assert skeleton.text.startswith("有 1 份公告与您有关，都已不再有效或不再涉及您，无需再照此办理。")


@pytest.mark.parametrize(("count", "titles"), [(40, True), (900, False)])
def test_very_many_notices_stay_below_what_mail_programs_cut_off(
    folder: PortalFolder, count: int, titles: bool
) -> None:
    """After a long silence the HTML shrinks to titles, then to a number; the text names and links every notice."""
    for number in range(count):
        front = f"title: 第 {number} 份公告\ndate: 2026-11-{number % 28 + 1:02}\nsummary: {'很长的说明。' * 60}"
        folder.notice(f"n{number}", front)
    plan = folder.plan()
    _, skeleton = written(plan, due(plan))
    assert len(skeleton.html.encode()) < LARGEST
    assert all(f"第 {number} 份公告" in skeleton.html for number in range(count)) is titles
    assert ("以及另外" in skeleton.html) is not titles
    assert all(f"https://notices.example.com/notices/n{number}/" in skeleton.text for number in range(count))


def test_both_languages_have_the_same_words() -> None:
    """Every key of the Chinese mail words is in the English ones, and the other way round."""
    assert words.load("zh", "mail").keys == words.load("en", "mail").keys
