"""Dates with the names of months, in the languages of Western Europe."""

from __future__ import annotations

import re
from typing import Any

# By what the names of a month begin with: of its full name, or of a short form.
_BEGINNINGS = {
    "Jan": "jan ene gen",
    "Feb": "feb fév fev",
    "Mar": "mar mär mrt mrz maa mae",
    "Apr": "apr avr abr",
    "May": "may mai mei mag",
    "Jun": "jun juin giu",
    "Jul": "jul juil lug",
    "Aug": "aug aoû aou ago",
    "Sep": "sep set",
    "Oct": "oct okt ott out",
    "Nov": "nov",
    "Dec": "dec dez déc dic",
}
_MONTH_OF = {
    start: month for month, starts in _BEGINNINGS.items() for start in starts.split()
}
_NAMES = re.compile(
    r"\b(?:jan(?:uary|uar|vier|uari|eiro|v)?|ene(?:ro)?|gen(?:naio)?"
    r"|feb(?:ruary|ruar|rero|braio|ruari)?|f[ée]v(?:rier|ereiro|r)?"
    r"|mar(?:ch|s|zo|ço)?|mär(?:z)?|maerz|maart|mrt|mrz"
    r"|apr(?:il|ile)?|avr(?:il)?|abr(?:il)?|may(?:o)?|mai(?:o)?|mei|mag(?:gio)?"
    r"|june?|juni|juni?o|jun(?:ho)|juin|giu(?:gno)?"
    r"|july?|juli|juli?o|jul(?:ho)|juil(?:let)?|lug(?:lio)?"
    r"|aug(?:ust|ustus)?|ao[ûu]t?|ago(?:sto)?"
    r"|sept?(?:ember|embre|tembre|iembre)?|set(?:tembre|embro)?"
    r"|o[ck]t(?:ober|obre|ubre)?|ott(?:obre)?|out(?:ubro)?"
    r"|nov(?:ember|embre|iembre|embro)?"
    r"|de[cz](?:ember|embre|embro)?|d[ée]c(?:embre)?|dic(?:iembre|embre)?)\b",
    re.IGNORECASE,
)
_WEEKDAYS = re.compile(
    r"^(?:(?:mon|tue|tues|wed|wednes|thu|thur|thurs|fri|sat|satur|sun)(?:day)?"
    r"|mo|di|mi|do|fr|sa|so|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag"
    r"|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche"
    r"|lunes|martes|miércoles|jueves|viernes|sábado|domingo)[.,]?\s+",
    re.IGNORECASE,
)
_ORDINAL = re.compile(r"(?<=\d)(?:st|nd|rd|th|er|º|ª)\b", re.IGNORECASE)
_OF = re.compile(r"\s+(?:de|of|del)\s+", re.IGNORECASE)
_DOTS = re.compile(r"\.(?=[ -])|(?<=\w)\.$")


def english(texts: Any) -> Any:
    """Return dates with three letters of English months, and no words but those.

    Parameters
    ----------
    texts : Series of str

    Examples
    --------
    >>> import pandas as pd
    >>> english(pd.Series(["Do, 12. März 2026", "12 de marzo de 2026"])).tolist()
    ['12 Mar 2026', '12 Mar 2026']
    >>> english(pd.Series(["1er févr. 2026", "March 12th, 2026"])).tolist()
    ['1 Feb 2026', 'Mar 12, 2026']
    """
    texts = texts.str.replace(_WEEKDAYS, "", regex=True)
    texts = texts.str.replace(_ORDINAL, "", regex=True)
    texts = texts.str.replace(_OF, " ", regex=True)
    texts = texts.str.replace(_NAMES, _english_month, regex=True)
    return texts.str.replace(_DOTS, "", regex=True)


def _english_month(name: re.Match[str]) -> str:
    found = name.group().lower()
    # "juin" and "juillet" part at the fourth letter.
    return _MONTH_OF.get(found[:4]) or _MONTH_OF[found[:3]]
