"""What a message says, and what it must not say."""

from __future__ import annotations

import dataclasses
import datetime as dt
import email
import re
import unicodedata
from email.message import EmailMessage
from email.policy import default

import pytest

from mailer.agenda.digest import Digest, Event, Receipt, Reminder
from mailer.letters import message, plaintext
from mailer.letters.compose import LARGEST, Composer
from mailer.letters.letter import Letter, Skeleton, slot
from mailer.people.subscription import Consent, Subscription
from portal import sealing, words
from portal.config import Secret
from portal.errors import PortalError
from portal.plan import Plan
from tests.conftest import PortalFolder
from tests.unit.test_digest import BEGIN, LIN, after, agenda, client

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
    data = message.build(letter, skeleton, [code])
    assert b"\n" not in data.replace(b"\r\n", b""), "servers refuse a line feed of its own"
    mail = parsed(data)
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
    assert skeleton.text.startswith("您收到过的 1 份公告已撤回，请不要再照此办理。")


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


BODY = """\
## 为什么

- 第一条
- 第二条，见[公告](https://example.org/why)

| 项目 | 现在 |
| --- | --- |
| 代账 | {{fee}} |

![图](chart.png) <script>alert(1)</script>

![远](https://elsewhere.example.org/x.png)
"""


def said(html: str) -> str:
    """All that an HTML part says and links to, letters and digits only."""
    return bare(plaintext.of_html(html))


def bare(text: str) -> str:
    return re.sub(r"[\W_]+", "", text)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_text_and_html_say_the_same(folder: PortalFolder, secret: Secret, language: str) -> None:
    """Every line of the text stands in the HTML, and every piece of the HTML in the text; links included."""
    folder.client("yunshan", client("yunshan", "immediate", contact=f", language: {language}"))
    folder.client("lanpu", client("lanpu", "immediate"))
    folder.write("content/genuine.zh.md", "# 辨别\n")
    folder.notice("fees", FEES)
    folder.notice("own", FEES.replace("date: 2026-12-01", "date: 2026-12-02") + "audience: {clients: yunshan}")
    folder.notice("quiet", "title: 无事\ndate: 2026-12-03\naction: {needed: false}")
    folder.commit("one")
    folder.notice("fees", FEES + "revisions: [{on: 2026-12-05, note: 推迟}]")
    folder.commit("two")
    folder.notice("gone", "title: 取消\ndate: 2026-12-01\nwithdrawn: {on: 2026-12-05, reason: 测算有误}")
    plan = folder.plan()
    told = (Receipt(LIN, "yunshan", "fees", 1, "published"), Receipt(LIN, "yunshan", "gone", 1, "published"))
    letter, skeleton = written(plan, due(plan, told))
    codes = [str(sealing.code(secret, *reader)) for reader in letter.readers]
    text, html = parts(parsed(message.build(letter, skeleton, codes)))
    assert "https://notices.example.com/notices/fees/changes/" in text
    assert "https://notices.example.com/genuine/" in text
    assert codes[0] in text
    assert [line for line in text.splitlines() if bare(line) not in said(html)] == []
    pieces = [piece for piece in re.split(r"\n", plaintext.of_html(html)) if bare(piece) not in bare(text)]
    assert pieces == []


@pytest.mark.parametrize("private", [True, False])
def test_full_disclosure_puts_the_text_into_the_mail(folder: PortalFolder, private: bool) -> None:
    """The notice's own text, without images, scripts, classes and anybody's values; its links are whole addresses."""
    folder.write("notices/2026/own.values.csv", "client,fee\nyunshan,200\n")
    folder.write("notices/2026/chart.png", b"\x89PNG")
    audience = "audience: {clients: yunshan}\nvalues: own.values.csv" if private else ""
    folder.notice("own", f"{FEES}reason: 成本上涨\n{audience}\nmail: {{disclose: full}}", BODY)
    plan = folder.plan()
    _, skeleton = written(plan, due(plan))
    for part in (skeleton.text, plaintext.of_html(skeleton.html)):
        assert "成本上涨" in part
        assert "- 第一条" in part
        assert "https://example.org/why" in part
        assert "项目 | 现在" in part
        assert ("代账 | （您的数据只在专属页面）" in part) is private
        assert "alert" not in part
        assert "200" not in part
    assert "<img" not in skeleton.html
    assert 'class="dn-' not in skeleton.html
    assert "<h3 style=" in skeleton.html


