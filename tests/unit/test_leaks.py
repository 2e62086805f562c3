"""The gate: what it recognises in a public file, what it lets pass, and what it says."""

from __future__ import annotations

import base64
import gzip
import io
import json
import pickle
import tracemalloc
import zipfile
import zlib
from urllib.parse import quote

import pytest

from portal import chunked, keeping, sealing
from portal.config import Secret
from portal.errors import Problem
from portal.leaks import Gate
from tests.conftest import PortalFolder

CLIENT = """
id: yunshan
name: 云杉贸易（上海）有限公司
contacts:
  - {id: lin, name: 林岚, email: Lin.Lan@yunshan.example.com, phone: 021-5550 0211}
  - {id: ouyang, name: 欧阳明远, email: ouyang@yunshan.example.com, phone: +1 212 555 0164}
  - {id: carter, name: Dana Carter, email: carter@yunshan.example.com}
"""

PRIVATE = """
title: 合同终止前的资料交接与清算安排
date: 2026-11-27
summary: 请于本月底前派人领取印章，逾期由前台代为保管。
audience: {clients: [yunshan]}
attachments: [清单.csv]
values: private.values.csv
comparison: [{item: 财务报表专项审阅服务, old: 200 CNY/month, new: 240 CNY/month}]
"""

BODY = """
第一段：双方核对银行对账单以后，在**交接清单**上签字盖章。

Please collect the company seals from our front desk before closing time.
"""

PUBLIC = """
title: 元旦放假安排
date: 2026-11-20
summary: 逾期由前台代为保管的快递，请尽早领取。
"""

PAGE = "<!doctype html><html lang=zh><head><title>公告</title></head><body><p>{}</p></body></html>"


@pytest.fixture
def folder(portal_folder: PortalFolder) -> PortalFolder:
    """One client, one private notice for it, one public notice that shares a phrase with it."""
    portal_folder.client("yunshan", CLIENT)
    portal_folder.notice("closing", PRIVATE, BODY)
    portal_folder.write("notices/2026/清单.csv", "项目,数量\n公章,1\n")
    portal_folder.write("notices/2026/private.values.csv", "client,note\nyunshan,贵司另有三个月的装订费未结清\n")
    portal_folder.notice("new-year", PUBLIC, "放假三天。\n")
    return portal_folder


@pytest.fixture
def gate(folder: PortalFolder) -> Gate:
    return Gate(folder.plan())


def told(gate: Gate, text: str) -> list[str]:
    """What the gate says of a page that holds a text."""
    return [problem.message for problem in gate.check("notices/x/index.html", PAGE.format(text).encode())]


FILE = "notices/2026/closing.zh.md"
REGISTRY = "clients/yunshan.yml"


@pytest.mark.parametrize(
    ("text", "key", "file"),
    [
        ("合同终止前的资料交接与清算安排", "title", FILE),
        ("关于合同终止前的资料交接", "title", FILE),
        ("请于本月底前派人领取", "summary", FILE),
        ("双方核对银行对账单", "body", FILE),
        ("双方<b>核对银行对账单以后</b>", "body", FILE),
        ("银行对账单以后，在</p>", "body", FILE),
        ("双方<b>核对</b>银行<a href='/x/'>对账</a>单以后", "body", FILE),
        ("在<strong>交接清单</strong>上签字盖章", "body", FILE),
        ("please <em>collect</em> the <b>company</b> seals", "body", FILE),
        ("财务报表专项审阅", "comparison.1.item", FILE),
        ("另有三个月的装订费", "values, column note", FILE),
        ("please COLLECT the company", "body", FILE),
        ("collect the\n company seals", "body", FILE),
        ("云杉贸易(上海)有限公司", "name", REGISTRY),
        ("欧阳明远", "the name of ouyang", REGISTRY),
        ("尊敬的欧阳明远先生", "the name of ouyang", REGISTRY),
        ("林岚 收", "the name of lin", REGISTRY),
        ("Dear Dana Carter,", "the name of carter", REGISTRY),
        ("lin.lan@YUNSHAN.example.com", "the email of lin", REGISTRY),
        ("<a href='mailto:ouyang%40yunshan.example.com'>x</a>", "the email of ouyang", REGISTRY),
        ("021-55500211", "the phone of lin", REGISTRY),
        ("<a href='tel:+12125550164'>x</a>", "the phone of ouyang", REGISTRY),
    ],
)
def test_private_text_is_recognised(gate: Gate, text: str, key: str, file: str) -> None:
    """Any part of the prose from 8 Han or 16 other characters on; names, addresses and numbers whole."""
    assert told(gate, text) == [f"this public file holds something private: {key} of {file}"]


