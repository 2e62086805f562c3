"""Writes portals of a given size to measure on: the same arguments give the same files, and every name is invented."""

from __future__ import annotations

import csv
import random
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.running import REPOSITORY

NOW = "2026-12-07T09:30+08:00"
"""The editorial clock that these portals are built at."""

SECRET = "ZHVlbm90aWNlIGJlbmNobWFyazogbm9ib2R5J3Mga2U="  # noqa: S105
"""PORTAL_SECRET of these portals, which hold nothing of anybody's."""

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
extra:
  duenotice:
    languages: {{zh: 中文, en: English}}
    site_names: {{en: Trial notices}}
    timezone: Asia/Shanghai
    issuer: {{zh: 试算财税, en: Trial Accounting}}
    desks:
      fees: {{name: {{zh: 收费台, en: Fees desk}}, email: fees@example.com, phone: "021-5550 0100"}}
    kinds: {{general: {{recommended: []}}}}
"""

_WORDS = """
    申报 资料 银行 账户 合同 服务 费用 税务 发票 凭证 审核 确认 期限 月份 季度 年度 客户
    专员 邮件 电话 系统 平台 上传 下载 签字 盖章 领取 归还 交接 清单 说明 调整 变更 通知
    安排 办理 提交 核对 余额 报表 工资 社保 公积金 个税 增值税 所得税 附加 优惠 政策 减免
    预缴 汇算 清缴 登记 备案 变动 地址 法人 股东 注册 资本 经营 范围 许可 证照 年报 公示
    抽查 风险 提醒 建议 方案 选择 替代 补偿 过渡 执行 生效 截止 延期 提前 逾期 滞纳 罚款
    复核 回执 存档 备份 加密 权限 登录 密码 更换 新增 停用
    """.split()

_SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜"
_GIVEN = "一丁三上下不东中丰丹久义之乐云亚京亭仁今介仓代令以仪任伊伟伦佳依修倩健傲元光兰兴"


@dataclass(frozen=True, slots=True)
class Size:
    """How large a portal is."""

    clients: int
    private: int
    """Notices with an audience, each for 1 to 500 clients, some five for each client."""
    public: int = 20
    values: bool = True
    """Whether one more notice says something else to each client."""
    tables: bool = False
    """The registry as one table, instead of one file a client."""


FULL = Size(clients=10_000, private=2_000)


@dataclass(frozen=True, slots=True)
class _Person:
    client: int
    number: int
    name: str
    language: str

    @property
    def email(self) -> str:
        return f"p{self.number}@c{self.client:05d}.example.com"


def write(folder: Path, size: Size) -> None:
    """Write a portal into an empty folder and commit it, a few notices in two versions."""
    chance = random.Random(20261207)  # noqa: S311 - the same portal every time
    _put(folder / "mkdocs.yml", _MKDOCS.format(theme=REPOSITORY / "site_templates" / "theme"))
    _put(folder / "content/index.zh.md", "---\ntitle: 公告\n---\n# 公告\n\n<!-- duenotice:board -->\n")
    _put(folder / "content/index.en.md", "---\ntitle: Notices\n---\n# Notices\n\n<!-- duenotice:board -->\n")
    _put(folder / ".gitignore", ".cache/\nsite/\n")
    groups: dict[int, list[str]] = {number: [] for number in range(size.clients)}
    notices = list(_private(chance, size, groups))
    _registry(folder, size, groups, list(_people(chance, size)))
    for number in range(size.public):
        text = f"---\ntitle: 公开事项{_title(chance)}\ndate: 2026-11-{number % 28 + 1:02d}\n---\n{_body(chance)}"
        _put(folder / f"notices/2026/open-{number:04d}.zh.md", text)
    for name, text in notices:
        _put(folder / f"notices/2026/{name}.zh.md", text)
    if size.values:
        _values(folder, size)
    _git(folder, "init", "-q", "-b", "main")
    _git(folder, "add", "-A")
    _git(folder, "commit", "-q", "-m", "first")
    for name, text in notices[::20]:
        revise(folder, name, text)
    _git(folder, "commit", "-q", "-a", "-m", "second")


def revise(folder: Path, name: str, text: str) -> None:
    """Give a notice a second version: a line that says so, and one more sentence."""
    line = "revisions: [{on: 2026-12-01, note: 补充一项资料}]\n---\n"
    _put(folder / f"notices/2026/{name}.zh.md", text.replace("\n---\n", f"\n{line}", 1) + "\n另请补充一项资料。\n")


def touch(folder: Path, name: str) -> None:
    """Add a sentence to the text of a notice, as somebody does who has not committed yet."""
    file = folder / f"notices/2026/{name}.zh.md"
    _put(file, file.read_text(encoding="utf-8") + "\n本段系今日补充。\n")


def _private(chance: random.Random, size: Size, groups: dict[int, list[str]]) -> Iterator[tuple[str, str]]:
    """Notices as (id, text); whoever a larger one is for gets a segment of its own."""
    readers = 5 * size.clients
    weights = [1 / (rank + 6) for rank in range(size.private)]
    for rank, weight in enumerate(weights):
        reach = max(1, min(500, size.clients, round(readers * weight / sum(weights))))
        chosen = sorted(chance.sample(range(size.clients), reach))
        if reach > 20:
            for number in chosen:
                groups[number].append(f"g{rank:04d}")
            audience = f"{{segments: [g{rank:04d}]}}"
        else:
            audience = f"{{clients: [{', '.join(f'c{number:05d}' for number in chosen)}]}}"
        front = (
            f"title: {_title(chance)}{_title(chance)}\nnumber: 试〔2026〕{rank + 1}号\n"
            f"date: 2026-{chance.randrange(8, 12):02d}-{chance.randrange(1, 29):02d}\n"
            f"summary: {_sentence(chance)}\naudience: {audience}\n"
            f"action: {{needed: true, what: {_title(chance)}, by: 2026-12-{chance.randrange(10, 29)}}}\n"
        )
        yield f"private-{rank:04d}", f"---\n{front}---\n{_body(chance)}"


def _values(folder: Path, size: Size) -> None:
    front = (
        "title: 贵司 2027 年服务费为 {{new}}\ndate: 2026-12-01\nsummary: 自 {{from}} 起执行。\n"
        "audience: {status: [active]}\nvalues: fees.values.csv\n"
        'comparison: [{item: 代账, old: "{{old}}", new: "{{new}}"}]\n'
    )
    _put(folder / "notices/2026/fees.zh.md", f"---\n{front}---\n自 {{{{from}}}} 起，每月 **{{{{new}}}}**。\n")
    rows = [
        f"c{number:05d},{200 + number % 97} CNY/month,{220 + number % 97} CNY/month,2027-01-{1 + number % 28:02d}"
        for number in range(size.clients)
    ]
    _put(folder / "notices/2026/fees.values.csv", "\n".join(["client,old,new,from", *rows, ""]))


def _people(chance: random.Random, size: Size) -> Iterator[_Person]:
    """A contact for each client, and for each fifth one more; one in ten reads English."""
    for client in range(size.clients):
        for number in range(2 if client % 5 == 0 else 1):
            name = chance.choice(_SURNAMES) + chance.choice(_GIVEN) + chance.choice(_GIVEN)
            yield _Person(client, number, name, "en" if chance.random() < 0.1 else "zh")


def _registry(folder: Path, size: Size, groups: dict[int, list[str]], people: list[_Person]) -> None:
    if size.tables:
        _table(folder / "clients/all.csv", groups, people)
        return
    of: dict[int, list[_Person]] = {}
    for person in people:
        of.setdefault(person.client, []).append(person)
    for client, contacts in of.items():
        lines = [
            f"id: c{client:05d}",
            f"name: 试算客户{client:05d}号贸易有限公司",
            "since: 2024-03-01",
            f"segments: [{', '.join(groups[client])}]",
            "region: shanghai",
            "contacts:",
        ]
        for person in contacts:
            lines += [
                f"  - id: p{person.number}",
                f"    name: {person.name}",
                f"    email: {person.email}",
                f'    phone: "021-{client:04d} {person.number:04d}"',
                f"    language: {person.language}",
            ]
        _put(folder / f"clients/c{client:05d}.yml", "\n".join(lines) + "\n")


def _table(file: Path, groups: dict[int, list[str]], people: list[_Person]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", encoding="utf-8", newline="") as out:
        rows = csv.writer(out, lineterminator="\n")
        rows.writerow("client client_name client_since segments region contact name email phone language".split())
        for person in people:
            name = f"试算客户{person.client:05d}号贸易有限公司"
            shared = [f"c{person.client:05d}", name, "2024-03-01", ";".join(groups[person.client]), "shanghai"]
            phone = f"021-{person.client:04d} {person.number:04d}"
            rows.writerow([*shared, f"p{person.number}", person.name, person.email, phone, person.language])


def _title(chance: random.Random) -> str:
    return "".join(chance.choices(_WORDS, k=4))


def _sentence(chance: random.Random) -> str:
    return "，".join("".join(chance.choices(_WORDS, k=chance.randrange(4, 8))) for _ in range(3)) + "。"


def _body(chance: random.Random) -> str:
    paragraphs = ["".join(_sentence(chance) for _ in range(3)) for _ in range(3)]
    points = "\n".join(f"- **{_title(chance)}**：{_sentence(chance)}" for _ in range(4))
    return "\n\n".join([paragraphs[0], f"## {_title(chance)}", paragraphs[1], points, paragraphs[2], ""])


def _put(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def _git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=Bench", "-c", "user.email=bench@example.com", "-c", "gc.auto=0"]
    subprocess.run(["git", "-C", str(folder), *who, *arguments], check=True, capture_output=True)  # noqa: S603, S607