def test_a_whole_text_that_is_too_long_gives_way_to_its_summary(folder: PortalFolder) -> None:
    """The HTML stays below what programs cut off; the text then says the same as it."""
    folder.notice("own", f"{FEES}audience: {{clients: yunshan}}\nmail: {{disclose: full}}", "很长的一段。\n\n" * 3000)
    plan = folder.plan()
    _, skeleton = written(plan, due(plan))
    assert len(skeleton.html.encode()) < LARGEST
    for part in (skeleton.html, skeleton.text):
        assert "很长的一段" not in part
        assert "每月上调 40 元" in part


def test_dates_that_moved_are_told_with_what_they_were(folder: PortalFolder) -> None:
    """Later is a postponement, earlier an advance; the old date stands beside the new one."""
    folder.notice("fees", FEES)
    folder.commit("one")
    moved = FEES.replace("by: 2026-12-31", "by: 2027-01-15").replace("effective: 2027-01-01", "effective: 2027-02-01")
    folder.notice("fees", moved + "revisions: [{on: 2026-12-03, note: 推迟一个月}]")
    folder.commit("two")
    plan = folder.plan()
    told = (Receipt(LIN, "yunshan", "fees", 1, Event.PUBLISHED),)
    letter, skeleton = written(plan, due(plan, told))
    assert skeleton.subject == "延期：请于1月15日前处理：2027 年度代账服务费调整"
    assert "[有延期]" in skeleton.text
    assert "自 2027年2月1日起生效（原为 2027年1月1日）" in skeleton.text.replace("\n", "")
    assert "请于 2027年1月15日（含当日）前处理（原为 2026年12月31日）" in skeleton.text
    assert "notices/fees/changes/" in letter.pages
    folder.notice("fees", moved.replace("2027-01-15", "2026-12-20") + "revisions: [{on: 2026-12-03, note: 提前}]")
    folder.commit("three")
    folder.notice("fees", FEES.replace("2026-12-31", "2026-12-20") + "revisions: [{on: 2026-12-03, note: 提前}]")
    folder.commit("four")
    plan = folder.plan()
    assert written(plan, due(plan, told))[1].subject.startswith("提前：")


def item_of(digest: Digest, **changes: object) -> Digest:
    return dataclasses.replace(digest, items=(dataclasses.replace(digest.items[0], **changes),))  # type: ignore[arg-type]


def test_reminder_says_how_long_it_is(folder: PortalFolder) -> None:
    """A reminder names the day and what is left of the time, and threads to the first message."""
    folder.notice("fees", FEES)
    plan = folder.plan()
    reminder = Reminder(dt.timedelta(days=7), dt.date(2026, 12, 14), 7, "寄回协议")
    digest = item_of(due(plan), event=Event.REMINDER, told=1, reminder=reminder, thread="<first@example.com>")
    letter, skeleton = written(plan, digest)
    assert letter.thread == ("<first@example.com>",)
    assert skeleton.subject == "提醒：请于12月31日前处理：2027 年度代账服务费调整"
    assert "2026年12月14日：还有 7 天：寄回协议" in skeleton.text
    assert "2026年12月14日：还有 7 天：寄回协议" in skeleton.html