@pytest.mark.parametrize(
    "text",
    [
        "合同终止前的资",
        "逾期由前台代为保管",
        "collect the seals",
        "申请可由林岚芳办理",
        "云杉与蓝圃",
        "请于2026年12月31日前完成",
        "021-5550 0212",
        "service@example.com",
        "试用公告",
        "<p>双方核对银</p><p>行对账单以后</p>",
    ],
)
def test_other_text_passes(gate: Gate, text: str) -> None:
    """Shorter pieces, other names and numbers, and whatever a public notice says too."""
    assert told(gate, text) == []


SECRET_LINE = "双方核对银行对账单以后"


def office(text: str) -> bytes:
    """A text document as word processors save it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", f"<w:document><w:body><w:p><w:r>{text}</w:r></w:p></w:body></w:document>")
    return packed.getvalue()


def pdf(page: bytes) -> bytes:
    """A PDF with one packed stream."""
    stream = zlib.compress(page)
    head = b"%PDF-1.7\n1 0 obj\n<</Filter/FlateDecode/Length " + str(len(stream)).encode() + b">>\n"
    return head + b"stream\n" + stream + b"\nendstream\nendobj\n%%EOF\n"


@pytest.mark.parametrize(
    "data",
    [
        "".join(f"&#{ord(c)};" for c in SECRET_LINE).encode(),
        "".join(f"&#x{ord(c):x};" for c in SECRET_LINE).encode(),
        quote(SECRET_LINE).encode(),
        json.dumps({"text": SECRET_LINE}).encode(),
        base64.b64encode(SECRET_LINE.encode()),
        b"<img src='data:text/html;base64," + base64.b64encode(f"<p>{SECRET_LINE}</p>".encode()) + b"'>",
        base64.urlsafe_b64encode(SECRET_LINE.encode()).rstrip(b"="),
        gzip.compress(SECRET_LINE.encode()),
        json.dumps({"html": "".join(f"&#{ord(c)};" for c in SECRET_LINE)}).replace("&", "\\u0026").encode(),
        SECRET_LINE.encode("utf-16"),
        SECRET_LINE.encode("utf-16-le"),
        b"\x89PNG\r\n" + SECRET_LINE.encode("utf-16-be"),
        office(f"<w:t>{SECRET_LINE[:5]}</w:t></w:r><w:r><w:t>{SECRET_LINE[5:]}</w:t>"),
        gzip.compress(office(f"<w:t>{SECRET_LINE}</w:t>")),
        pdf(f"BT <FEFF{SECRET_LINE.encode('utf-16-be').hex()}> Tj ET".encode()),
        pdf(b"BT [(Please coll) 20 (ect the comp)] TJ (any seals) Tj ET"),
        pdf(f"<rdf>{SECRET_LINE}</rdf>".encode()),
    ],
    ids=[
        *("decimal", "hexadecimal", "percent", "json", "base64", "data-url", "base64url", "gzip", "twice"),
        *("utf-16", "utf-16 without a mark", "utf-16 in a picture", "office", "office in gzip"),
        *("pdf, wide", "pdf, in pieces", "pdf, about itself"),
    ],
)
def test_private_text_is_recognised_in_every_usual_disguise(gate: Gate, data: bytes) -> None:
    """Entities, percent signs, escapes, base64 and gzip hide nothing."""
    (problem,) = gate.check("search.json", data)
    assert problem.location.file == "search.json"


def test_a_path_is_searched_too(gate: Gate) -> None:
    """A private title must not become an address either."""
    (problem,) = gate.check(f"notices/{quote('合同终止前的资料交接与清算安排')}/index.html", b"")
    assert problem.code == "private-text"


def test_a_private_attachment_is_recognised_by_its_bytes(gate: Gate, folder: PortalFolder) -> None:
    """Copied under any name, though its text has no phrase."""
    data = (folder.root / "notices/2026/清单.csv").read_bytes()
    (problem,) = gate.check("notices/x/files/a.csv", data)
    assert "the attachment of notices/2026/清单.csv" in problem.message


def test_what_is_published_in_pieces_is_known_by_its_bytes(gate: Gate, folder: PortalFolder) -> None:
    """A large file is not searched: a public source passes, a private one is named, and anything else is refused."""
    open_file = folder.write("content/plan.pdf", b"%PDF")
    private = folder.root / "notices/2026/清单.csv"
    other = folder.write("other.bin", b"%PDF 2")
    assert Gate(folder.plan()).check("plan.pdf", chunked.of(open_file)) == []
    (problem,) = gate.check("a.csv", chunked.of(private))
    assert "the attachment of notices/2026/清单.csv" in problem.message
    (problem,) = gate.check("other.bin", chunked.of(other))
    assert (problem.code, problem.location.file) == ("unsearchable", "other.bin")


def test_a_code_is_recognised(folder: PortalFolder, secret: Secret) -> None:
    """In groups or not, in either case, when the gate knows the secret."""
    code = str(sealing.code(secret, "yunshan/lin", 1))
    gate = Gate(folder.plan(), secret)
    for text in (f"/my/#{code}", code.lower(), code.replace("-", "")):
        assert told(gate, text) == [f"this public file holds something private: code of {REGISTRY}"]


def test_sealed_files_are_not_searched(gate: Gate) -> None:
    """What lies in my/s/ is ciphertext; the document beside it is public."""
    assert gate.check("my/s/" + "0" * 32, SECRET_LINE.encode()) == []
    assert gate.check("my/index.html", SECRET_LINE.encode()) != []


def test_what_is_public_elsewhere_is_no_leak(folder: PortalFolder) -> None:
    """A phrase, a name or an address that stands in content/, mkdocs.yml or a public notice passes."""
    folder.write("content/about.zh.md", f"# 关于\n\n{SECRET_LINE}。客户包括云杉贸易（上海）有限公司。\n")
    folder.notice("visit", "title: 到访\ndate: 2026-11-21\n", "请找 Dana Carter（carter@yunshan.example.com）。\n")
    gate = Gate(folder.plan())
    assert told(gate, f"{SECRET_LINE}云杉贸易（上海）有限公司 Dana Carter carter@yunshan.example.com") == []
    assert told(gate, "请于本月底前派人领取") != []


def test_the_engine_s_own_words_are_no_leak(folder: PortalFolder) -> None:
    """A private notice may quote what Material says on every page."""
    folder.notice(
        "quote",
        "title: 按钮\ndate: 2026-11-27\naudience: {clients: [yunshan]}\n",
        "找到 # 个符合条件的结果，没有找到符合条件的结果\n",
    )
    gate = Gate(folder.plan())
    assert gate.check("index.html", "没有找到符合条件的结果".encode()) == []


def test_what_cannot_be_searched_does_not_pass(gate: Gate) -> None:
    """A damaged archive, or one with something hung on behind, fails closed."""
    packed = gzip.compress(b"public" * 1000)
    for data in (packed[:-9], packed + packed, b"\x1f\x8bnonsense"):
        (problem,) = gate.check("a.gz", data)
        assert problem.code == "unsearchable"
    assert gate.check("a.gz", packed) == []


VALUES = "client,note\nyunshan,贵司另有三个月的装订费未结清\n"


@pytest.mark.parametrize(
    ("name", "text"), [("private.values.csv", VALUES), ("closing.zh.md", f"---\n{PRIVATE.strip()}\n---\n{BODY}")]
)
def test_a_private_source_is_no_attachment(folder: PortalFolder, name: str, text: str) -> None:
    """A public notice that lists another's text or table of values, or a copy of it in content/, makes it no public
    source: neither the file passes nor what stands in it.
    """
    folder.notice("new-year", f"{PUBLIC.strip()}\nattachments: [{name}]\n", "放假三天。\n")
    folder.write("content/copy.txt", text)
    gate = Gate(folder.plan())
    message = f"this public file holds something private: the whole file of notices/2026/{name}"
    for path in (f"notices/new-year/files/{name}", "copy.txt"):
        assert [problem.message for problem in gate.check(path, text.encode())] == [message]
    assert told(gate, "贵司另有三个月的装订费" if name.endswith("csv") else SECRET_LINE) != []


def test_a_link_to_the_registry_opens_nothing(folder: PortalFolder) -> None:
    """MkDocs follows a link in content/; the gate looks at where it leads."""
    (folder.root / "content" / "clients.txt").symlink_to(folder.root / "clients" / "yunshan.yml")
    gate = Gate(folder.plan())
    (problem,) = gate.check("clients.txt", CLIENT.encode())
    assert problem.message == "this public file holds something private: the whole file of clients/yunshan.yml"
    assert told(gate, "欧阳明远") != []


def test_a_client_may_be_called_like_a_month_or_a_city(folder: PortalFolder) -> None:
    """What the program writes by itself is no leak: dates, the cities of time zones, and words such as 'Notices'."""
    for number, name in enumerate(["December", "上海", "Notices", "公告"]):
        folder.client(f"c{number}", f"id: c{number}\nname: {name}\n")
    assert told(Gate(folder.plan()), "10 December 2026 · <b>上海</b> · Notices · <b>公告</b>") == []


def test_a_private_notice_may_name_a_version_of_a_public_one(folder: PortalFolder) -> None:
    """The page of a version is titled with both, and so may a private notice be that refers to it."""
    body = "见《元旦放假期间值班安排》（第 1 版）。\n\nSee Holidays of the coming year, version 1.\n"
    folder.notice("duty", "title: 元旦放假期间值班安排\ndate: 2026-11-20\n", "值班。\n")
    folder.notice("see", "title: 值班\ndate: 2026-11-21\naudience: {clients: [yunshan]}\n", body)
    assert told(Gate(folder.plan()), "元旦放假期间值班安排（第 1 版）") == []


def test_the_secret_changes_no_verdict(folder: PortalFolder) -> None:
    """Codes are looked for whole, so a page passes or not whatever the secret is."""
    page = PAGE.format("0123456789ABCDEFGHJKMNPQRSTVWXYZ-" * 20 + base64.b64encode(bytes(range(256))).decode())
    for first in range(40):
        gate = Gate(folder.plan(), Secret(bytes(range(first, first + 32))))
        assert gate.check("index.html", page.encode()) == []


def test_the_gate_never_repeats_what_it_found(gate: Gate) -> None:
    """Its problems go to logs: they name files and keys only."""
    problems = gate.check("index.html", (CLIENT + PRIVATE + BODY).encode())
    said = " ".join(f"{problem} {problem.hint}" for problem in problems)
    assert len(problems) > 5
    for private in ("林岚", "云杉贸易", "example.com", "5550", "终止", "seals"):
        assert private not in said


def test_a_portal_without_private_sources_lets_everything_pass(portal_folder: PortalFolder) -> None:
    """Nothing is private where nothing is."""
    portal_folder.notice("new-year", PUBLIC, "放假三天。\n")
    assert told(Gate(portal_folder.plan()), SECRET_LINE) == []


def test_large_attachments_are_known_in_constant_memory(folder: PortalFolder) -> None:
    """A private and a public one of 32 MB: the gate knows them by their bytes and holds neither."""
    for name, audience in (("closed", "audience: {clients: [yunshan]}\n"), ("open", "")):
        file = folder.write(f"notices/2026/{name}.bin", b"")
        with file.open("wb") as opened:
            opened.write(name.encode())
            opened.truncate(32_000_000)
        folder.notice(name, f"title: 附件\ndate: 2026-11-20\n{audience}attachments: [{name}.bin]\n")
    plan = folder.plan()
    tracemalloc.start()
    gate = Gate(plan)
    found = [gate.check("a.bin", chunked.of(folder.root / f"notices/2026/{name}.bin")) for name in ("open", "closed")]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found[0] == []
    assert [problem.code for problem in found[1]] == ["private-text"]
    assert peak < 16_000_000


@pytest.mark.parametrize("front", ["draft: true\n", ""])
def test_what_is_not_published_yet_is_looked_for_too(folder: PortalFolder, front: str) -> None:
    """A private draft, and a private notice for a later day: in no plan, but in no public file either."""
    date = "2026-11-27" if front else "2027-02-01"
    folder.notice(
        "later",
        f"title: 春节后的人员调整方案\ndate: {date}\naudience: {{clients: [yunshan]}}\n"
        f"{front}attachments: [人员.csv]\n",
        "届时由第三小组接手全部申报。\n",
    )
    folder.write("notices/2026/人员.csv", "甲,乙\n")
    gate = Gate(folder.plan(), filed=folder.sources().notices.values())
    file = "notices/2026/later.zh.md"
    assert told(gate, "春节后的人员调整方案") == [f"this public file holds something private: title of {file}"]
    assert told(gate, "由第三小组接手全部申报") == [f"this public file holds something private: body of {file}"]
    for data in ((folder.root / file).read_bytes(), "甲,乙\n".encode()):
        (problem,) = gate.check("copy.txt", data)
        assert "the whole file" in problem.message or "the attachment" in problem.message


def test_a_packed_file_that_cannot_be_opened_does_not_pass(gate: Gate) -> None:
    """A damaged Office document, or packed files deeper in one another than anybody packs them."""
    sound = office("<w:t>public</w:t>")
    deep = sound
    for _ in range(4):
        deep = gzip.compress(deep)
    for data in (sound[:-20], deep):
        (problem,) = gate.check("a.docx", data)
        assert problem.code == "unsearchable"
    assert gate.check("a.docx", sound) == []


def test_a_hash_alone_accuses_nobody(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    """A phrase that only shares a private one's hash has no origin, and passes."""
    monkeypatch.setattr("portal.phrases.Phrases.among", lambda *_: {"无关的八个汉字呀"})
    assert told(gate, "什么都可以") == []


