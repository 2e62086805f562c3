"""Text as the units a reader compares: an amount, a date, a number with its unit, a word, a Han character."""

from __future__ import annotations

import re
from enum import Enum, auto

from portal import patterns

_GAP = r"(?:\s|&nbsp;)?"
_DIGITS = r"(?:\d{1,3}(?:,\d{3}){1,9}+(?!\d)|\d{1,40}+)(?:\.\d{1,40}+)?"
_HAN_DIGITS = r"[〇零一二三四五六七八九十百千万亿两壹贰叁肆伍陆柒捌玖拾佰仟半]{1,12}+"
_CODES = "CNY|RMB|USD|EUR|GBP|HKD|JPY|TWD|SGD|AUD|CAD|CHF"
_MONTHS = (
    "(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?"
    r"|Nov(?:ember)?|Dec(?:ember)?)(?![A-Za-z])(?:\.(?=\s?\d))?"
)
_PER = rf"(?:{_GAP}[/／]{_GAP}(?:[A-Za-z]{{1,20}}+|每?个?[月年季日天人户份次张家件]度?))"
_TO = rf"(?:{_GAP}[-–—~～至到、]{_GAP}\d{{1,2}}(?![\d:]))"
_COINS = r"(?:人民币|美元|欧元|英镑|日元|港元|港币|新台币|元|圆|角|块)整?"
_COUNTS = (
    r"个?(?:工作日|自然日|百分点|小时|星期|月)|分钟|秒钟?|季度?|年度?"
    r"|[天周户份次名位条项家张件页篇册笔人倍折%％‰日号点时]"
)
_WORDS = (
    r"(?:(?:business|working|calendar)\ days?|days?|hours?|minutes?|weeks?|months?|years?|per\ cent|percent"
    r"|times|pages?|copies|people|clients?|employees|[kKMG]i?B|kg|km|m²)(?![A-Za-z])"
)

_DATE = rf"""
    \d{{4}}-\d{{1,2}}-\d{{1,2}}(?:[T ]\d{{1,2}}:\d{{2}}(?::\d{{2}})?(?:Z|[+-]\d{{2}}:?\d{{2}})?)?(?!\d)
  | \d{{4}}[/.]\d{{1,2}}[/.]\d{{1,2}}(?!\d)
  | (?:\d{{4}}{_GAP}年{_GAP})?\d{{1,2}}{_GAP}月{_GAP}\d{{1,2}}{_TO}{{0,5}}{_GAP}[日号]
  | (?:{_HAN_DIGITS}年)?{_HAN_DIGITS}月{_HAN_DIGITS}[日号]
  | \d{{4}}{_GAP}年(?:{_GAP}\d{{1,2}}{_TO}?{_GAP}月|度)?[初底末]?
  | \d{{1,2}}{_TO}{_GAP}[日月]
  | \d{{1,2}}{_GAP}月(?:份|[初底末])
  | \d{{1,2}}(?:st|nd|rd|th)?{_GAP}{_MONTHS}(?:,?{_GAP}\d{{4}})?(?!\d)
  | {_MONTHS}{_GAP}\d{{1,2}}(?:st|nd|rd|th)?(?!\d)(?:,?{_GAP}\d{{4}}(?!\d))?
  | {_MONTHS}{_GAP}\d{{4}}(?!\d)
  | \d{{1,2}}[:：]\d{{2}}(?::\d{{2}})?(?!\d)(?:{_GAP}[ap]\.?m\b\.?)?
  | \d{{1,2}}{_GAP}[ap]\.?m\b\.?
  | (?:{_HAN_DIGITS}|\d{{1,2}})[点时](?:(?:{_HAN_DIGITS}|\d{{1,2}})分)?(?!间)
"""
_AMOUNT = rf"""
    (?:人民币{_GAP})?[¥￥$€£]{_GAP}{_DIGITS}(?:{_GAP}[千万亿])?(?:元整?)?{_PER}{{0,4}}
  | (?:{_CODES}){_GAP}{_DIGITS}(?:{_GAP}[千万亿])?{_PER}{{0,4}}
  | {_DIGITS}{_GAP}[百千万亿]{{0,2}}{_GAP}(?:{_COINS}|(?:{_CODES})(?![A-Za-z])){_PER}{{0,4}}
  | {_DIGITS}{_GAP}(?:%|％|‰|个?百分点)
  | {_HAN_DIGITS}{_COINS}
  | 百分之{_HAN_DIGITS}
"""
_NUMBER = rf"""
    {_DIGITS}{_GAP}[千万亿]?{_GAP}(?:{_COUNTS}){_PER}{{0,4}}
  | {_DIGITS}[ -]?{_WORDS}
  | {_DIGITS}(?:{_GAP}[千万亿])?
  | 第?{_HAN_DIGITS}个?(?:工作日|自然日|小时|星期|分钟|[天周日户份次名位条项家张件页册款章期版]|月|季度|年)
"""
_TOKEN = patterns.later(
    rf"""
    (?P<white>\s+)
  | (?P<placeholder>\{{\{{\s*\w+\s*\}}\}})
  | (?P<address>(?<![A-Za-z0-9._+-])(?:
        (?:https?://|www\.)[^\s<>"'（），。；、]+
      | [A-Za-z0-9._+-]{{1,64}}+@[A-Za-z0-9-]{{1,63}}+(?:\.[A-Za-z0-9-]{{1,63}}){{1,8}}+))
  | (?P<date>(?<![\d.,])(?:{_DATE}))
  | (?P<amount>(?<![\d.])[+\-−]?(?:{_AMOUNT}))
  | (?P<code>[A-Za-z]{{1,40}}+(?:[-_.]?\d{{1,40}}+){{1,8}}+(?![A-Za-z]))
  | (?P<number>{_NUMBER})
  | (?P<word>[A-Za-z\u00c0-\u024f]+(?:['’][A-Za-z]+)?)
  | (?P<han>[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff])
  | (?P<entity>&(?:\#\d+|\#x[0-9A-Fa-f]+|[A-Za-z][A-Za-z0-9]*);)
  | (?P<other>[^\W\d_\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]+ | .[\u0300-\u036f\ufe00-\ufe0f\u200d]*)
    """,
    re.VERBOSE | re.DOTALL,
)


class Sort(Enum):
    """What a token is, as far as it matters how it is compared."""

    WHITE = auto()
    FIGURE = auto()
    """An amount, a date, a time, a number with its unit, a placeholder for one."""
    WORD = auto()
    HAN = auto()
    MARK = auto()
    """Punctuation."""


_SORTS = {
    "white": Sort.WHITE,
    "placeholder": Sort.FIGURE,
    "address": Sort.WORD,
    "date": Sort.FIGURE,
    "amount": Sort.FIGURE,
    "code": Sort.WORD,
    "number": Sort.FIGURE,
    "word": Sort.WORD,
    "han": Sort.HAN,
    "entity": Sort.MARK,
}


def split(text: str) -> list[tuple[Sort, str]]:
    """The tokens of a text that may hold HTML character references; joined they give the text back."""
    found: list[tuple[Sort, str]] = []
    for match in _TOKEN().finditer(text):
        raw = match[0]
        sort = _SORTS.get(match.lastgroup or "")
        found.append((sort or (Sort.WORD if raw[0].isalpha() else Sort.MARK), raw))
    return found
