"""What people see of a notice."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from html.parser import HTMLParser

import pytest

from portal import words
from portal.article import Article, Articles
from portal.errors import Location, Severity
from portal.kinds import DETAILS, Handover, Kind, Responsibility
from portal.notice import Text, Urgency
from portal.plan import Attachment, Plan
from portal.prose import Prose, Rendered
from portal.states import State
from tests.conftest import PortalFolder

FEES = """
title: 2027 年度收费调整
number: 试〔2026〕1号
kind: fee-change
date: 2026-11-01
summary: 每月上调 40 元。
reason: 成本上升。
scope: 全部代账客户
exceptions: 新签客户除外
owner: fees
effective: 2027-02-01
action: {needed: true, what: 签回补充协议。, by: 2026-12-31}
ack: {level: agreed, by: 2026-12-20}
objection: {until: 2026-12-25, how: 书面提出。}
measures: 预付全年按原价。
value: 单据上限提高。
comparison:
  - {item: 代账, old: 200 CNY/month, new: 240 CNY/month}
  - {item: 年报, old: 1500 CNY/year, new: 1400.50 CNY/year, note: 含审阅}
  - {item: 代开, old: 15 CNY, new: 15 CNY}
  - {item: 单据上限, old: 80 份, new: 120 份}
evidence: [{figure: 人工上升 14%, source: 年报, on: 2026-03-31}]
faq: [{q: 要补差吗？, a: 不用。}]
approvals: [{role: legal, by: 内部审批人, on: 2026-10-30}]
"""


class Reading(HTMLParser):
    """HTML as a person reads it: the text, and the addresses of links by their text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.links: dict[str, str] = {}
        self._pieces: list[str] = []
        self._open: list[tuple[str, int]] = []
        self.feed(page)
        self.text = " ".join("".join(self._pieces).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self._open.append((dict(attrs).get("href") or "", len(self._pieces)))
        elif tag not in {"span", "time", "b", "strong", "small", "em"}:
            self._pieces.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            address, start = self._open.pop()
            self.links["".join(self._pieces[start:]).strip()] = address

    def handle_data(self, data: str) -> None:
        self._pieces.append(data)


def render(
    plan: Plan,
    identity: str,
    language: str = "zh",
    *,
    version: int | None = None,
    values: dict[str, str] | None = None,
    articles: Articles | None = None,
) -> Article:
    """A notice of the plan as its page shows it."""
    entry = next(e for e in plan.entries if e.id == identity)
    shown = entry.latest if version is None else next(v for v in entry.versions if v.number == version)
    articles = articles or Articles(plan, Prose(plan.settings))

    def file_url(attachment: Attachment) -> str:
        return f"/files/{attachment.name}"

    return articles.render(entry, shown, language, values=values, file_url=file_url, private=entry.private)


def read(article: Article) -> str:
    return Reading(article.html).text


def test_the_first_words_after_the_head_say_by_when_to_act(portal_folder: PortalFolder) -> None:
    """A reader learns what to do by when before anything else, with the other deadlines beside it."""
    portal_folder.notice("fees", FEES)
    page = read(render(portal_folder.plan(), "fees"))
    assert page.startswith(
        "收费调整 2027 年度收费调整 即将生效 试〔2026〕1号 第 1 版 2026年11月1日 发布 "
        "请于 2026年12月31日前办理 含当日 签回补充协议。 "
        "涉及谁 全部代账客户 多少 +¥40/月 · −¥99.50/年 从哪天 2027年2月1日 "
        "请答复是否同意 2026年12月20日前 未答复不视为同意。 如有异议 2026年12月25日前 书面提出。 将日期加入日历 一览"
    )


@pytest.mark.parametrize(
    ("comparison", "said"),
    [
        ("[{item: 代账, old: 200 CNY/month, new: 240 CNY/month}]", "多少 ¥200/月 → ¥240/月（+¥40/月）"),
        (
            "[{item: 甲,old: 2 CNY,new: 1 CNY}, {item: 乙, old: 2 CNY, new: 9 CNY}, {item: 丙,old: 1 CNY,new: 1 CNY}]",
            "多少 2 项，−¥1 至 +¥7",
        ),
        ("[{item: 甲, old: 2 CNY/month, new: 3 CNY/month}, {item: 乙, old: 1 USD, new: 3 USD}]", "多少 +¥1/月 · +US$2"),
        ("[{item: 甲, old: 2 CNY, new: 2 CNY}]", "多少 金额不变"),
        ("[{item: 时间, old: 9 点, new: 8 点}]", ""),
    ],
)
def test_the_first_screen_says_how_much(portal_folder: PortalFolder, comparison: str, said: str) -> None:
    """One amount from and to, several as a range, those without an order one by one; no word where there is none."""
    portal_folder.notice("n", f"title: 通知\ndate: 2026-11-01\neffective: 2027-01-01\ncomparison: {comparison}")
    page = read(render(portal_folder.plan(), "n"))
    assert f"涉及谁 所有客户（公开） {said} 从哪天 2027年1月1日 将日期加入日历 一览".replace("  ", " ") in page


def test_what_is_over_asks_nothing_of_anybody(portal_folder: PortalFolder) -> None:
    """A withdrawn notice has no first answers: they would be acted upon."""
    portal_folder.notice("fees", FEES + "withdrawn: {on: 2026-11-20, reason: 有误}")
    page = render(portal_folder.plan(), "fees").html
    assert "dn-brief" not in page
    assert '<p class="dn-running" aria-hidden="true"><span class="dn-badge dn-badge--withdrawn">已撤回</span>' in page


def test_a_notice_says_how_to_check_it(portal_folder: PortalFolder) -> None:
    """The page on telling our notices from others', where there is one, and the look-up of its very number."""
    portal_folder.notice("fees", FEES)
    links = Reading(render(portal_folder.plan(), "fees").html).links
    assert links["按编号查"] == "/lookup/?q=%E8%AF%95%E3%80%942026%E3%80%951%E5%8F%B7"
    assert "怎么辨别" not in links
    portal_folder.write("content/genuine.zh.md", "# 辨别\n")
    assert Reading(render(portal_folder.plan(), "fees").html).links["怎么辨别"] == "/genuine/"


def test_a_new_account_can_be_copied(portal_folder: PortalFolder) -> None:
    """The long number alone, and only the new one; a text with markup stays as it is."""
    new = "示例银行，账号 3100 6666 0188 0001"
    details = f"details: {{what: 账户, old: 旧账号 3100 6666 0188 0000, new: '{new}', verify: 打电话}}"
    portal_folder.notice("n", f"title: 变更\ndate: 2026-11-01\nkind: contact-change\n{details}")
    page = render(portal_folder.plan(), "n").html
    assert '账号 <span data-dn-copy="复制" data-dn-copied="已复制">3100 6666 0188 0001</span>' in page
    assert page.count('data-dn-copy="复制"') == 1


def test_a_deadline_is_said_in_the_readers_language(portal_folder: PortalFolder) -> None:
    """An English page gives the same deadline in English words and an English date."""
    portal_folder.notice("fees", FEES)
    portal_folder.notice("fees", "translates: 1\ntitle: Fees in 2027\naction: {what: Return the agreement.}", lang="en")
    page = read(render(portal_folder.plan(), "fees", "en"))
    assert "Please act by 31 December 2026 that day included Return the agreement." in page
    assert "not been translated" not in page


@pytest.mark.parametrize(
    ("action", "said"),
    [
        ("action: {needed: false}", "无需操作"),
        ("action: {needed: true, what: 请上传原件}", "请您办理 请上传原件"),
        ("action: {needed: true, what: 请上传原件, by: 2026-12-07}", "请于 2026年12月7日前办理 含当日 请上传原件"),
        (
            "action: {needed: true, what: 请上传原件, by: 2026-12-06}",
            "请于 2026年12月6日前办理 办理期限已过 请上传原件",
        ),
        ("", "仅供知悉"),
    ],
)
def test_whether_one_must_act_is_always_said(portal_folder: PortalFolder, action: str, said: str) -> None:
    """No action, an open one, one due today, one overdue, and a notice that does not say: each has its own words."""
    portal_folder.notice("n", f"title: 通知\ndate: 2026-11-01\n{action}")
    assert f"2026年11月1日 发布 {said} " in read(render(portal_folder.plan(), "n"))


def test_the_card_answers_six_questions(portal_folder: PortalFolder) -> None:
    """Why, what, when, whom, what is done for the reader, and whom to ask, in this order."""
    portal_folder.notice("fees", FEES)
    article = render(portal_folder.plan(), "fees")
    assert (
        "一览 为什么 成本上升。 什么事 每月上调 40 元。 什么时候 生效 2027年2月1日 "
        "涉及谁 全部代账客户 例外 新签客户除外 发给 所有客户（公开） "
        "我们为您做什么 预付全年按原价。 您得到什么 单据上限提高。 问谁 收费台"
    ) in read(article)
    assert Reading(article.html).links["021-5550 0100"] == "tel:02155500100"
    assert Reading(article.html).links["fees@example.com"] == "mailto:fees@example.com"


def test_dates_can_be_read_by_machines(portal_folder: PortalFolder) -> None:
    """Every date stands in a <time> with its ISO form; the coming ones ask the browser how far away they are."""
    portal_folder.notice("fees", FEES)
    page = render(portal_folder.plan(), "fees").html
    assert '<time datetime="2027-02-01" data-dn-relative>2027年2月1日</time>' in page
    assert '<time datetime="2026-11-01">2026年11月1日</time>' in page


def test_stages_stand_in_order_of_time(portal_folder: PortalFolder) -> None:
    """Stages are listed by their day, whatever order the author wrote."""
    stages = "stages: [{on: 2027-02-01, what: 生效}, {on: 2026-12-31, what: 异议截止}]"
    portal_folder.notice("n", f"title: 通知\ndate: 2026-11-01\n{stages}")
    assert "2026年12月31日 异议截止 2027年2月1日 生效" in read(render(portal_folder.plan(), "n"))


def test_a_comparison_computes_the_difference(portal_folder: PortalFolder) -> None:
    """Amounts get a difference and per cent, equal ones say so, and rows of text stay text."""
    portal_folder.notice("fees", FEES)
    assert (
        "调整对照 项目 原来 现在 差额 代账 ¥200/月 ¥240/月 +¥40/月 +20% "
        "年报 含审阅 ¥1,500/年 ¥1,400.50/年 −¥99.50/年 −6.6% 代开 ¥15 ¥15 不变 单据上限 80 份 120 份 依据"
    ) in read(render(portal_folder.plan(), "fees"))


def test_a_comparison_of_words_has_no_column_of_differences(portal_folder: PortalFolder) -> None:
    """Where nothing can be compared, there is no empty column."""
    portal_folder.notice("n", "title: 通知\ndate: 2026-11-01\ncomparison: [{item: 时间, old: 9 点, new: 8 点}]")
    page = read(render(portal_folder.plan(), "n"))
    assert "项目 原来 现在 时间 9 点 8 点" in page


def test_approvals_stay_inside_the_house(portal_folder: PortalFolder) -> None:
    """Who approved a notice is not shown to its readers."""
    portal_folder.notice("fees", FEES)
    assert "内部审批人" not in render(portal_folder.plan(), "fees").html


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("kind", list(Kind))
def test_every_detail_of_every_kind_is_shown(portal_folder: PortalFolder, kind: Kind, language: str) -> None:
    """Whatever the author writes in `details` stands on the page, beside its label."""
    w = words.load(language)
    lines, expected = [], []
    for name, field in DETAILS[kind].model_fields.items():
        label = w(f"details.{kind}.{name}")
        kinds_of_value = str(field.annotation)
        if name in {"handover", "responsibility", "bank_account", "reduced", "points"}:
            continue  # shapes of their own, tested below
        if name == "next_update":
            continue  # a closed incident announces no further update
        if kinds_of_value.startswith("str"):
            lines.append(f"  {name}: 文字-{name}")
            expected.append(f"{label} 文字-{name}")
        else:
            lines.append(f"  {name}: 2026-12-24")
            expected.append(f"{label} {'2026年12月24日' if language == 'zh' else '24 December 2026'}")
    details = "details:\n" + "\n".join(lines) if lines else ""
    portal_folder.notice("n", f"title: 通知\ndate: 2026-11-01\nkind: {kind}\n{details}")
    page = read(render(portal_folder.plan(), "n", language))
    assert w(f"kind.{kind}") in page
    for text in expected:
        assert text in page


def test_a_hand_over_list_can_be_signed(portal_folder: PortalFolder) -> None:
    """The list is a table with who, to whom, before whom, when, and a place to sign; responsibilities have theirs."""
    portal_folder.notice(
        "end",
        "title: 终止\ndate: 2026-11-01\nkind: contract-termination\ndetails:\n"
        "  responsibility: [{period: 2026 年, who: 我方}]\n"
        "  handover: [{item: 账册, from: 会计部, to: 林岚, witness: 方小满, on: 2026-12-28}]",
    )
    article = render(portal_folder.plan(), "end")
    page = read(article)
    assert "各期责任 期间 责任方 2026 年 我方" in page
    assert "交接清单 交接事项 移交人 接收人 见证人 日期 签字 账册 会计部 林岚 方小满 2026年12月28日" in page
    assert '<td role="cell" data-label="签字" class="dn-cell--signature"></td>' in article.html


def test_the_newest_update_comes_first(portal_folder: PortalFolder) -> None:
    """An incident's updates are told from the newest back, on the firm's clock."""
    portal_folder.notice(
        "down",
        "title: 中断\ndate: 2026-12-01\nkind: incident\nupdates:\n"
        "  - {at: 2026-12-01 10:00:00+08:00, text: 发现}\n  - {at: 2026-12-01 04:30:00Z, text: 恢复}",
    )
    assert "2026年12月1日 12:30 恢复 2026年12月1日 10:00 发现" in read(render(portal_folder.plan(), "down"))


def test_a_reader_elsewhere_learns_whose_clock_it_is(portal_folder: PortalFolder) -> None:
    """A time of day names the firm's zone on pages that are not in the portal's first language."""
    portal_folder.notice(
        "down", "title: 中断\ndate: 2026-12-01\nkind: incident\ndetails: {next_update: 2026-12-08 10:00:00+08:00}"
    )
    assert "Next update 8 December 2026, 10:00 (Shanghai time)" in read(render(portal_folder.plan(), "down", "en"))


def test_points_of_a_policy_are_a_list_and_its_original_a_link(portal_folder: PortalFolder) -> None:
    """Main points stand one by one; the address of the original can be followed."""
    portal_folder.notice(
        "p",
        "title: 政策\ndate: 2026-11-01\nkind: policy\ndetails:\n"
        "  link: https://rules.example.org/12?a=1&b=2\n  points: [第一, 第二]",
    )
    article = render(portal_folder.plan(), "p")
    assert "<li>第一</li><li>第二</li>" in article.html
    address = "https://rules.example.org/12?a=1&b=2"
    assert Reading(article.html).links[address] == address


def test_a_change_of_bank_account_warns(portal_folder: PortalFolder) -> None:
    """A notice about a bank account tells how to make sure of it, not just that it is about one."""
    portal_folder.notice("b", "title: 账户\ndate: 2026-11-01\nkind: contact-change\ndetails: {bank_account: true}")
    assert "付款前，请拨打您手中合同上的电话核实" in read(render(portal_folder.plan(), "b"))


def test_a_withdrawn_notice_says_so_before_all_else(portal_folder: PortalFolder) -> None:
    """Date and reason of the withdrawal come first, and the reader is not asked to act any more."""
    portal_folder.notice("n", FEES + "withdrawn: {on: 2026-11-20, reason: 测算有误}\n")
    page = read(render(portal_folder.plan(), "n"))
    assert "已撤回" in page
    assert (
        "本公告已于 2026年11月20日 撤回，不再有效。 看现行有效的公告 撤回原因：测算有误 不再适用 请不要再按本公告办理。"
        in page
    )
    assert "请于" not in page


def test_a_superseded_notice_leads_to_its_successor(portal_folder: PortalFolder) -> None:
    """The old notice links to the new one, and the new one to the old."""
    portal_folder.notice("old", "title: 旧方案\ndate: 2026-01-01")
    portal_folder.notice("new", "title: 新方案\ndate: 2026-11-01\nsupersedes: old")
    plan = portal_folder.plan()
    old, new = Reading(render(plan, "old").html), Reading(render(plan, "new").html)
    assert "本公告已被新公告替代。 请看新公告：新方案" in old.text
    assert old.links["新方案"] == "/notices/new/"
    assert new.links["旧方案"] == "/notices/old/"


def test_a_private_successor_is_never_named(portal_folder: PortalFolder) -> None:
    """A public page does not learn of a private notice that supersedes it or that it answers."""
    portal_folder.client("yunshan", "name: 云杉\ncontacts: [{id: lin, name: 林岚, email: lin@example.com}]")
    portal_folder.notice("old", "title: 旧方案\ndate: 2026-01-01\nkind: improvement\nanswers: [secret]")
    portal_folder.notice("secret", "title: 密谈\ndate: 2026-11-01\nsupersedes: old\naudience: {clients: [yunshan]}")
    page = render(portal_folder.plan(), "old").html
    assert "密谈" not in page
    assert "secret" not in page


def test_an_expired_notice_is_kept_for_reference(portal_folder: PortalFolder) -> None:
    """Past its last day a notice says that it has run out."""
    portal_folder.notice("n", "title: 通知\ndate: 2026-01-01\nexpires: 2026-06-30")
    assert "本公告已过有效期，仅供查阅。" in read(render(portal_folder.plan(), "n"))


def test_an_earlier_version_leads_to_the_latest(portal_folder: PortalFolder) -> None:
    """Each version says which one it is, what it changed and where the others are."""
    portal_folder.notice("n", "title: 旧题\ndate: 2026-11-01\naction: {needed: true, what: 请办理}")
    portal_folder.commit("v1")
    portal_folder.notice("n", "title: 新题\ndate: 2026-11-01\nrevisions: [{on: 2026-11-20, note: 推迟一个月}]")
    portal_folder.commit("v2")
    plan = portal_folder.plan()
    first, second = Reading(render(plan, "n", version=1).html), Reading(render(plan, "n").html)
    assert "旧题 旧版本" in first.text
    assert "您看到的是第 1 版，不是最新版本。 查看最新版本（第 2 版）" in first.text
    assert first.links["查看最新版本（第 2 版）"] == "/notices/n/"
    assert "第 2 版 2026年11月1日 发布 2026年11月20日 修订 仅供知悉" in second.text
    assert "本版改动 推迟一个月 版本 第 1 版 第 2 版" in second.text
    assert "不是最新版本" not in second.text
    assert second.links["第 1 版"] == "/notices/n/v1/"
    assert second.links["https://notices.example.com/notices/n/v2/"] == "https://notices.example.com/notices/n/v2/"


def test_a_lost_text_leaves_number_and_date(portal_folder: PortalFolder) -> None:
    """A version whose text is in no repository has a page that says so instead of someone else's words."""
    portal_folder.notice("n", "title: 题\ndate: 2026-11-01\nreason: 新原因\nrevisions: [{on: 2026-11-20, note: 改}]")
    article = render(portal_folder.plan(), "n", version=1)
    assert "第 1 版的文本未能保存下来" in read(article)
    assert "新原因" not in article.html


def test_a_missing_translation_is_owned_up_to(portal_folder: PortalFolder) -> None:
    """An untranslated version shows the original, marked as Chinese, with a way to the last translation."""
    portal_folder.notice("n", "title: 题\ndate: 2026-11-01\nreason: 原因")
    portal_folder.notice("n", "translates: 1\ntitle: Title", lang="en")
    portal_folder.commit("v1")
    portal_folder.notice(
        "n", "title: 题\ndate: 2026-11-01\nreason: 原因\nrevisions: [{on: 2026-11-20, note: 改}]", "正文"
    )
    portal_folder.commit("v2")
    article = render(portal_folder.plan(), "n", "en")
    page = Reading(article.html)
    assert "This version has not been translated into English yet; here is the Chinese original." in page.text
    assert page.links["Version 1 in English"] == "/en/notices/n/v1/"
    assert '<h1 lang="zh">题</h1>' in article.html
    assert '<span lang="zh">原因</span>' in article.html
    assert '<div class="dn-body" lang="zh">' in article.html


VALUES = """
title: 贵司 {{period}} 的金额
date: 2026-11-01
kind: fee-change
audience: {clients: [yunshan, jichuan]}
reason: 现行 {{old}}。
comparison: [{item: "代账（{{period}}）", old: "{{old}}", new: "{{new}}"}]
values: v.csv
"""


def personal(folder: PortalFolder, body: str = "新价 {{new}}，至 {{until}}", front: str = VALUES) -> Plan:
    for client in ("yunshan", "jichuan"):
        folder.client(client, f"name: {client}\ncontacts: [{{id: a, name: 甲, email: a@{client}.example.com}}]")
    folder.write(
        "notices/2026/v.csv", "client,period,old,new,until\nyunshan,2027,200 CNY/month,240 CNY/month,2027-01-31\n"
    )
    folder.notice("v", front, body)
    return folder.plan()


def test_each_client_sees_its_own_amounts(portal_folder: PortalFolder) -> None:
    """Placeholders are filled everywhere, amounts by locale, and the difference is computed from what was filled in."""
    plan = personal(portal_folder)
    values = {"period": "2027 年", "old": "200 CNY/month", "new": "240 CNY/month", "until": "2027-01-31"}
    article = render(plan, "v", values=values)
    page = read(article)
    assert article.title == "贵司 2027 年 的金额"
    assert "<h1>贵司 2027 年 的金额</h1>" in article.html
    assert "现行 ¥200/月。" in page
    assert "代账（2027 年） ¥200/月 ¥240/月 +¥40/月 +20%" in page
    assert "新价 ¥240/月，至 2027年1月31日" in page
    assert "{{" not in article.html
    assert article.problems == ()


@pytest.mark.parametrize(
    ("audience", "lang", "said"),
    [
        ("{clients: [yunshan, jichuan]}", "zh", "发给 有关客户，每家只看到自己的数据"),
        ("{segments: [manufacturing]}", "en", "Sent to The clients concerned, each with its own figures"),
        ("{clients: [yunshan]}", "zh", "发给 仅您"),
    ],
)
def test_own_figures_are_not_a_notice_of_ones_own(
    portal_folder: PortalFolder, audience: str, lang: str, said: str
) -> None:
    """Figures of its own do not make a client the only one that is told; a notice for one client alone does."""
    plan = personal(portal_folder, front=VALUES.replace("{clients: [yunshan, jichuan]}", audience))
    values = {"period": "2027", "old": "200 CNY/month", "new": "240 CNY/month", "until": "2027-01-31"}
    assert said in read(render(plan, "v", lang, values=values))


def test_the_markdown_is_converted_once_for_all_clients(portal_folder: PortalFolder) -> None:
    """Filling for the next client converts nothing again, and nothing of one client reaches another."""

    class Counting(Prose):
        conversions = 0

        def body(self, text: Text, link: Callable[[str], str | None]) -> Rendered:
            self.conversions += 1
            return super().body(text, link)

    plan = personal(portal_folder)
    prose = Counting(plan.settings)
    articles = Articles(plan, prose)
    common = {"period": "2027 年", "until": "2027-01-31"}
    first = render(plan, "v", values={**common, "old": "111 CNY", "new": "222 CNY"}, articles=articles)
    second = render(plan, "v", values={**common, "old": "333 CNY", "new": "444 CNY"}, articles=articles)
    assert prose.conversions == 1
    assert "¥222" in first.html
    assert "¥444" in second.html
    assert "¥222" not in second.html
    assert "+¥111" in second.html


def test_a_value_cannot_bring_markup(portal_folder: PortalFolder) -> None:
    """What stands in the table of values is text, wherever it is filled in."""
    plan = personal(portal_folder)
    bad = '<img src=x onerror="alert(1)">'
    article = render(plan, "v", values={"period": bad, "old": bad, "new": bad, "until": bad})
    assert "<img" not in article.html
    assert article.html.count("&lt;img src=x onerror=&quot;alert(1)&quot;&gt;") == 7


def test_a_value_cannot_become_an_address(portal_folder: PortalFolder) -> None:
    """In a link's address nothing is filled in, and the author is told where."""
    plan = personal(portal_folder, "第一行\n\n[付款](https://pay.example.com/{{new}})", VALUES)
    article = render(plan, "v", values={"period": "p", "old": "o", "new": "javascript:alert(1)", "until": "u"})
    assert "pay.example.com/javascript" not in article.html
    problem = next(p for p in article.problems if p.code == "misplaced-placeholder")
    assert problem.location == Location("notices/2026/v.zh.md", 12)


def test_a_placeholder_that_nothing_fills_is_an_error(portal_folder: PortalFolder) -> None:
    """It is told with file and line, and the hint names the column; the reader sees a dash, never braces."""
    plan = personal(portal_folder, "\n\n共 {{total}}")
    article = render(plan, "v", values={"period": "p", "old": "1 CNY", "new": "2 CNY", "until": "u"})
    (problem,) = article.problems
    assert (problem.code, problem.severity) == ("unknown-placeholder", Severity.ERROR)
    assert problem.location == Location("notices/2026/v.zh.md", 12)
    assert problem.hint == "give v.csv the column 'total', and every client a row"
    assert "共 —" in read(article)


def test_a_client_without_a_row_is_an_error_for_every_name(portal_folder: PortalFolder) -> None:
    """An empty row leaves every placeholder open, and each is told once."""
    article = render(personal(portal_folder), "v", values={})
    assert [p.message.split()[2] for p in article.problems] == ["{{new}}", "{{old}}", "{{period}}", "{{until}}"]


def test_braces_are_only_braces_without_values(portal_folder: PortalFolder) -> None:
    """A notice that fills nothing may write about templates."""
    portal_folder.notice("n", "title: 用 {{name}} 的模板\ndate: 2026-11-01", "写 {{name}}。")
    article = render(portal_folder.plan(), "n")
    assert "写 {{name}}。" in read(article)
    assert article.problems == ()


def test_a_private_article_has_no_public_address(portal_folder: PortalFolder) -> None:
    """A sealed page links to no page of its own, and says for whom it was written."""
    plan = personal(portal_folder, front=VALUES + "revisions: [{on: 2026-11-20, note: 更正}]\n")
    article = render(plan, "v", values={"period": "p", "old": "1 CNY", "new": "2 CNY", "until": "u"})
    assert "/notices/v/" not in article.html
    assert "第 2 版" in read(article)
    assert "第 1 版" not in read(article)  # not every reader of the second may have read the first
    assert "发给 有关客户，每家只看到自己的数据" in read(article)


def test_nothing_an_author_writes_can_run(portal_folder: PortalFolder) -> None:
    """No script, no handler, no inline style and no javascript address, whatever stands in title, fields and body."""
    bad = "<script>alert(1)</script><b onclick='x()' style='color:red'>b</b>[x](javascript:alert(1))"
    portal_folder.notice(
        "n",
        f'title: "{bad}"\ndate: 2026-11-01\nsummary: "{bad}"\nreason: "{bad}"\nnumber: "{bad}"\nkind: policy\n'
        f'details: {{link: "javascript:alert(1)", document: "{bad}"}}\nfaq: [{{q: "{bad}", a: "{bad}"}}]',
        bad,
    )
    page = render(portal_folder.plan(), "n").html
    tags = re.findall(r"<[a-z][^>]*>", page)
    assert not [tag for tag in tags if re.search(r"<script|<style|\son\w+=|\sstyle=|javascript:", tag)]


def test_links_lead_to_notices_files_and_pages(portal_folder: PortalFolder) -> None:
    """A body may link to a notice's file, an attachment or a page of the site; a private notice has no address."""
    portal_folder.client("yunshan", "name: 云杉\ncontacts: [{id: lin, name: 林岚, email: lin@example.com}]")
    portal_folder.notice("other", "title: 另一份\ndate: 2026-01-01\nid: other-notice", year="2025")
    portal_folder.notice("secret", "title: 密谈\ndate: 2026-11-01\naudience: {clients: [yunshan]}")
    portal_folder.write("content/contact.zh.md", "# 联系")
    portal_folder.write("notices/2026/list.pdf", b"x" * 2345)
    portal_folder.notice(
        "n",
        "title: 题\ndate: 2026-11-01\nattachments: [list.pdf]",
        "[甲](../2025/other.zh.md#x) [乙](list.pdf) [丙](contact.md) [丁](secret.zh.md) [戊](nowhere.md)",
    )
    article = render(portal_folder.plan(), "n")
    links = Reading(article.html).links
    assert links["甲"] == "/notices/other-notice/#x"
    assert links["乙"] == "/files/list.pdf"
    assert links["丙"] == "/contact/"
    assert {"丁", "戊"}.isdisjoint(links)
    assert "附件 list.pdf 2.3 kB" in read(article)
    assert [p.code for p in article.problems] == ["broken-link", "broken-link"]


def test_headings_are_one_title_and_sections_in_order(portal_folder: PortalFolder) -> None:
    """One h1; the sections with an id are told in page order, for a table of contents."""
    portal_folder.notice("fees", FEES, "## 为什么 *现在*\n\n### 细节\n")
    article = render(portal_folder.plan(), "fees")
    assert article.html.count("<h1") == 1
    assert [(h.level, h.text) for h in article.headings] == [
        (2, "一览"),
        (2, "调整对照"),
        (2, "依据"),
        (2, "为什么 现在"),
        (3, "细节"),
        (2, "常见问题"),
    ]
    assert all(f'id="{heading.id}"' in article.html for heading in article.headings)


def test_a_notice_ends_with_its_signature(portal_folder: PortalFolder) -> None:
    """Issuer, number, version, date and state close the notice, and stand on every printed page."""
    portal_folder.notice("fees", FEES)
    page = read(render(portal_folder.plan(), "fees"))
    assert "试用财税 试〔2026〕1号 第 1 版 2026年11月1日 即将生效" in page
    digest = hashlib.sha256((portal_folder.root / "notices/2026/fees.zh.md").read_bytes()).hexdigest()
    assert page.endswith(f"试〔2026〕1号 · 第 1 版 · 2026年11月1日 即将生效 · 试用财税 · SHA-256 {digest[:16]}")
    assert f'data-dn-sha256="{digest}"' in render(portal_folder.plan(), "fees").html


def test_both_languages_have_the_same_words() -> None:
    """No key is missing in either language, and none is empty but where a language needs no word."""
    assert words.load("zh").keys == words.load("en").keys
    for language in ("zh", "en"):
        w = words.load(language)
        assert [key for key in sorted(w.keys) if not w(key)] in ([], ["act.by_after"])


@pytest.mark.parametrize("language", ["zh", "en"])
def test_everything_that_can_be_written_has_a_name(language: str) -> None:
    """Every kind, state, urgency and field of every details block has its word."""
    w = words.load(language)
    wanted = (
        {f"kind.{kind}" for kind in Kind} | {f"state.{state}" for state in State} | {f"urgency.{u}" for u in Urgency}
    )
    wanted |= {f"details.{kind}.{name}" for kind in Kind for name in DETAILS[kind].model_fields}
    wanted |= {f"responsibility.{name}" for name in Responsibility.model_fields}
    wanted |= {f"handover.{name}" for name in Handover.model_fields if name != "on"} | {"handover.date"}
    assert wanted - w.keys == set()