@pytest.mark.parametrize(
    "written",
    [
        "+86 21 5550 0211",
        "tel:+862155500211",
        "0086-21-55500211",
        "(021) 5550-0211",
        "（021）５５５０－０２１１",
        "021.5550.0211",
        "021-5550<b>0211</b>",
        "212-555-0164",
        "001 212 555 0164",
        "+1 (212) 555-0164",
    ],
)
def test_a_telephone_number_is_known_however_it_is_written(gate: Gate, written: str) -> None:
    """With and without what is dialled before it from abroad; another number is none of the registry's."""
    assert told(gate, written)
    assert not told(gate, written.replace("02", "04").replace("０２", "０４").replace("164", "194"))


@pytest.mark.parametrize(
    "written",
    [
        "林\u200b岚",
        "Da\u00adna Carter",
        "ＤＡＮＡ　ＣＡＲＴＥＲ",
        "请于本月底&shy;前派人领取印章",
        "https://example.com/?to=lin.lan@yunshan.example.com",
        "lin.lan＠yunshan.example.com",
        "lin.lan@<wbr>yunshan.example.com",
        "collect+the+company+seals",
        "collect_the_company_seals",
        "\\u{8bf7}\\u{4e8e}\\u{672c}\\u{6708}\\u{5e95}\\u{524d}\\u{6d3e}\\u{4eba}",
        "\\8bf7 \\4e8e \\672c \\6708 \\5e95 \\524d \\6d3e \\4eba ",
    ],
)
def test_invisible_characters_width_and_escapes_hide_nothing(gate: Gate, written: str) -> None:
    """What a reader sees is compared: of any width, and as HTML, JavaScript, CSS or a form writes it."""
    assert told(gate, written)


