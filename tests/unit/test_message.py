"""The bytes of a message: headers that nothing breaks, bodies that read as written, and that it is quick."""

from __future__ import annotations

import datetime as dt
import email
import re
import time
from base64 import b64decode
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import compat32, default
from email.utils import parseaddr

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailer.letters import message
from mailer.letters.letter import Letter, Skeleton, clean, slot
from portal.errors import PortalError

KEY = "0123456789abcdef" * 2
SKELETON = Skeleton(subject="公告", text="您好\n", html="<p>您好</p>")


def a_letter(**changes: object) -> Letter:
    """A letter to one reader, with what a test is about changed."""
    plain = Letter(
        key=KEY,
        address="lin@yunshan.example.com",
        name="林岚",
        language="zh",
        date="Mon, 07 Dec 2026 09:30:00 +0800",
        sender="notices@example.com",
        sender_name="试用公告",
        reply_to="notices@example.com",
        site_url="https://notices.example.com/",
        readers=(),
        clients=(),
        pages=(),
        newest=dt.datetime(2026, 12, 1, tzinfo=dt.UTC),
    )
    return plain.model_copy(update=changes)


def parsed(data: bytes) -> EmailMessage:
    mail = email.message_from_bytes(data, policy=default)
    assert isinstance(mail, EmailMessage)
    assert mail.defects == []
    return mail


def bodies(mail: EmailMessage) -> tuple[str, str]:
    plain, html = mail.iter_parts()
    assert [plain.get_content_type(), html.get_content_type()] == ["text/plain", "text/html"]
    assert plain.defects + html.defects == []
    return plain.get_content().replace("\r\n", "\n"), html.get_content().replace("\r\n", "\n")


def decoded(field: str) -> str:
    """As RFC 2047 decodes it. (For names the newer parser of Python 3.11 keeps the white space between two words.)"""
    return str(make_header(decode_header(field)))


def fields(data: bytes) -> dict[str, str]:
    """Every field but those of MIME, as it stands on the wire, unfolded."""
    head = data.partition(b"\r\n\r\n")[0].decode().replace("\r\n ", " ")
    pairs = (line.split(": ", 1) for line in head.split("\r\n"))
    return {name: value for name, value in pairs if name not in ("MIME-Version", "Content-Type")}


def test_headers() -> None:
    """Every header that receivers and programs rely on is there, and the same for ever."""
    data = message.build(a_letter(), SKELETON, [])
    assert data == message.build(a_letter(), SKELETON, [])
    mail = parsed(data)
    assert {name: str(value) for name, value in mail.items() if name not in ("Content-Type", "MIME-Version")} == {
        "Date": "Mon, 07 Dec 2026 09:30:00 +0800",
        "From": "试用公告 <notices@example.com>",
        "To": "林岚 <lin@yunshan.example.com>",
        "Subject": "公告",
        "Message-ID": f"<{KEY}@example.com>",
        "List-Id": "<notices.example.com>",
        "List-Unsubscribe": f"<mailto:notices@example.com?subject=unsubscribe%20{KEY}>",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "OOF, AutoReply",
        "Feedback-ID": "digest:zh:a379a6f6eeaf",
        "Content-Language": "zh",
    }
    assert mail["MIME-Version"] == "1.0"
    assert mail.get_content_type() == "multipart/alternative"
    assert data.isascii()


def test_thread_reply_address_and_one_click() -> None:
    """A later message names what it follows; replies may go elsewhere; an https way out is one click (RFC 8058)."""
    ids = ("<aaa@example.com>", "<bbb@example.com>")
    way_out = f"https://notices.example.com/leave?id={KEY}.abc"
    letter = a_letter(thread=ids, reply_to="desk@example.com", unsubscribe=way_out)
    found = fields(message.build(letter, SKELETON, []))
    assert found["In-Reply-To"] == "<bbb@example.com>"
    assert found["References"] == "<aaa@example.com> <bbb@example.com>"
    assert found["Reply-To"] == "desk@example.com"
    assert found["List-Unsubscribe"] == f"<{way_out}>, <mailto:desk@example.com?subject=unsubscribe%20{KEY}>"
    assert found["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Lin Lan", "Lin Lan <lin@yunshan.example.com>"),
        ("", "lin@yunshan.example.com"),
        ("Lin, Lan", '"Lin, Lan" <lin@yunshan.example.com>'),
        ('Lin "the \\ Fox" Lan', '"Lin \\"the \\\\ Fox\\" Lan" <lin@yunshan.example.com>'),
        ("lin@other.example", '"lin@other.example" <lin@yunshan.example.com>'),
        ("林岚", "=?utf-8?B?5p6X5bKa?= <lin@yunshan.example.com>"),
        ("=?UTF-8?Q?=0A?=Bcc: x", "=?utf-8?B?PT9VVEYtOD9RPz0wQT89QmNjOiB4?= <lin@yunshan.example.com>"),
    ],
)
def test_names_as_they_are_written(name: str, written: str) -> None:
    """Plain names stand as they are, others are quoted, or encoded where they must be; the address never."""
    assert fields(message.build(a_letter(name=name), SKELETON, []))["To"] == written


