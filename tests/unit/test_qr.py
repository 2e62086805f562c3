"""The codes that lead from paper to a notice: what segno draws, a hundred times as fast."""

from __future__ import annotations

import io
import random

import pytest
import segno

from portal import qr, symbols

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCXYZ0123456789-._~/%?=&"


def _drawn_by_segno(address: str, mask: int) -> list[str]:
    return ["".join(map(str, row)) for row in segno.make_qr(address, error="m", mask=mask).matrix]


@pytest.mark.parametrize("length", [*range(0, 130), 150, 200, 230, 400, 700, 2000])
def test_modules_are_those_that_segno_draws(length: int) -> None:
    """Addresses of every length, over many sizes, several levels of correction and blocks of unequal lengths."""
    chance = random.Random(length)
    for _ in range(2):
        address = "https://" + "".join(chance.choices(_LETTERS, k=length))
        mask = chance.randrange(8)
        assert symbols.draw(address.encode(), mask) == _drawn_by_segno(address, mask)


@pytest.mark.parametrize(
    "address",
    [
        "http://a.example.com/",
        "https://notices.example.com/notices/fees-2027/v1/",
        "https://notices.example.com/notices/收费-2027/v1/",
        "HTTPS://EXAMPLE.COM/A",
        "https://notices.example.com/" + "long-" * 60,
    ],
)
def test_a_file_is_the_one_that_segno_writes(address: str) -> None:
    """Also for an address that is better said in another mode than bytes, or that is not ASCII."""
    expected = io.BytesIO()
    segno.make_qr(address, error="m", mask=3).save(
        expected, kind="svg", border=4, light="#fff", xmldecl=False, omitsize=True, nl=False
    )
    assert qr.svg(address) == expected.getvalue()


def test_an_address_too_long_for_any_code() -> None:
    """The largest holds 2331 bytes at medium correction (ISO/IEC 18004:2015, table 7)."""
    assert len(symbols.draw(b"h" * 2331, 3)) == 177
    with pytest.raises(segno.DataOverflowError, match="2332 bytes"):
        symbols.draw(b"h" * 2332, 3)