def test_the_last_characters_of_base64_count(gate: Gate) -> None:
    """Whatever its length, and with the padding or without."""
    for before in ("", "x ", "xx ", "xxx "):
        run = base64.b64encode(f"{before}lin.lan@yunshan.example.com".encode()).decode()
        assert told(gate, run)
        assert told(gate, run.rstrip("="))


def test_a_long_number_and_a_password_are_found(folder: PortalFolder) -> None:
    """A number of 16 digits, however it is grouped, and a word of 16 letters and digits; days beside one another are
    no number.
    """
    body = "账号 6222 0211 0400 1234 567，口令 qX7rT2mK9pL4vB8n，2026-12-01 2026-12-31。"
    folder.notice("account", "title: 账号\ndate: 2026-11-27\naudience: {clients: [yunshan]}", body)
    gate = Gate(folder.plan())
    for text in ("6222021104001234567", "<p>6222-0211-0400-1234</p>", "QX7RT2MK9PL4VB8N"):
        assert gate.check("a.html", text.encode()), text
    for text in ("2026-12-01 2026-12-31", "6222 0211 0400", "6222021104001243"):
        assert not gate.check("a.html", text.encode()), text


@pytest.mark.parametrize("between", [" ", "_", "\u2011", "–", " · ", "</b><b>"])
def test_a_code_is_found_however_its_groups_are_parted(folder: PortalFolder, secret: Secret, between: str) -> None:
    """And with the letters that are read as digits."""
    code = str(sealing.code(secret, "yunshan/lin", 1))
    page = PAGE.format(between.join(code.replace("0", "o").replace("1", "l").split("-")))
    assert Gate(folder.plan(), secret).check("a.html", page.encode())


