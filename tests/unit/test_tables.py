"""Tables of the registry: what they may say, how they may be saved, and what is wrong with them, cell by cell."""

from __future__ import annotations

import datetime as dt

import pytest

from portal.client import Cadence, Status
from portal.sources import Sources
from tests.conftest import PortalFolder

HEAD = "client,client_name,segments,contact,name,email"
LIN = "yunshan,云杉贸易,small;shop,lin,林岚,lin@yunshan.example.com"
ZHOU = "yunshan,云杉贸易,small;shop,zhou,周然,zhou@yunshan.example.com"
WU = "lanpu,蓝圃食品,,wu,吴越,wu@lanpu.example.com"


def read(folder: PortalFolder, *lines: str, encoding: str = "utf-8", end: str = "\n") -> Sources:
    folder.write("clients/all.csv", (end.join(lines) + end).encode(encoding))
    return folder.sources()


def told(found: Sources) -> list[str]:
    """Problems as `line:column code: message (hint)`."""
    return [
        f"{p.location.line}:{p.location.column} {p.code}: {p.message} ({p.hint})"
        for p in found.problems
        if p.location.file == "clients/all.csv"
    ]


def contacts(found: Sources) -> list[str]:
    return [recipient.key for recipient in found.registry.recipients()]


def test_a_table_has_a_row_for_each_contact(portal_folder: PortalFolder) -> None:
    """Rows of one client are joined, wherever they stand; lists are divided by semicolons."""
    found = read(portal_folder, HEAD, LIN, WU, ZHOU)
    assert told(found) == []
    assert contacts(found) == ["lanpu/wu", "yunshan/lin", "yunshan/zhou"]
    client = found.registry.clients["yunshan"]
    assert (client.name, client.segments) == ("云杉贸易", ("small", "shop"))
    assert found.registry.clients["lanpu"].segments == ()
    assert found.registry.files["yunshan"] == "clients/all.csv"


def test_every_key_has_its_column(portal_folder: PortalFolder) -> None:
    """A key that client and contact both have is the contact's; the client's begins with client_."""
    found = read(
        portal_folder,
        "client,client_name,status,client_since,ended,access_until,segments,services,region,client_language,"
        "client_timezone,contact,name,email,phone,role,language,timezone,cadence,hour,weekday,day,since,x-note",
        "yunshan,云杉,terminated,2024-03-01,2026-12-01,2027-02-01,a,b; c,shanghai,en,Europe/Berlin,"
        'lin,林岚,lin@yunshan.example.com,021-5550 0211,finance,zh,Asia/Shanghai,daily,8,friday,5,2025-01-10,"x, y"',
    )
    assert told(found) == []
    client = found.registry.clients["yunshan"]
    (lin,) = client.contacts
    assert (client.status, client.since, client.ended) == (
        Status.TERMINATED,
        dt.date(2024, 3, 1),
        dt.date(2026, 12, 1),
    )
    assert (client.access_until, client.services, client.region) == (dt.date(2027, 2, 1), ("b", "c"), "shanghai")
    assert (client.language, client.timezone) == ("en", "Europe/Berlin")
    assert (lin.phone, lin.role, lin.language, lin.timezone) == ("021-5550 0211", "finance", "zh", "Asia/Shanghai")
    assert (lin.cadence, lin.hour, lin.weekday, lin.day) == (Cadence.DAILY, 8, "friday", 5)
    assert lin.since == dt.date(2025, 1, 10)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_table_may_be_saved_as_spreadsheets_do(portal_folder: PortalFolder, encoding: str, end: str) -> None:
    """UTF-8, with a mark or without, or GB18030; any line ends; nobody is warned."""
    found = read(portal_folder, HEAD, LIN, encoding=encoding, end=end)
    assert found.problems == ()
    assert found.registry.clients["yunshan"].contacts[0].name == "林岚"


