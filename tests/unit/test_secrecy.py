"""Secrets, codes and keys appear in no representation, error or log."""

from __future__ import annotations

import base64
import logging
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from portal import cli, config, sealing
from portal.chunked import Changed
from portal.config import Secret
from portal.errors import PortalError
from portal.sealing import Code, Content, Mistyped, Unopenable
from tests.conftest import NOW, PortalFolder

SECRET = Secret(bytes(range(7, 39)))
LIN = sealing.code(SECRET, "yunshan/lin", 1)


URL = str.maketrans("+/", "-_", "=")


def forms(data: bytes) -> set[str]:
    """Bytes as they could be written somewhere."""
    plain = base64.b64encode(data).decode()
    return {data.hex(), data.hex().upper(), plain, plain.rstrip("="), plain.translate(URL), repr(data), str(list(data))}


def says_nothing(text: str, *secrets: bytes) -> bool:
    """Whether none of some secrets stands in a text, nor a code of theirs."""
    codes = {str(Code(secret)) for secret in secrets if len(secret) == 16}
    written = {form for secret in secrets for form in forms(secret)} | codes | {code.replace("-", "") for code in codes}
    return not any(form.lower() in text.lower() for form in written)


def test_the_search_finds_what_it_looks_for() -> None:
    """Every form of a secret, of a key and of a code: otherwise the other tests would prove nothing."""
    for written in (SECRET.value.hex(), base64.urlsafe_b64encode(SECRET.value).decode(), f"x{SECRET.value!r}y"):
        assert not says_nothing(written, SECRET.value)
    assert not says_nothing(f"the code is {str(LIN).lower()}.", LIN.bits)
    assert says_nothing("the code is 0000-0000-0000-0000-0000-0000-01X3.", LIN.bits)


def test_what_holds_a_secret_does_not_show_it(tmp_path: Path) -> None:
    """repr, str and format of secret, code, sealed file, and of lists and dictionaries of them."""
    file = tmp_path / "a.pdf"
    file.write_bytes(b"text")
    notice = sealing.seal(SECRET, Content.NOTICE, ("fees", "1", "zh"), b"text")
    attachment = sealing.seal_file(SECRET, ("fees", "a.pdf"), file)
    holders = [SECRET, LIN, notice, attachment, attachment.content, attachment.content.read]
    shown = "\n".join([repr(holders), repr({"all": holders}), *(f"{h!r}" for h in holders), str(SECRET), str(notice)])
    assert says_nothing(shown, SECRET.value, LIN.bits, notice.key, attachment.key)


def typed() -> None:
    Code.parse(f"{str(LIN)[:-1]}Q")


def opened_with_another_key() -> None:
    sealed = sealing.seal(SECRET, Content.NOTICE, ("fees", "1", "zh"), b"text")
    sealing.unseal(sealed.key[::-1], Content.NOTICE, sealed.data)


def opened_with_another_code() -> None:
    sealing.unseal_index(sealing.code(SECRET, "yunshan/lin", 2), sealing.seal_index(LIN, 1, b"{}"))


def configured_badly() -> None:
    config.secret({"PORTAL_SECRET": base64.b64encode(SECRET.value[:31]).decode()})


@pytest.mark.parametrize(
    ("fault", "raised"),
    [
        (typed, Mistyped),
        (opened_with_another_key, Unopenable),
        (opened_with_another_code, Unopenable),
        (configured_badly, PortalError),
    ],
)
def test_an_error_does_not_show_what_it_was_about(fault: Callable[[], None], raised: type[PortalError]) -> None:
    """Message, hint, arguments, what is chained to it, and a traceback."""
    with pytest.raises(raised) as caught:
        fault()
    error = caught.value
    sealed = sealing.seal(SECRET, Content.NOTICE, ("fees", "1", "zh"), b"text")
    other = sealing.code(SECRET, "yunshan/lin", 2)
    shown = "\n".join(
        [str(error), repr(error), error.hint, repr(error.args), repr(vars(error)), *traceback.format_exception(error)]
    )
    assert says_nothing(shown, SECRET.value, SECRET.value[:31], LIN.bits, other.bits, sealed.key, sealed.key[::-1])
    assert str(LIN)[:30] not in shown
    assert "PORTAL_SECRET" in shown or raised is not PortalError


def test_a_file_that_changed_is_named_and_nothing_else(tmp_path: Path) -> None:
    """The error that stops a build says the attachment's name, not its key nor a byte of it."""
    file = tmp_path / "a.pdf"
    file.write_bytes(b"confidential text")
    made = sealing.seal_file(SECRET, ("fees", "a.pdf"), file)
    file.write_bytes(b"other confidential text")
    with pytest.raises(Changed) as caught:
        bytes(made.content)
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert "a.pdf changed while it was read" in shown
    assert says_nothing(shown, SECRET.value, made.key)
    assert "confidential" not in shown


@pytest.mark.parametrize("broken", [False, True])
def test_a_build_says_no_secret_even_when_everything_is_logged(
    portal_folder: PortalFolder,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    broken: bool,
) -> None:
    """Every logger at DEBUG: neither the log nor the terminal has the secret, a code, a key, or a private
    title, be the build good or stopped by a fault.
    """
    portal_folder.client("yunshan", "name: 云杉\ncontacts: [{id: lin, name: 林岚, email: lin@yunshan.example.com}]\n")
    front = "title: 只给云杉的标题\ndate: 2026-11-20\naudience: {clients: [yunshan]}\nattachments: [a.csv]\n"
    portal_folder.write("notices/2026/a.csv", "项目,数量\n")
    portal_folder.notice("private", front + ("effective: never\n" if broken else ""), "正文。\n")
    monkeypatch.setenv("PORTAL_SECRET", base64.b64encode(SECRET.value).decode())
    caplog.set_level(logging.DEBUG)
    code = cli.main(["build", "--root", str(portal_folder.root), "--now", NOW])
    assert (code == 0) is not broken
    out, err = capfd.readouterr()
    said = out + err + caplog.text
    assert ("not built" if broken else "built: 0 public and 1 private notice, ") in said
    keys = []
    index = portal_folder.root / "site/my/s" / LIN.index_name
    if not broken:
        _, text = sealing.unseal_index(LIN, index.read_bytes())
        keys = [base64.urlsafe_b64decode(found + "=") for found in _keys(text.decode())]
        assert keys
    assert says_nothing(said, SECRET.value, LIN.bits, *keys)
    assert "只给云杉的标题" not in said


def _keys(text: str) -> list[str]:
    return [part.split('"')[0] for part in text.split('"key":"')[1:]]