@pytest.mark.parametrize(
    ("address", "written"),
    [
        ("lin@例子.公司", "lin@xn--fsqu00a.xn--55qx5d"),
        ("用户@例子.公司", "用户@xn--fsqu00a.xn--55qx5d"),
        ("é@example.com", "é@example.com"),
        ("o'brien+a=b@example.com", "o'brien+a=b@example.com"),
    ],
)
def test_addresses_beyond_ascii(address: str, written: str) -> None:
    """A domain travels in ASCII; a local part in UTF-8 where it must (RFC 6532), and then nothing else does."""
    data = message.build(a_letter(address=address), SKELETON, [])
    assert fields(data)["To"].endswith(f" <{written}>")
    assert data.replace(address.partition("@")[0].encode(), b"").isascii()


@pytest.mark.parametrize(
    "changes",
    [
        {"address": "a@example.com, b@example.com"},
        {"address": "a b@example.com"},
        {"address": "<a@example.com>"},
        {"address": "a@example.com\r\nBcc: b@example.com"},
        {"date": "Mon\r\nBcc: b@example.com"},
        {"date": "=?UTF-8?Q?=0A?=Bcc: x"},
        {"language": "zh\u2028x"},
        {"thread": ("<a@example.com>\r\nBcc: x",)},
        {"unsubscribe": "https://example.com/\r\n\r\nbody"},
    ],
)
def test_what_is_no_text_must_be_right(changes: dict[str, object]) -> None:
    """Where no free text belongs, anything that would say more is refused rather than mended."""
    with pytest.raises(PortalError, match="the header"):
        message.build(a_letter(**changes), SKELETON, [])


HOSTILE = st.text(
    st.sampled_from(list("ab岚<>&\"',;:@\\()[]=?_\t\r\n\0\x7f\x85\u2028\ufdd0\ufdd1\ud800 \u202e\u05d0😀"))
    | st.characters(),
    max_size=60,
) | st.sampled_from(
    [
        "=?UTF-8?Q?=0A?=Bcc: x",
        "=?utf-8?b?Cg==?=Bcc: eve@example.com",
        "a\r\nBcc: x",
        "\ufdd0code.0\ufdd1",
        "{{ 7 * 7 }}",
        "<script>",
        "岚" * 300,
        "😀" * 100,
        "a" * 300,
        "'\"" * 150,
        "مرحبا, \u202eevil",
        ". ,",
    ]
)
INTENDED = [
    *"Date From List-Id Auto-Submitted X-Auto-Response-Suppress Feedback-ID Content-Language".split(),
    *"To Message-ID List-Unsubscribe Reply-To Subject".split(),
]


@given(HOSTILE, HOSTILE, HOSTILE)
@example("=?UTF-8?Q?=0A?=Bcc: x", "a\r\n\r\nbody", "=?UTF-8?Q?=0D=0A?=")
def test_no_text_breaks_out(name: str, sender: str, subject: str) -> None:
    """Whatever stands in a name or title, the fields are those intended, decode to that text, and name one address."""
    letter = a_letter(
        address="lin@example.com", name=clean(name), sender_name=clean(sender), reply_to="reply@example.com"
    )
    text = clean(subject)
    skeleton = Skeleton(subject=text, text=f"{slot('name')}\n{text}\n", html=f"<p>{slot('name')}</p>")
    data = message.build(letter, skeleton, [])
    mail = parsed(data)
    assert [field for field in mail if field not in ("MIME-Version", "Content-Type")] == INTENDED
    old = email.message_from_bytes(data, policy=compat32)
    for field, address, said in (("To", "lin@example.com", name), ("From", "notices@example.com", sender)):
        assert [found.addr_spec for found in mail[field].addresses] == [address]
        assert decoded(parseaddr(old[field])[0]) == clean(said)
    assert not any(re.search(r"[\x00-\x1f\x7f]", str(value)) for value in mail.values())
    assert "<script>" not in bodies(mail)[1]
    assert decoded(old["Subject"]) == text
    head = data.partition(b"\r\n\r\n")[0]
    assert all(len(line) <= 78 for line in head.split(b"\r\n") if b"=?" in line)
    assert all(len(word) <= 75 for word in re.findall(rb"=\?utf-8\?B\?[^?]*\?=", head))
    for word in re.findall(rb"=\?utf-8\?B\?([^?]*)\?=", head):
        assert b64decode(word).decode("utf-8"), "whole characters"