BODY_OF_A_PAGE = "办理结果将于下周公布，届时请各位留意官网。"
PAGES = {"a/index.html": PAGE.format("元旦放假安排"), "b/index.html": PAGE.format(BODY_OF_A_PAGE)}


def looked(
    folder: PortalFolder, secret: Secret, monkeypatch: pytest.MonkeyPatch, pages: dict[str, str] = PAGES
) -> tuple[list[str], list[str]]:
    """A build's gate over pages, with the memory of the one before: what it looked into, and what it found."""
    settings, seen = folder.settings(), []
    honest = Gate._look

    def look(gate: Gate, path: str, data: bytes) -> list[Problem]:
        seen.append(path)
        return honest(gate, path, data)

    kept = keeping.recollect(settings, secret)
    memory = kept.memory
    with monkeypatch.context() as patched:
        patched.setattr(Gate, "_look", look)
        gate = Gate(folder.plan(), secret, folder.sources().notices.values(), memory)
        found = [problem.location.file for path, text in pages.items() for problem in gate.check(path, text.encode())]
    if not found:
        gate.remember()
        keeping.keep(settings, secret, kept)
    return seen, found


def test_what_was_proved_is_not_proved_again(
    folder: PortalFolder, secret: Secret, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file without a change is not looked into, not even after a change of a private notice; a changed one is."""
    assert looked(folder, secret, monkeypatch) == (list(PAGES), [])
    assert looked(folder, secret, monkeypatch) == ([], [])
    folder.notice("closing", PRIVATE, BODY + "\n另请带上营业执照副本，以便现场核对原件。\n")
    assert looked(folder, secret, monkeypatch) == ([], [])
    changed = PAGES | {"b/index.html": PAGE.format("另请带上营业执照副本，以便现场核对原件。")}
    assert looked(folder, secret, monkeypatch, changed) == (["b/index.html"], ["b/index.html"])
    assert looked(folder, secret, monkeypatch, {"c/index.html": PAGES["a/index.html"]})[0] == ["c/index.html"]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("notices/2026/closing.zh.md", f"---\n{PRIVATE}---\n{BODY_OF_A_PAGE}\n"),
        ("notices/2026/later.zh.md", f"---\n{PRIVATE.replace('2026-11-27', '2027-11-27')}---\n{BODY_OF_A_PAGE}\n"),
        ("notices/2026/private.values.csv", f"client,note\nyunshan,{BODY_OF_A_PAGE}\n"),
        ("clients/yunshan.yml", CLIENT.replace("欧阳明远", "各位留意")),
    ],
)
def test_what_became_private_is_found_in_files_proved_before(
    folder: PortalFolder, secret: Secret, monkeypatch: pytest.MonkeyPatch, path: str, text: str
) -> None:
    """A text, value, draft or name that is new is looked for in every file, also in those without a change."""
    looked(folder, secret, monkeypatch)
    folder.write(path, text)
    assert looked(folder, secret, monkeypatch) == (list(PAGES), ["b/index.html"])


def test_what_is_no_public_source_any_more_is_found_in_files_proved_before(
    folder: PortalFolder, secret: Secret, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A phrase was nobody's secret as long as a public notice said it."""
    pages = {"a/index.html": PAGE.format("逾期由前台代为保管")}
    assert looked(folder, secret, monkeypatch, pages) == (["a/index.html"], [])
    folder.notice("new-year", PUBLIC.replace("逾期由前台代为保管的", ""), "放假三天。\n")
    assert looked(folder, secret, monkeypatch, pages) == (["a/index.html"], ["a/index.html"])


@pytest.mark.parametrize(("body", "again"), [("逾期另行安排。", []), (BODY_OF_A_PAGE, list(PAGES))])
def test_what_another_process_looked_into_is_proved_too(
    folder: PortalFolder, secret: Secret, monkeypatch: pytest.MonkeyPatch, body: str, again: list[str]
) -> None:
    """The verdicts come back, and the phrases, in which what becomes private is found."""
    settings = folder.settings()
    kept = keeping.recollect(settings, secret)
    memory = kept.memory
    here, there = (Gate(folder.plan(), secret, folder.sources().notices.values(), memory) for _ in range(2))
    for path, text in PAGES.items():
        assert there.check(path, text.encode()) == []
        here.take(pickle.loads(pickle.dumps(there.findings())))
    assert there.findings() == ({}, b"")
    here.remember()
    keeping.keep(settings, secret, kept)
    folder.notice("later", PRIVATE.replace("2026-11-27", "2027-11-27"), body)
    assert looked(folder, secret, monkeypatch)[0] == again


def test_a_proof_that_somebody_changed_is_none(
    folder: PortalFolder, secret: Secret, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One bit of the memory is another, and every file is looked into."""
    looked(folder, secret, monkeypatch)
    file = folder.settings().cache_dir / "memory"
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    assert looked(folder, secret, monkeypatch) == (list(PAGES), [])
