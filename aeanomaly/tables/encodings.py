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
