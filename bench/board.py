"""Writes public notice boards of a given size to measure on, and the same texts as other generators want them.

A notice has about 300 words, two headings, a table, an admonition and a list; half are Chinese, half English. Any
number of them is spread over ten years, and two of three expire, as most of what a firm announces does.
"""

from __future__ import annotations

import datetime as dt
import json
import random
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.running import REPOSITORY

NOW = "2026-12-07T09:30+08:00"
"""The editorial clock that these boards are built at."""

_LAST = dt.date(2026, 12, 6)
_DAYS = 3650
_KINDS = ("general", "policy", "improvement", "service-plan")

_MKDOCS = """\
site_name: 试算公告
site_url: https://notices.example.com/
docs_dir: content
theme:
  name: material
  custom_dir: {theme}
  language: zh
  font: false
plugins:
  - duenotice
markdown_extensions: [admonition, tables]
extra:
  duenotice:
    languages: {{zh: 中文, en: English}}
    site_names: {{en: Trial notices}}
    timezone: Asia/Shanghai
    issuer: {{zh: 试算财税, en: Trial Accounting}}
    page_size: 50
    rules: {{translation-missing: "off"}}
    kinds:
      general: {{required: [], recommended: []}}
      policy: {{required: [], recommended: []}}
      improvement: {{required: [], recommended: []}}
      service-plan: {{required: [], recommended: []}}
"""

_HAN = """
    申报 资料 银行 账户 合同 服务 费用 税务 发票 凭证 审核 确认 期限 月份 季度 年度 客户
    专员 邮件 电话 系统 平台 上传 下载 签字 盖章 领取 归还 交接 清单 说明 调整 变更 通知
    安排 办理 提交 核对 余额 报表 工资 社保 公积金 个税 增值税 所得税 附加 优惠 政策 减免
    预缴 汇算 清缴 登记 备案 变动 地址 法人 股东 注册 资本 经营 范围 许可 证照 年报 公示
    抽查 风险 提醒 建议 方案 选择 替代 补偿 过渡 执行 生效 截止 延期 提前 逾期 滞纳 罚款
    复核 回执 存档 备份 加密 权限 登录 密码 更换 新增 停用
    """.split()
_LATIN = """
    filing records bank account contract service charge tax invoice voucher review confirm term month quarter annual
    client adviser message telephone system platform upload download signature seal collect return handover list
    change notice schedule submit reconcile balance report payroll insurance fund income value added relief policy
    prepay settle register address director partner capital scope permit licence publish sample risk reminder advice
    plan choice alternative compensation transition begin deadline extend early overdue interest penalty receipt archive
    backup encrypt access password replace further retire every which after before until unless
    """.split()


@dataclass(frozen=True, slots=True)
class Written:
    """One notice of the corpus."""

    name: str
    language: str
    day: dt.date
    title: str
    front: str
    """The rest of its front matter, as lines."""
    body: str


