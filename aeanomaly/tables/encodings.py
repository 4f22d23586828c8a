"""Recognises the encoding of a text file."""

from __future__ import annotations

import codecs

_BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}

# Control characters that no text holds.
_NOT_TEXT = frozenset(range(0x09)) | frozenset(range(0x0E, 0x1A))


def sniff_encoding(start: bytes, complete: bool) -> str:
    """Return the encoding of the first bytes of a file.

    Parameters
    ----------
    start : bytes
    complete : bool
        Whether these are all bytes.

    Examples
    --------
    >>> sniff_encoding("é".encode(), True), sniff_encoding("é".encode("cp1252"), True)
    ('utf-8-sig', 'cp1252')
    """
    for mark, name in _BYTE_ORDER_MARKS.items():
        if start.startswith(mark):
            return name
    # Without a mark: every other byte of Western text in UTF-16 is zero.
    if len(start) > 3 and not any(start[1:40:2]) and all(start[0:40:2]):
        return "utf-16-le"
    if len(start) > 3 and not any(start[0:40:2]) and all(start[1:40:2]):
        return "utf-16-be"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start, final=complete)
    except UnicodeDecodeError:
        return latin_encoding(start)
    return "utf-8-sig"


def latin_encoding(data: bytes) -> str:
    """Return the Latin encoding of bytes that are not UTF-8: Windows', if it can be."""
    try:
        data.decode("cp1252")
    except UnicodeDecodeError:
        return "latin-1"
    return "cp1252"


def holds_text(data: bytes, encoding: str) -> bool:
    """Return whether bytes that are in a Latin encoding are text at all.

    Any bytes are in one: those of a picture or an archive hold control characters.
    """
    return encoding not in ("cp1252", "latin-1") or _NOT_TEXT.isdisjoint(data)
