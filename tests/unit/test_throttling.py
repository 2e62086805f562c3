"""A refusal that means "not so fast" is told from one that means "no"."""

from __future__ import annotations

import pytest

from mailer.transport.throttling import asks_to_slow_down


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (550, "Ip frequency limited. http://service.mail.qq.com/cgi-bin/help?subtype=1&&id=20022&&no=1000725"),
        (550, "Connection frequency limited"),
        (550, "Domain frequency limited"),
        (550, "Sender frequency limited."),
        (421, "HL:ICC 163 smtp10,DsCowADHzOS1YkhX 1459382965"),
        (451, "MI:SFQ 126 smtp7"),
        (450, "MI:DMC 163 smtp2"),
        (552, "Daily sending quota exceeded"),
        (550, "5.4.5 Daily user sending quota exceeded. gsmtp"),
        (450, "4.7.28 our system has detected an unusual rate of unsolicited mail"),
        (451, "4.7.1 rate limited, try again later"),
        (421, "Service not available, closing transmission channel"),
    ],
)
def test_throttling(code: int, words: str) -> None:
    """What Tencent, NetEase, Alibaba and Google say to who sends too much at once; and any 421."""
    assert asks_to_slow_down(code, words)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (550, "Mailbox not found. http://service.mail.qq.com/cgi-bin/help?subtype=1&&id=20022&&no=1000728"),
        (550, "Mailbox unavailable or access denied"),
        (550, "Mail content denied."),
        (554, "DT:SPM 163 smtp4,please see http://mail.163.com/help/help_spam_16.htm"),
        (550, "User unknown: frequency@example.com"),
        (552, "5.2.2 mailbox full, too many messages in it"),
        (450, "4.2.0 greylisted, try again in 300 seconds"),
        (451, "4.3.0 temporary failure"),
        (550, "5.1.1 no such user"),
    ],
)
def test_other_refusals(code: int, words: str) -> None:
    """Unknown mailboxes, full ones, content and greylisting are about one message or reader."""
    assert not asks_to_slow_down(code, words)
