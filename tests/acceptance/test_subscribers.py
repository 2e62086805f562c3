"""Subscribers through the command line: consent, wishes, ways out, export, erasure; and the account still holds."""

from __future__ import annotations

import json
from email.message import EmailMessage

import pytest

from mailer.cli import main
from portal import sealing
from tests.acceptance.test_mailer import Desk, inbox
from tests.acceptance.test_mailer import desk as desk
from tests.unit.test_digest import client

LIN = "lin@yunshan.example.com"
READER = "reader@example.org"
ADD = ("subscribers", "add", READER, "--source", "form on the site", "--at", "2026-11-20T08:00+08:00")


@pytest.fixture
def office(desk: Desk) -> Desk:
    """The desk, without the clock that commands about subscribers do not have."""
    return desk


def book(desk: Desk, *arguments: str) -> tuple[int, str]:
    """Run a command that reads no notices."""
    code = main([*arguments, "--root", str(desk.folder.root)])
    captured = desk.capture.readouterr()
    assert "Traceback" not in captured.out + captured.err
    return code, captured.out + captured.err


def seal(desk: Desk) -> None:
    """Give every contact a private page, also those of whom a ledger that knows nothing would not think."""
    for recipient in desk.folder.plan(desk.now).registry.recipients():
        name = sealing.code(desk.secret, recipient.key, 1).index_name
        desk.folder.write(f"site/my/s/{name}", "here")


def mailed(desk: Desk) -> dict[str, list[str]]:
    """Who got what, by address: the subjects."""
    return {to: [str(m["Subject"]) for m in messages] for to, messages in inbox(desk.folder.root / "outbox").items()}


def second_message(desk: Desk, address: str, client: str) -> EmailMessage:
    """What an address gets when the public notice that it was told of becomes one for a single client."""
    front = f"title: 内部标题\ndate: 2026-12-01\nsummary: 内部摘要\naudience: {{clients: {client}}}"
    desk.folder.notice("fees", f"{front}\nrevisions: [{{on: 2026-12-06, note: 内部说明}}]")
    desk.folder.commit("private now")
    desk.now = "2026-12-07T10:30+08:00"
    seal(desk)
    code, printed = desk.send()
    assert code == 0, printed
    assert desk.run("status")[0] == 0
    _, last = sorted(inbox(desk.folder.root / "outbox")[address], key=lambda message: message["Date"].datetime)
    return last


def test_a_subscriber_gets_public_notices_once(office: Desk) -> None:
    """Of the two notices the public one, in one message; nothing with the next run; the account holds."""
    assert book(office, *ADD, "--cadence", "immediate") == (0, "subscribed\n")
    assert office.send()[0] == 0
    assert sorted(mailed(office)) == sorted(
        [READER, "lin@yunshan.example.com", "meng@lanpu.example.com", "su@heyu.example.com"]
    )
    (message,) = inbox(office.folder.root / "outbox")[READER]
    assert "对账单" not in str(message)
    assert office.send()[1].startswith("nothing is due")
    code, said = office.run("status")
    assert (code, "eligible 5 = 5 sent" in said) == (0, True), said


def test_who_is_in_both_gets_one_message(office: Desk) -> None:
    """A contact who subscribes too gets a single digest."""
    book(office, "subscribers", "add", "Lin@yunshan.example.com", "--source", "form", "--at", "2026-11-20T08:00+08:00")
    office.send()
    assert len(mailed(office)["lin@yunshan.example.com"]) == 1
    assert len(mailed(office)) == 3
    assert office.run("status")[0] == 0


def test_leaving_and_an_import_that_does_not_undo_it(office: Desk) -> None:
    """Who left is not brought back by an import, but by asking again."""
    book(office, *ADD)
    assert book(office, "subscribers", "remove", READER, "--source", "reply 退订")[0] == 0
    office.folder.write(
        "list.csv", f"address,consent,source\n{READER},2026-11-01,old list\nnew@example.org,2026-11-01,old list\n"
    )
    table = str(office.folder.root / "list.csv")
    assert book(office, "subscribers", "import", table, "--dry-run")[1] == (
        "would be 1 subscription new, 0 changed, 1 left out because they left or are suppressed\n"
    )
    assert "0 subscriptions" in book(office, "subscribers", "list")[1]
    assert book(office, "subscribers", "import", table)[0] == 0
    assert "new@example.org" in book(office, "subscribers", "list")[1]
    assert READER not in book(office, "subscribers", "list")[1]
    assert book(office, *ADD)[1] == "subscribed\n"
    assert READER in book(office, "subscribers", "list")[1]