def test_subject_does_not_ask_for_what_is_over(folder: PortalFolder) -> None:
    """On the day itself the subject says by when to act; from the next day on, that the time has passed."""
    folder.notice("fees", FEES)
    reminder = Reminder(-dt.timedelta(days=3), dt.date(2026, 12, 31), -3, "寄回协议")
    subjects = {}
    for now in ("2026-12-31T23:00+08:00", "2027-01-03T10:00+08:00"):
        plan = folder.plan(now)
        subjects[now] = written(plan, item_of(due(plan), event=Event.REMINDER, told=1, reminder=reminder))[1].subject
    assert list(subjects.values()) == [
        "提醒：请于12月31日前处理：2027 年度代账服务费调整",
        "提醒：12月31日的期限已过：2027 年度代账服务费调整",
    ]


def test_reminder_of_a_private_notice_says_no_more_than_its_title(folder: PortalFolder) -> None:
    """What the day brings is left out where only the title may be said; the day too where nothing may be."""
    reminder = Reminder(dt.timedelta(days=7), dt.date(2026, 12, 14), 7, "寄回协议")
    for disclose, day in (("title", True), ("nothing", False)):
        folder.notice("fees", f"{FEES}audience: {{clients: yunshan}}\nmail: {{disclose: {disclose}}}")
        plan = folder.plan()
        _, skeleton = written(plan, item_of(due(plan), event=Event.REMINDER, told=1, reminder=reminder))
        assert "寄回协议" not in skeleton.text + skeleton.html
        assert ("2026年12月14日：还有 7 天" in skeleton.text) is day


def test_released_reader_is_told_that_it_no_longer_concerns(folder: PortalFolder) -> None:
    """Nothing is asked any more, and the mail says so first."""
    folder.notice("fees", FEES)
    plan = folder.plan()
    _, skeleton = written(plan, item_of(due(plan), event=Event.RELEASED, told=1))
    assert skeleton.subject == "不再涉及您：2027 年度代账服务费调整"
    assert skeleton.text.startswith("您收到过的 1 份公告不再涉及您")
    assert "签回补充协议" not in skeleton.text + skeleton.html


@pytest.mark.parametrize(("mandatory", "said_of_it"), [(True, "不能退订"), (False, "都是自愿订阅的公告")])
def test_classes_are_told(folder: PortalFolder, mandatory: bool, said_of_it: str) -> None:
    """A mail says whether it can be left, marks what is voluntary, and names the way out only where there is one."""
    folder.notice("fees", FEES)
    plan = folder.plan()
    _, skeleton = written(plan, item_of(due(plan), mandatory=mandatory))
    text = skeleton.text.replace("\n", "")
    assert said_of_it in text
    assert ("[自愿订阅]" in text) is not mandatory
    assert ("mailto:notices@example.com?subject=" in text) is not mandatory


def test_subscriber_is_not_spoken_to_as_a_client(folder: PortalFolder) -> None:
    """Who subscribed is told why the mail comes and that leaving is free; nothing is called concerning a contract."""
    folder.notice("fees", FEES)
    plan = folder.plan()
    digest = due(plan)
    subscriber = Subscription("0" * 16, "eve@example.org", Consent(BEGIN, "form"), name="Eve").recipient
    person = dataclasses.replace(digest.person, recipients=(subscriber,), name="Eve", language="en")
    letter, skeleton = written(plan, dataclasses.replace(item_of(digest, readers=(subscriber,)), person=person))
    assert letter.readers == ()
    assert skeleton.text.startswith("1 notice that you subscribe to is new or changed.")
    assert "because you subscribed to Trial notices" in skeleton.text
    assert "contract" not in skeleton.text