def notices(count: int) -> Iterator[Written]:
    """The first `count` notices; the same every time, and the first of more are not those of fewer."""
    chance = random.Random(20261207)  # noqa: S311 - the same board every time
    for number in range(count):
        language = "en" if number % 2 else "zh"
        write = _Writer(chance, language)
        day = _LAST - dt.timedelta(days=number * _DAYS // count)
        title = f"{write.words(4)} {number + 1}"
        lines = [
            f"number: 试〔{day.year}〕{number + 1}号",
            f"kind: {_KINDS[number % len(_KINDS)]}",
            f"summary: {write.sentence()}",
            f"effective: {day + dt.timedelta(days=10)}",
        ]
        if number % 3:
            lines.append(f"expires: {day + dt.timedelta(days=60 + number % 120)}")
        yield Written(f"n{number:05d}", language, day, title, "\n".join(lines), write.body())


class _Writer:
    """Writes in one language; every word stands in a list, and chance chooses."""

    def __init__(self, chance: random.Random, language: str) -> None:
        self._chance = chance
        self._han = language == "zh"

    def words(self, count: int) -> str:
        chosen = self._chance.choices(_HAN if self._han else _LATIN, k=count)
        return "".join(chosen) if self._han else " ".join(chosen)

    def sentence(self) -> str:
        parts = [self.words(self._chance.randrange(4, 8)) for _ in range(3)]
        return "，".join(parts) + "。" if self._han else ", ".join(parts).capitalize() + "."

    def paragraph(self, sentences: int) -> str:
        return ("" if self._han else " ").join(self.sentence() for _ in range(sentences))

    def body(self) -> str:
        table = ["| " + " | ".join(self.words(2) for _ in range(3)) + " |", "| --- | --- | ---: |"]
        table += [f"| {self.words(3)} | {self.words(2)} | {self._chance.randrange(100, 9000)} |" for _ in range(5)]
        points = [f"- **{self.words(2)}**: {self.sentence()}" for _ in range(4)]
        return "\n\n".join(
            [
                self.paragraph(3),
                f"## {self.words(3)}",
                self.paragraph(3),
                "\n".join(table),
                f'!!! note "{self.words(2)}"\n    {self.paragraph(2)}',
                f"## {self.words(3)}",
                "\n".join(points),
                self.paragraph(3),
                "",
            ]
        )


def portal(folder: Path, count: int) -> None:
    """A portal of `count` public notices, committed."""
    _put(folder / "mkdocs.yml", _MKDOCS.format(theme=REPOSITORY / "site_templates" / "theme"))
    _put(folder / "content/index.zh.md", "---\ntitle: 公告\n---\n# 公告\n\n<!-- duenotice:board -->\n")
    _put(folder / "content/index.en.md", "---\ntitle: Notices\n---\n# Notices\n\n<!-- duenotice:board -->\n")
    _put(folder / ".gitignore", ".cache/\nsite/\n")
    for one in notices(count):
        front = f"title: {one.title}\ndate: {one.day}\n{one.front}"
        _put(file_of(folder, one), f"---\n{front}\n---\n{one.body}")
    _git(folder, "init", "-q", "-b", "main")
    _git(folder, "add", "-A")
    _git(folder, "commit", "-q", "-m", "first")


def file_of(folder: Path, one: Written) -> Path:
    return folder / f"notices/{one.day.year}/{one.name}.{one.language}.md"


def touch(folder: Path, number: int) -> None:
    """Add a sentence to the text of a notice, as somebody does who has not committed yet."""
    file = next(folder.glob(f"notices/*/n{number:05d}.*.md"))
    _put(file, file.read_text(encoding="utf-8") + "\n本段系今日补充。\n")


def retitle(folder: Path, number: int) -> None:
    """Give a notice another title, by which every list that names it is another one."""
    file = next(folder.glob(f"notices/*/n{number:05d}.*.md"))
    _put(file, file.read_text(encoding="utf-8").replace("title: ", "title: New ", 1))


def age(folder: Path, commits: int) -> None:
    """Give the repository a long history: each commit adds a sentence to one notice, the last ones stay unread."""
    files = sorted(file for file in folder.glob("notices/*/*.md"))
    begun = int(dt.datetime(2026, 12, 1, tzinfo=dt.UTC).timestamp()) - commits * 60
    lines: list[bytes] = []
    for number in range(commits):
        file = files[number % len(files)]
        text = (file.read_text(encoding="utf-8") + f"\n{number // len(files) + 1}.\n").encode()
        path = file.relative_to(folder).as_posix()
        head = f"commit refs/heads/main\ncommitter Bench <bench@example.com> {begun + number * 60} +0800\n"
        message = b"data 7\nedited\n"
        head += message.decode()
        if number == 0:
            head += "from refs/heads/main^0\n"
        lines += [head.encode(), f"M 100644 inline {path}\ndata {len(text)}\n".encode(), text, b"\n"]
    _git(folder, "fast-import", "--quiet", "--force", stdin=b"".join(lines))
    _git(folder, "reset", "-q", "--hard")


def mkdocs(folder: Path, count: int) -> None:
    """The same texts for plain MkDocs with Material, its search, and navigation.prune.

    Only the home page stands in its navigation: with a thousand pages in each year's section it takes eight times as
    long.
    """
    for one in notices(count):
        _put(folder / f"docs/{one.day.year}/{one.name}.md", f"---\ntitle: {one.title}\n---\n{one.body}")
    _put(folder / "docs/index.md", "# Notices\n")
    _put(
        folder / "mkdocs.yml",
        "site_name: Peer\nsite_url: https://notices.example.com/\n"
        "theme: {name: material, language: zh, font: false, features: [navigation.prune]}\n"
        "plugins: [search]\nmarkdown_extensions: [admonition, tables]\nnav: [index.md]\n",
    )


def hugo(folder: Path, count: int) -> None:
    """The same texts for Hugo, with a theme of two templates."""
    for one in notices(count):
        front = f"title: {json.dumps(one.title, ensure_ascii=False)}\ndate: {one.day}\n"
        _put(folder / f"content/notices/{one.name}.md", f"---\n{front}---\n{one.body}")
    _put(folder / "config.toml", 'baseURL = "https://notices.example.com/"\ntitle = "Peer"\npaginate = 50\n')
    page = '<!doctype html><html><head><meta charset="utf-8"><title>{{ .Title }}</title></head><body>%s</body></html>\n'
    _put(folder / "layouts/_default/single.html", page % "<h1>{{ .Title }}</h1>{{ .Content }}")
    rows = "{{ range .Paginator.Pages }}<li><a href='{{ .RelPermalink }}'>{{ .Title }}</a></li>{{ end }}"
    _put(folder / "layouts/_default/list.html", page % f"<ul>{rows}</ul>")


def _put(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def _git(folder: Path, *arguments: str, stdin: bytes = b"") -> None:
    who = ["-c", "user.name=Bench", "-c", "user.email=bench@example.com", "-c", "gc.auto=0"]
    subprocess.run(["git", "-C", str(folder), *who, *arguments], check=True, capture_output=True, input=stdin)  # noqa: S603, S607
