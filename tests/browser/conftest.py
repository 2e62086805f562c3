"""Private pages on a loopback host: built once, and copied for each test that opens them in chromium."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from portal import private, sealing
from portal.article import Articles
from portal.config import Secret
from portal.prose import Prose
from portal.sealing import Code, Content
from tests.conftest import PortalFolder, empty_portal

SECRET = Secret(bytes(range(7, 39)))

CLIENT = """
id: {id}
name: {name}
contacts:
  - {{id: lin, name: 林岚, email: lin@{id}.example.com, language: zh}}
  - {{id: amy, name: Amy Lane, email: amy@{id}.example.com, language: en}}
"""

HANDOVER = """
title: 资料交接安排
number: 试〔2026〕7号
date: 2026-11-20
audience: {clients: [yunshan]}
action: {needed: true, what: 请派人领取, by: 2099-12-25}
attachments: [清单.csv]
"""

HOSTILE = """
第一行。<script>window.hostile = 1</script><img src="x" onerror="window.hostile = 2">

<svg onload="window.hostile = 3"></svg> [按这里](javascript:window.hostile=4) 见[清单](清单.csv)。

## 留言 {#message}

## 代码 {#code}

## 其余 {#view}

见[外面](https://elsewhere.example.org/)与[留言](#message)。
"""

THANKS = "title: 感谢\ndate: 2026-11-30\naudience: {clients: [yunshan]}\naction: {needed: false}\n"

OUTAGE = """
title: 系统维护
date: 2026-11-10
kind: maintenance
audience: {clients: [yunshan]}
details: {starts: 2099-01-09T22:00, ends: 2099-01-10T02:00, effect: 不能上传票据, instead: 请发邮件}
"""


@dataclass
class Site:
    """A portal's private pages on a loopback host, and what a page did there."""

    url: str
    root: Path
    codes: dict[str, Code]
    requested: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def link(self, key: str) -> str:
        return f"{self.url}my/#{self.codes[key]}"

    def index(self, key: str) -> Path:
        """The file of a contact's index."""
        return self.root / "my" / "s" / self.codes[key].index_name

    def watch(self, page: Page) -> Page:
        """Note every request, console error and script error of a page."""
        page.on("request", lambda request: self.requested.append(request.url))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        return page

    def seal(self, content: dict[str, Any]) -> str:
        """Put a notice there that no build made; its key as an index writes it."""
        sealed = sealing.seal(SECRET, Content.NOTICE, ("by-hand", "1", "zh"), json.dumps(content).encode())
        (self.root / "my" / "s" / sealed.name).write_bytes(sealed.data)
        return base64.urlsafe_b64encode(sealed.key).rstrip(b"=").decode("ascii")

    def reseal(self, key: str, **changes: Any) -> None:
        """Change what a contact's index says."""
        code, file = self.codes[key], self.index(key)
        epoch, content = sealing.unseal_index(code, file.read_bytes())
        file.write_bytes(sealing.seal_index(code, epoch, json.dumps(json.loads(content) | changes).encode()))


def _portal(root: Path) -> PortalFolder:
    """Two clients; the first has three notices, one of them in a second version with a hostile body."""
    folder = empty_portal(root)
    folder.client("yunshan", CLIENT.format(id="yunshan", name="云杉贸易有限公司"))
    folder.client("lanpu", CLIENT.format(id="lanpu", name="蓝圃食品有限公司"))
    folder.write("notices/2026/清单.csv", "项目,数量\n公章,1\n")
    folder.notice("handover", HANDOVER, "旧的一行，印鉴一枚。\n")
    folder.commit("first version")
    folder.notice("handover", f"{HANDOVER}revisions: [{{on: 2026-12-01, note: 改期}}]", HOSTILE)
    folder.notice("thanks", THANKS, "多谢合作，ＡＢＣ Company 一切顺利。\n")
    folder.notice("outage", OUTAGE)
    folder.commit("second version")
    return folder


@pytest.fixture(scope="session")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, bytes], dict[str, Code]]:
    """Every file of the private pages, and the codes by contact."""
    plan = _portal(tmp_path_factory.mktemp("private") / "portal").plan()
    files = {path: bytes(data) for path, data in private.files(plan, SECRET, Articles(plan, Prose(plan.settings)))}
    files["build.json"] = b'{"commit": null, "time": "2026-12-07T09:30:00+08:00", "program": "0.1.0"}\n'
    return files, {b.holder.key: sealing.code(SECRET, b.holder.key, b.holder.epoch) for b in plan.binders}


@pytest.fixture
def site(sealed: tuple[dict[str, bytes], dict[str, Code]], serve: Callable[[Path], str], tmp_path: Path) -> Site:
    """The private pages, served; a test may change its files."""
    files, codes = sealed
    root = tmp_path / "site"
    for path, data in files.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return Site(serve(root), root, codes)


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A Chinese reader's phone."""
    made = browser.new_context(locale="zh-CN", timezone_id="Asia/Shanghai", viewport={"width": 390, "height": 844})
    made.set_default_timeout(10_000)
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext, site: Site) -> Page:
    return site.watch(context.new_page())


@pytest.fixture
def opened(page: Page, site: Site) -> Page:
    """The list of a contact whose link was followed."""
    page.goto(site.link("yunshan/lin"))
    expect(page.locator(".my-list")).to_be_visible()
    return page