PIECE = st.characters(exclude_categories=["Cs"], exclude_characters="\r\ufdd0\ufdd1") | st.sampled_from(
    [*'ab =.-_\t岚😀<&"\n', slot("name"), slot("client", 0), slot("code", 1)]
)
BODY = st.lists(PIECE, max_size=300).map("".join) | st.lists(st.text("abc .=", max_size=200), max_size=30).map(
    "\n".join
)


@given(BODY, BODY)
def test_bodies_read_as_written(text: str, html: str) -> None:
    """A parser gets the filled text and HTML back to the letter, from short ASCII lines ended by CRLF."""
    letter = a_letter(name="林 <岚>", clients=("A & B",))
    data = message.build(letter, Skeleton(subject="s", text=text, html=html), ["one", "two"])
    plain, markup = bodies(parsed(data))
    for name, value, escaped in (
        (slot("name"), "林 <岚>", "林 &lt;岚&gt;"),
        (slot("client", 0), "A & B", "A &amp; B"),
        (slot("code", 1), "two", "two"),
    ):
        text, html = text.replace(name, value), html.replace(name, escaped)
    assert plain == text.rstrip("\n") + "\n"
    assert markup == html.rstrip("\n") + "\n"
    body = data.partition(b"\r\n\r\n")[2]
    assert body.isascii()
    assert max(map(len, body.split(b"\r\n"))) <= 76
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n", data)


def as_the_library_writes_it(letter: Letter, skeleton: Skeleton) -> EmailMessage:
    """The same message by the standard library, for letters without slots."""
    mail = EmailMessage()
    mail["To"] = f"{letter.name} <{letter.address}>"
    mail["From"] = f"{letter.sender_name} <{letter.sender}>"
    mail["Subject"] = skeleton.subject
    mail.set_content(skeleton.text)
    mail.add_alternative(skeleton.html, subtype="html")
    return parsed(mail.as_bytes())


@pytest.mark.parametrize("line", ["二〇二七年度代账服务费调整", "Bookkeeping fees from 2027, as of 1 January."])
def test_it_means_what_the_library_s_message_means(line: str) -> None:
    """Recipient, sender, subject and both parts are those that EmailMessage would have sent."""
    skeleton = Skeleton(subject=line * 5, text=f"{line}\n" * 40, html=f"<p>{line}</p>\n" * 40)
    ours = parsed(message.build(a_letter(), skeleton, []))
    theirs = as_the_library_writes_it(a_letter(), skeleton)
    assert [ours[name] for name in ("To", "From", "Subject")] == [theirs[name] for name in ("To", "From", "Subject")]
    assert bodies(ours) == bodies(theirs)


def test_readable_text_stays_readable() -> None:
    """English goes out as quoted-printable, in which a person can read the source; Chinese as base64, the shorter."""
    english = Skeleton(subject="News", text="Dear reader, é\n", html="<p>Dear reader</p>")
    assert b"\r\n\r\nDear reader, =C3=A9\r\n" in message.build(a_letter(), english, [])
    assert message.build(a_letter(), SKELETON, []).count(b"Content-Transfer-Encoding: base64") == 2


def test_building_is_quick() -> None:
    """A digest of 20 KB takes well under a millisecond, where EmailMessage takes several."""
    text = f"{slot('name')}\n" + "二〇二七年度代账服务费调整的说明。\n" * 130
    html = f"<p>{slot('name')}</p>" + '<p style="margin:0">二〇二七年度代账服务费调整的说明。</p>\n' * 150
    skeleton = Skeleton(subject="公告", text=text, html=html)
    letters = [a_letter(key=f"{number:032x}") for number in range(200)]
    assert 20_000 < len(message.build(letters[0], skeleton, [])) < 30_000
    best = float("inf")
    for _ in range(5):  # the best of a few: a busy machine is no slow program
        started = time.perf_counter()
        for letter in letters:
            message.build(letter, skeleton, [])
        best = min(best, (time.perf_counter() - started) / len(letters))
    assert best < 0.001