def test_a_list_leaves_wishes_that_it_does_not_name(office: Desk) -> None:
    """An import of bare addresses changes nobody's cadence; the day of a consent is one in the firm's zone."""
    book(office, "subscribers", "add", READER, "--source", "form", "--at", "2026-11-20", "--cadence", "daily")
    office.folder.write("list.csv", f"address,name\n{READER},沈读\n")
    table = str(office.folder.root / "list.csv")
    assert "1 changed" in book(office, "subscribers", "import", table, "--source", "old list")[1]
    assert book(office, "subscribers", "list")[1].splitlines()[0] == f"{READER} daily all since 2026-11-20"


def test_a_table_with_a_mistake_changes_nothing(office: Desk) -> None:
    """Each wrong line is named with its reason, none of its values is repeated, and no line is taken."""
    rows = (
        "address,topics,cadence,consent,source\n"
        "good@example.org,policy;general,daily,2026-11-01,柜台\n"
        "no-address,policy,daily,2026-11-01,柜台\n"
        "a@example.org,weather,daily,2026-11-01,柜台\n"
        "b@example.org,policy,hourly,2026-11-01,柜台\n"
        "GOOD@example.org,policy,daily,2026-11-01,柜台\n"
        "c@example.org,policy,daily,2026-11-01,\n"
        "d@example.org,policy,daily,2199-11-01,柜台\n"
        "e@example.org,policy,daily,2026-11-01,柜台,more\n"
    )
    file = office.folder.write("list.csv", rows.encode("gb18030"))
    code, said = book(office, "subscribers", "import", str(file))
    assert code == 1
    places = [line.split(" ")[0] for line in said.splitlines() if line.startswith("list.csv")]
    assert places == [f"list.csv:{line}:1:" for line in range(3, 10)]
    assert "no-address" not in said
    assert "0 subscriptions" in book(office, "subscribers", "list")[1]
    office.folder.write("list.csv", "".join(rows.splitlines(keepends=True)[:2]).encode("gb18030"))
    assert book(office, "subscribers", "import", str(file))[1].startswith("1 subscription new")
    (row,) = json.loads(book(office, "subscribers", "list", "--format", "json")[1])
    assert (row["topics"], row["cadence"], row["source"]) == (["policy", "general"], "daily", "柜台")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("add", "nonsense", "--source", "x"), "'address' is not an e-mail address"),
        (("add", READER, "--source", "x", "--timezone", "Mars/Base"), "'timezone' is not a time zone"),
        (("add", READER, "--source", "x", "--language", "xx"), "'language' is none of the portal's"),
        (("add", READER), "Missing option '--source'"),
        (("remove", READER, "--source", "x"), "nobody is subscribed with this address"),
        (("lift", READER, "--source", "x"), "this address is not suppressed so"),
        (("erase", "lin@yunshan.example.com", "--source", "x"), "this is the address of yunshan/lin"),
    ],
)
def test_mistakes_change_nothing(office: Desk, arguments: tuple[str, ...], said: str) -> None:
    """Whatever is wrong is said in a line, with exit code 2."""
    code, printed = book(office, "subscribers", *arguments)
    assert (code, said in printed) == (2, True), printed


def test_suppressed_addresses_get_nothing_and_are_accounted_for(office: Desk) -> None:
    """An address that mail comes back from gets nothing, mandatory or not; the ledger says why; later, news."""
    book(office, "subscribers", "suppress", "LIN@yunshan.example.com", "--all", "--source", "550 no such user")
    office.send()
    assert "lin@yunshan.example.com" not in mailed(office)
    code, said = office.run("status")
    assert (code, "2 sent + 2 excluded" in said) == (0, True), said
    book(office, "subscribers", "lift", "lin@yunshan.example.com", "--all", "--source", "new mailbox")
    office.folder.notice("later", "title: 后来\ndate: 2026-12-03")
    office.folder.commit("later")
    office.send()
    assert len(mailed(office)["lin@yunshan.example.com"]) == 1


def test_export_and_erasure_leave_an_account_that_holds(office: Desk) -> None:
    """After a subscriber was told and erased the address is nowhere in the database, and every run still adds up."""
    book(office, *ADD, "--cadence", "immediate", "--name", "王读者")
    book(office, "subscribers", "add", "other@example.org", "--source", "form", "--at", "2026-11-20T08:00+08:00")
    office.send()
    kept = json.loads(book(office, "subscribers", "export", READER.upper())[1])
    assert [row["consent_source"] for row in kept["subscriptions"]] == ["form on the site"]
    assert [row["notice"] for row in kept["receipts"]] == ["fees"]
    assert [row["state"] for row in kept["messages"]] == ["sent"]
    code, said = book(office, "subscribers", "erase", READER, "--source", "letter of 1 December")
    assert (code, "receipts stand under erased-" in said) == (0, True)
    office.ledger("VACUUM")
    data = (office.folder.root / "var" / "ledger.db").read_bytes()
    assert READER.encode() not in data
    assert "王读者".encode() not in data
    assert office.run("status")[0] == 0
    assert json.loads(book(office, "subscribers", "export", READER)[1])["receipts"] == []
    code, said = book(office, *ADD)
    assert (code, "nothing may be sent to this address" in said) == (2, True)


