"""The search in chromium: what it finds of a corpus, what it fetches, and how it is used with keys, on a phone."""

from __future__ import annotations

import datetime as dt
import os
import random
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from bench import portals
from portal import cli
from portal.search.documents import Document, Source, digest
from portal.search.folding import fold, simplified
from portal.search.index import Index
from portal.search.shelf import Shelf
from portal.words import TEMPLATES
from tests.conftest import NOW, REPOSITORY

SEEDS = [1, 2, 3, *map(int, os.environ.get("SEARCH_SEEDS", "").split())]
"""SEARCH_SEEDS="7 8" asks other questions, too."""
DOCUMENTS = 600
QUESTIONS = 60
SECRET = "YnVpbGRpbmcgYWdhaW4sIGZvciB0ZXN0cyBvbmx5ISE="

ENGLISH = """
filing account contract service invoice review confirmation deadline month quarter annual client specialist mailbox
telephone system platform upload download signature collect return handover listing explanation adjustment changes
arrangement submit balance report wages social insurance housing surcharge relief policy exempt settle register record
""".split()

ASK = """async ([engine, base, questions]) => {
  const { open } = await import(engine);
  const index = await open(base);
  const found = [];
  for (const question of questions) {
    const { documents, close } = await index.find(question, { language: "zh" });
    found.push(close ? [] : documents);
  }
  return found;
}"""


def corpus(seed: int) -> list[Document]:
    """Notices of words in any order: hard on an index of pairs, for each pair of words is somewhere."""
    chance, found = random.Random(seed), []
    for at in range(DOCUMENTS):
        if at % 2:
            text = "\n".join(" ".join(chance.choices(ENGLISH, k=20)) + "." for _ in range(6))
            title = " ".join(chance.choices(ENGLISH, k=5))
        else:
            text = "\n".join(portals._sentence(chance) for _ in range(12))
            title = portals._title(chance)
        path, day = f"notices/n{at}/", dt.date(2020 + at // 100, 5, 1)
        found.append(Document(path, title, f"试〔2026〕{at}号", "general", "en" if at % 2 else "zh", day, text))
    return found


def questions(documents: list[Document], chance: random.Random) -> Iterator[str]:
    """Two to four Chinese characters, one time in three traditional ones; English words and parts of words."""
    traditional = {new: old for old, new in simplified().items()}
    for at in range(QUESTIONS):
        document = chance.choice(documents)
        if document.language == "zh":
            run = chance.choice(re.findall("[\u4e00-\u9fff]{4,}", document.text))
            size = chance.randrange(2, 5)
            start = chance.randrange(len(run) - size + 1)
            part = run[start : start + size]
            yield "".join(traditional.get(c, c) for c in part) if at % 3 == 0 else part
        else:
            word = chance.choice(re.findall("[a-z]{3,}", document.text))
            size = chance.randrange(3, len(word) + 1)
            start = chance.randrange(len(word) - size + 1)
            yield word[start : start + size].upper() if at % 3 == 0 else word[start : start + size]


def engine_page(documents: list[Document], folder: Path, browser: Browser, serve: Callable[[Path], str]) -> Page:
    """A page beside the index of documents, from which its engine can be asked."""
    sources = [Source(d.path, digest([repr(d)]), lambda d=d: [d]) for d in documents]  # type: ignore[misc]
    index, root = Index([], sources, ["zh", "en"], Shelf(folder)), folder / "site"
    index.prepare()
    for path, data in (file for bundle in index.bundles() for file in bundle.make()):
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(bytes(data))
    (root / "engine.js").write_bytes((TEMPLATES / "theme/assets/search-engine.js").read_bytes())
    (root / "index.html").write_text("<!doctype html><title>x</title>", encoding="utf-8")
    page = browser.new_page()
    page.goto(serve(root))
    return page


@pytest.mark.parametrize("seed", SEEDS)
def test_all_that_is_there_is_found_and_little_else(
    browser: Browser, serve: Callable[[Path], str], tmp_path: Path, seed: int
) -> None:
    """Against a plain reading of every text: recall is 100 %, precision at least 95 %."""
    documents = corpus(seed)
    page = engine_page(documents, tmp_path, browser, serve)
    asked = list(questions(documents, random.Random(seed)))
    texts = [fold(f"{d.title}\n{d.number}\n{d.text}") for d in documents]
    right = wrong = 0
    for question, found in zip(asked, page.evaluate(ASK, ["/engine.js", f"{page.url}search/", asked]), strict=True):
        there = {at for at, text in enumerate(texts) if fold(question) in text}
        assert there <= set(found), question
        right, wrong = right + len(there), wrong + len(set(found) - there)
    page.close()
    assert right > QUESTIONS
    assert right / (right + wrong) >= 0.95


def test_a_whole_paragraph_is_answered_from_a_few_files(
    browser: Browser, serve: Callable[[Path], str], tmp_path: Path
) -> None:
    """However long a question is, no more than some 200 kB of shards are fetched for it, and its text is found."""
    documents = corpus(1)
    paragraph = documents[6].text.split("\n")[2] + documents[6].text.split("\n")[5]
    assert len(paragraph) > 50
    page = engine_page(documents, tmp_path, browser, serve)
    sizes: list[int] = []
    page.on("response", lambda answer: sizes.append(len(answer.body())) if ".bin" in answer.url else None)
    (found,) = page.evaluate(ASK, ["/engine.js", f"{page.url}search/", [paragraph]])
    page.close()
    assert found == [6]
    shards = [file.stat().st_size for file in (tmp_path / "site/search").glob("*.bin")]
    assert sum(sizes) < 200_000 + max(shards) < sum(shards)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample portal's site."""
    root = tmp_path_factory.mktemp("search") / "portal"
    for folder in ("content", "notices", "clients", "site_templates"):
        shutil.copytree(REPOSITORY / folder, root / folder)
    shutil.copy(REPOSITORY / "mkdocs.yml", root)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PORTAL_SECRET", SECRET)
        assert cli.main(["build", "--root", str(root), "--now", NOW]) == 0
    return root / "site"


@pytest.fixture
def visit(browser: Browser, serve: Callable[[Path], str], built: Path) -> Iterator[Callable[..., Page]]:
    """Opens a page of it; every complaint of the browser and every request elsewhere fails the test."""
    address, complaints, opened = serve(built), [], []

    def go(path: str = "", *, phone: bool = False, **options: Any) -> Page:
        size = {"width": 390, "height": 844} if phone else {"width": 1280, "height": 800}
        page = browser.new_context(viewport=size, locale="zh-CN", **options).new_page()
        opened.append(page)
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda r: complaints.append(r.url) if not r.url.startswith((address, "data:")) else None)
        page.goto(address + path)
        return page

    yield go
    for page in opened:
        page.context.close()
    assert complaints == []


