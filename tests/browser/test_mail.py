"""How a message looks on a telephone."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from mailer.letters import message
from portal import sealing
from portal.config import Secret
from tests.conftest import PortalFolder
from tests.unit.test_compose import FEES, due, written
from tests.unit.test_digest import client


@pytest.mark.parametrize("width", [375, 390])
def test_the_code_stands_on_one_line_of_a_telephone(
    portal_folder: PortalFolder, secret: Secret, browser: Browser, width: int
) -> None:
    """Nobody has to guess whether a broken code goes on; and nothing is wider than the screen."""
    portal_folder.client("yunshan", client("yunshan", "immediate"))
    portal_folder.notice("fees", FEES + "audience: {clients: yunshan}", "正文")
    plan = portal_folder.plan()
    code = str(sealing.code(secret, "yunshan/lin", 1))
    page = browser.new_page(viewport={"width": width, "height": 812})
    page.set_content(message.html_part(*written(plan, due(plan)), [code]))
    lines, height = page.locator("td.code").evaluate(
        "cell => { const range = document.createRange(); range.selectNodeContents(cell);"
        " return [range.getClientRects().length, cell.clientHeight]; }"
    )
    assert page.locator("td.code").inner_text() == code
    assert (lines, height) == (1, 26 + 2 * 10)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.close()
