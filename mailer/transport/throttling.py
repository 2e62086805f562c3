"""Which refusals mean "not so fast": about how many messages come, not about this one or its reader."""

from __future__ import annotations

import re

_SLOW_DOWN = re.compile(
    r"""
      \b(?:ip|domain|sender|connection|user)\ frequency\ limited    # Tencent (QQ, Exmail), with 550
    | \b(?:HL:(?:ICC|IFC)|MI:(?:DMC|SFQ|STC)|RP:(?:DRC|QRC))\b     # NetEase (163, 126, yeah.net), with 421, 45z and 55z
    | \b(?:daily|hourly|monthly|user|your)\ (?:\w+\ )?sending\ (?:quota|limit)\b
    | \bsending\ quota\ exceeded\b                               # Alibaba's DirectMail, with 552
    | \b5\.4\.5\b.*\b(?:quota|limit)                              # Google Workspace
    | \b[45]\.7\.28\b                                           # an unusual rate of mail: Google
    | \b(?:rate|frequency)[\ -]?limit(?:ed|s)?\b
    | \bthrottl(?:ed|ing)\b
    | \btoo\ many\ (?:concurrent|connections|sessions|(?:messages|mails|emails)\ (?:from|per|sent)\b)
    | \btoo\ (?:fast|frequent(?:ly)?)\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""From the postmasters' own lists of replies. Not here: NetEase's DT:SPM and the like, which are about content, and
"frequency" alone: a refusal for good that were tried for ever would be worse than a throttle taken for a refusal.
"""


def asks_to_slow_down(code: int, words: str) -> bool:
    """Whether a refusal is about the pace. 421 always is: the server would rather not talk now (RFC 5321, 3.8)."""
    return code == 421 or bool(_SLOW_DOWN.search(words))