def test_own_imprint_and_page_on_genuine_mails(folder: PortalFolder) -> None:
    """The configured line and the page are in both parts, in the reader's language; without them nothing is."""
    folder.notice("fees", FEES)
    plan = folder.plan()
    assert "genuine" not in written(plan, due(plan))[1].html
    config = (folder.root / "mkdocs.yml").read_text(encoding="utf-8")
    folder.write("mkdocs.yml", f"{config}    mail: {{imprint: {{zh: 上海市试用路 1 号, en: 1 Trial Road}}}}\n")
    folder.write("content/genuine.zh.md", "# 辨别\n")
    plan = folder.plan()
    letter, skeleton = written(plan, due(plan))
    for part in (skeleton.text, skeleton.html):
        assert "上海市试用路 1 号" in part
        assert "https://notices.example.com/genuine/" in part
    assert "genuine/" in letter.pages


@pytest.mark.parametrize(
    ("template", "text", "line", "message"),
    [
        ("digest.mjml", "<mjml>\n<mj-body>\n<mj-text>{{ lead }}\n</mj-body></mjml>", 3, "<mj-text> is not closed"),
        ("digest.mjml", "<mjml><mj-body>\n<mj-tabel></mj-tabel></mj-body></mjml>", 2, "<mj-tabel> is no element"),
        ("digest.mjml", "<mjml>\n\n<mj-body></mj-section></mj-body></mjml>", 3, "</mj-section> closes nothing"),
        ("digest.mjml", "<mjml><mj-body>\n{{ led }}</mj-body></mjml>", 2, "'led' is undefined"),
        ("digest.mjml", "<mjml>\n{% if %}</mjml>", 2, "Expected an expression"),
        ("digest.txt", "{{ lead }}\n{{ w('no.such') }}\n", 2, "there are no words for 'no.such'"),
        ("digest.subject.txt", "{{ paragraphs[0].titel }}", 1, "has no attribute 'titel'"),
        ("dark.css", "\n{{ paragraphs[7].title }}", 2, "has no element 7"),
    ],
)
def test_own_template_that_is_broken(folder: PortalFolder, template: str, text: str, line: int, message: str) -> None:
    """One line says which template, where in it, and what is wrong."""
    folder.write(f"site_templates/mail/{template}", text)
    folder.notice("fees", FEES)
    plan = folder.plan()
    with pytest.raises(PortalError) as told:
        written(plan, due(plan))
    assert str(told.value.location) == f"site_templates/mail/{template}:{line}:1"
    assert message in told.value.message
    assert "\n" not in told.value.message


def test_own_template_is_used(folder: PortalFolder) -> None:
    """A portal's own template takes the place of the program's, and slots work in attributes and text."""
    folder.write(
        "site_templates/mail/digest.mjml",
        '<mjml lang="zh"><mj-body><mj-section><mj-column><mj-text><a href="x#{{ name }}" title="é">{{ name }}</a>'
        "</mj-text></mj-column></mj-section></mj-body></mjml>",
    )
    folder.notice("fees", FEES)
    plan = folder.plan()
    letter, skeleton = written(plan, due(plan))
    html = parts(parsed(message.build(letter, skeleton, [])))[1]
    assert re.sub(r"&#xe9;|é", "e", html).count('<a href="x#林岚" title="e">林岚</a>') == 1


def test_nothing_is_loaded_from_elsewhere(folder: PortalFolder) -> None:
    """No image, font or style sheet; what begins with http is a link, or names a namespace."""
    folder.notice("fees", FEES)
    plan = folder.plan()
    html = written(plan, due(plan))[1].html
    found = set(re.findall(r"https?://[^\"'\s<>]+", html)) - set(re.findall(r'href="([^"]+)"', html))
    assert found <= {"http://www.w3.org/1999/xhtml", "https://notices.example.com/"}
    assert "@import" not in html
    assert "<img" not in html


def test_long_title_is_cut_in_the_subject_only(folder: PortalFolder) -> None:
    """What is asked, by when and how many there are stay in view."""
    folder.notice("fees", FEES.replace("title: 2027 年度代账服务费调整", f"title: {'很长的标题' * 20}"))
    folder.notice("more", "title: 另一份\ndate: 2026-12-02")
    plan = folder.plan()
    _, skeleton = written(plan, due(plan))
    assert plaintext.columns(skeleton.subject) <= 78
    assert skeleton.subject.startswith("请于12月31日前处理：很长的标题")
    assert skeleton.subject.endswith("… 等 2 份公告")
    assert "很长的标题" * 20 in skeleton.text.replace("\n", "")