def test_files_and_tables_may_stand_side_by_side(portal_folder: PortalFolder) -> None:
    """A client described in both is told of, with the place of either; the file counts."""
    portal_folder.client("lanpu", "name: 蓝圃\n")
    found = read(portal_folder, HEAD, WU, LIN)
    assert told(found) == [
        "2:1 duplicate-client: this client is described in clients/lanpu.yml too (keep one of the two)"
    ]
    assert contacts(found) == ["yunshan/lin"]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((HEAD.replace("email", "mail"), LIN), "1:42 table-column: unknown column 'mail' (did you mean 'email'?)"),
        (
            (HEAD + ",fax", LIN + ",1"),
            "1:48 table-column: unknown column 'fax' (remove it, or begin it with x-)",
        ),
        ((HEAD + ",name", LIN + ",x"), "1:48 table-column: a second column 'name' (keep one of the two)"),
        (
            ("client,contact", "yunshan,lin"),
            "1:1 table-header: the table has no column client_name, name, email "
            "(write a first line with at least client, client_name, contact, name, email)",
        ),
        (
            (HEAD, LIN.rpartition(",")[0]),
            "2:1 table-row: 5 cells, but 6 columns (fill every column; put a cell with a comma in quotes)",
        ),
        (
            (HEAD, f"{LIN},,", f"{ZHOU},,again"),
            "3:1 table-row: 8 cells, but 6 columns (fill every column; put a cell with a comma in quotes)",
        ),
        (
            (HEAD, LIN, ZHOU.replace("云杉贸易", "云杉国际")),
            "3:9 table-disagrees: 'client_name' is another one than in line 2, where this client begins "
            "(write the same in every row)",
        ),
        (
            (HEAD, LIN.replace("lin@yunshan.example.com", "lin")),
            "2:32 wrong-value: 'contacts.1.email' is not an e-mail address; write one like lin@example.com",
        ),
        ((HEAD, WU, LIN, LIN), "3:1 wrong-value: two contacts have the id 'lin' (give each an id of its own)"),
        (
            (HEAD, LIN.replace("lin,林岚", 'lin,"林, 岚"').replace("yunshan,", "Yun Shan,", 1)),
            "2:1 wrong-value: 'id' is no id (write lower-case letters, digits and hyphens, like yunshan)",
        ),
        ((HEAD + ",language", LIN + ",fr"), "2:56 unknown-language: 'contacts.1.language' is none of the portal's"),
        (
            (HEAD, '"yunshan,云杉贸易'),
            "2:1 table-csv: from here on the table cannot be read: a quote is never closed, or a cell is far too long "
            "(close the quote; within a quoted cell, write a quote twice)",
        ),
    ],
)
def test_what_is_wrong_is_told_at_its_cell(portal_folder: PortalFolder, lines: tuple[str, ...], expected: str) -> None:
    """Line and column of the cell, never a private value, and how to mend it."""
    assert expected.partition(";")[0] in " | ".join(told(read(portal_folder, *lines))).replace(
        " (write one like lin@example.com)", "; write"
    )


@pytest.mark.parametrize(("mark", "name"), [(";", "semicolons"), ("\t", "tabs")])
def test_other_separators_are_named(portal_folder: PortalFolder, mark: str, name: str) -> None:
    """A table that a spreadsheet saved without commas is told in one line, which says how to save it."""
    found = told(read(portal_folder, HEAD.replace(",", mark), WU.replace(",", mark)))
    assert [line.partition(" (")[0] for line in found] == [f"1:1 table-header: columns are separated by {name}"]
    assert "CSV with commas" in found[0]


def test_everything_wrong_is_told_at_once(portal_folder: PortalFolder) -> None:
    """One pass over the whole table; sound rows are taken all the same."""
    found = read(portal_folder, HEAD, LIN, "lanpu,,,wu,吴越,wu", "qinghe,清禾,,,,")
    assert [said.split(":")[0] + ":" + said.split(":")[1] for said in told(found)] == [
        "3:7 missing-key",
        "3:15 wrong-value",
    ]
    assert contacts(found) == ["yunshan/lin"]
    assert found.registry.clients["qinghe"].contacts == ()


def test_a_rule_names_the_row(portal_folder: PortalFolder) -> None:
    """What is found later about a contact in a table has its line there."""
    found = read(portal_folder, HEAD, WU, LIN, ZHOU)
    place = found.clients["yunshan"].at("contacts", 1, "email")
    assert (place.file, place.line, place.column) == ("clients/all.csv", 4, 33)
    assert found.clients["yunshan"].at("segments", 0).line == 3


def test_an_empty_folder_of_tables_is_no_problem(portal_folder: PortalFolder) -> None:
    """An empty file says that it has no columns; a header alone is a registry without clients."""
    assert [said.split(" ")[1] for said in told(read(portal_folder, ""))] == ["table-header:"]
    assert read(portal_folder, HEAD).problems == ()