def test_with_the_keyboard_alone(visit: Callable[..., Page]) -> None:
    """/ leads to the field, results come as one types, arrows walk through them, Escape leads back, Enter opens one."""
    page = visit()
    page.keyboard.press("/")
    page.keyboard.type("滯納金")
    results = page.locator(".dn-search__result")
    expect(page.get_by_role("status").filter(has_text="条结果")).to_be_visible()
    assert "滞纳金" in results.first.locator("mark").all_inner_texts()
    page.keyboard.press("ArrowDown")
    expect(results.first).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(page.locator(".dn-search__input")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Escape")
    expect(page.locator(".dn-search__input")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".dn-search__panel")).to_be_hidden()
    page.keyboard.press("s")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/notices/**")


def test_a_question_has_an_address_and_filters(visit: Callable[..., Page]) -> None:
    """The search page takes q and filters from its address and keeps them there; a number finds its notice first."""
    page = visit("search/?q=澄砚[2026]15号")
    expect(page.locator(".dn-search__result").first).to_contain_text("2027 年度代账服务费调整")
    page = visit("en/search/?q=fee&year=2025")
    expect(page.get_by_role("status")).to_have_text(re.compile(r"^\d results?$"))
    assert all("2025" in facts for facts in page.locator(".dn-search__facts").all_inner_texts())
    page.get_by_label("Year").select_option("2026")
    page.wait_for_url("**/en/search/?q=fee&year=2026")
    page.get_by_label("Kind").select_option("page")
    expect(page.get_by_role("status")).to_have_text("Nothing with these filters has “fee”.")


@pytest.mark.parametrize(("path", "question"), [("", "服务"), ("en/", "service")])
def test_on_a_phone_for_everybody(visit: Callable[..., Page], path: str, question: str) -> None:
    """The search takes the whole screen, nothing is wider than it, and axe-core finds nothing, light or dark."""
    for scheme in ("light", "dark"):
        page = visit(path, phone=True, color_scheme=scheme)
        page.locator(".dn-search__open").click()
        page.keyboard.type(question)
        expect(page.locator(".dn-search__result").first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        found = Axe().run(page).response["violations"]
        assert [(v["id"], n["html"], n["failureSummary"]) for v in found for n in v["nodes"]] == []
        page.locator(".dn-search__close").click()
        expect(page.locator(".dn-search__open")).to_be_focused()


def test_pages_are_found_and_one_character_is_answered(visit: Callable[..., Page]) -> None:
    """A hand-written page is among the results; a single character is looked for in titles, and that is said."""
    page = visit("search/?q=隐私")
    expect(page.locator(".dn-search__result").first).to_contain_text("说明页面")
    page.locator(".dn-search-page input").fill("费")
    expect(page.locator(".dn-search-page").get_by_role("status")).to_contain_text("单个字只在标题和文号里查找")
    assert "2027 年度代账服务费调整" in page.locator(".dn-search__title").all_inner_texts()
    page.locator(".dn-search-page input").fill("绝无此事乎")
    expect(page.locator(".dn-search-page").get_by_role("status")).to_contain_text("没有找到“绝无此事乎”")


def test_without_scripts_it_says_what_to_do(visit: Callable[..., Page]) -> None:
    """The button in the header leads to a page that names other ways to a notice."""
    page = visit("", phone=True, java_script_enabled=False)
    page.locator(".dn-search__open").click()
    page.wait_for_url("**/search/")
    expect(page.locator(".dn-search-page")).to_contain_text("未启用脚本时")
    page.locator(".dn-search-page a").last.click()
    page.wait_for_url("**/lookup/")