def test_tables_and_lists_as_text() -> None:
    """A row of data is one line, whatever stands in its cells; layout tables are none; links follow their words."""
    cells = "<tr><th>项目<div>备注</div></th><td>1<br>2</td></tr><tr><td>乙</td><td></td></tr>"
    layout = '<table role="presentation"><tr><td><p>左</p></td><td><p>右</p></td></tr></table>'
    assert plaintext.of_html(f"{layout}<table>{cells}</table><p>后 <a href='https://example.org/'>链</a> 完</p>") == (
        "左\n\n右\n\n项目 备注 | 1 2\n乙 |\n\n后 链\nhttps://example.org/\n完"
    )
    assert plaintext.of_html("<ol start='3'><li>甲<ul><li>乙</li></ul></li><li>丙</li></ol>") == "3. 甲\n  - 乙\n4. 丙"


def test_columns_are_those_of_unicode() -> None:
    """The ranges agree with Unicode's own table for everything a mail is written in."""
    for character in map(
        chr, (*range(0x20, 0x2000), *range(0x2E80, 0x4DC0), *range(0x4E00, 0xA000), *range(0xFF00, 0xFF61))
    ):
        width = unicodedata.east_asian_width(character)
        if width != "A" and unicodedata.category(character) not in ("Cn", "Mn", "Me"):
            assert plaintext.columns(character) == (2 if width in "WF" else 1), hex(ord(character))


def test_text_is_wrapped_for_han_and_for_words() -> None:
    """At 76 columns, never before a closing mark or inside an address or a slot; what hangs is indented."""
    address = "https://notices.example.com/" + "x" * 90
    name = slot("name")
    text = f"{'汉' * 38}，{'字' * 5}\n>> {'word ' * 20}\n{address}\n{'a' * 74} {name}\n\n\n\nend"
    assert plaintext.wrap(text).splitlines() == [
        "汉" * 37,
        f"汉，{'字' * 5}",
        f">> {'word ' * 14}".rstrip(),
        f"   {'word ' * 6}".rstrip(),
        address,
        "a" * 74,
        name,
        "",
        "end",
    ]


@pytest.mark.parametrize("audience", ["public", "{segments: small}"])
def test_a_translation_that_was_left_behind_is_told(folder: PortalFolder, audience: str) -> None:
    """After a correction that was not translated the English reader gets the original's words and one line on why; of a
    public notice with the older translation's page, which must be there; the Chinese reader gets no such line."""
    front = f"{FEES}audience: {audience}\n"
    folder.notice("fees", front + "mail: {disclose: summary}")
    folder.notice("fees", ENGLISH, lang="en")
    folder.commit("one")
    folder.notice("fees", front + "mail: {disclose: summary}\nrevisions: [{on: 2026-12-02, note: 金额更正}]")
    folder.commit("two")
    folder.client("yunshan", client("yunshan", "immediate", contact=", language: en"))
    plan = folder.plan()
    letter, skeleton = written(plan, due(plan))
    public = audience == "public"
    older = "https://notices.example.com/en/notices/fees/v1/"
    for part in (" ".join(skeleton.text.split()), skeleton.html):
        assert "2027 年度代账服务费调整" in part
        assert "This version has not been translated into English yet; here is the Chinese original." in part
        assert ("Version 1 in English" in part, older in part) == (public, public)
    assert ("en/notices/fees/v1/" in letter.pages) is public
    folder.client("yunshan", client("yunshan", "immediate"))
    plan = folder.plan()
    letter, skeleton = written(plan, due(plan))
    assert "译文" not in skeleton.text + skeleton.html