def test_ci_sees_no_address(office: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where CI=true the list names nobody."""
    book(office, *ADD)
    monkeypatch.setenv("CI", "true")
    said = book(office, "subscribers", "list")[1]
    assert "1 subscription" in said
    assert READER not in said
    assert READER not in office.run("plan")[1]


def test_a_new_address_is_not_told_everything_again(office: Desk) -> None:
    """A contact whose address changed gets what is new; and what a suppressed former address never got."""
    office.send()
    office.folder.client("heyu", client("heyu", "immediate", address="su@new.example.com"))
    office.folder.notice("later", "title: 后来\ndate: 2026-12-03")
    office.folder.commit("moved")
    (due,) = [one for one in office.json("plan")["due"] if one["address"] == "su@new.example.com"]
    assert [item["notice"] for item in due["items"]] == ["later"]


def test_what_never_reached_the_former_address_reaches_the_new_one(office: Desk) -> None:
    """A message cancelled before it left, or withheld from a suppressed address, is told at the new address."""
    book(office, "subscribers", "suppress", "su@heyu.example.com", "--all", "--source", "550")
    office.send()
    office.folder.client("heyu", client("heyu", "immediate", address="su@new.example.com"))
    office.folder.commit("moved")
    (due,) = office.json("plan")["due"]
    assert (due["address"], [item["notice"] for item in due["items"]]) == ("su@new.example.com", ["fees"])
    office.send()
    assert office.run("status")[0] == 0


def test_next_says_when_a_run_has_something_to_do(office: Desk) -> None:
    """Something due now; then what waits for its slot; then a notice that comes out later."""
    assert office.run("next")[1] == "2026-12-07T09:30+08:00 due\n"
    office.send()
    assert office.run("next")[1] == "nothing is in sight\n"
    office.folder.client("weekly", client("weekly", "weekly", address="w@weekly.example.com"))
    office.folder.notice("soon", "title: 预告\ndate: 2026-12-20")
    office.folder.commit("more")
    office.send()
    assert office.run("next")[1] == "2026-12-20T00:00+08:00 publication\n"
    office.folder.notice("late", "title: 补发\ndate: 2026-12-07T09:15:00+08:00")
    office.folder.commit("late")
    office.send()
    assert office.json("next") == {"next": "2026-12-14T09:00+08:00", "cause": "waiting"}
    assert "the next run has something to do at 2026-12-14T09:00+08:00 (waiting)" in office.run("plan")[1]


def test_a_former_contact_can_be_erased_from_every_run(office: Desk) -> None:
    """Told as a contact in one run and left out as suppressed in the next, then gone from the registry and erased: the
    address is in no table, and both runs still add up."""
    address = "su@heyu.example.com"
    office.send()
    book(office, "subscribers", "suppress", address, "--all", "--source", "550")
    office.folder.notice("later", "title: 后来\ndate: 2026-12-03")
    office.folder.commit("later")
    office.send()
    (office.folder.root / "clients/heyu.yml").unlink()
    office.folder.commit("gone")
    assert book(office, "subscribers", "erase", address.upper(), "--source", "letter")[0] == 0
    assert office.run("status")[0] == 0
    office.ledger("VACUUM")
    assert address.encode() not in (office.folder.root / "var" / "ledger.db").read_bytes()
    kept = json.loads(book(office, "subscribers", "export", address)[1])
    assert {name: len(rows) for name, rows in kept.items() if rows} == {"suppressions": 2}


def test_a_notice_that_becomes_private_leaves_subscribers_with_a_plain_word(office: Desk) -> None:
    """Told while it was public, then for certain clients only: the subscriber hears that it no longer concerns them,
    with no private link and nothing of the new text."""
    book(office, *ADD, "--cadence", "immediate")
    office.send()
    last = second_message(office, READER, "yunshan")
    said = str(last["Subject"]) + "".join(part.get_content() for part in last.walk() if not part.is_multipart())
    assert "收费调整" in said
    assert not any(hidden in said for hidden in ("内部标题", "内部摘要", "内部说明", "/my/#"))


def test_a_contact_of_two_clients_who_subscribed_is_told_once_that_a_notice_ended(office: Desk) -> None:
    """Such a person gets one message with one code for each client, and none for the subscription."""
    office.folder.client("second", client("second", "immediate", address=LIN))
    office.folder.commit("second client")
    book(office, "subscribers", "add", LIN, "--source", "form", "--at", "2026-11-20T08:00+08:00")
    office.send()
    text = second_message(office, LIN, "heyu").get_body(("plain",))
    assert text is not None
    assert text.get_content().count("/my/#") == 2
    assert "内部标题" not in text.get_content()
