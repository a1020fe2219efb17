"""Moments as text: RFC 3339 in, RFC 3339 in UTC with milliseconds out (spec 9.1)."""

import datetime
import functools
import re

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)")
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_EPOCH_UTC = datetime.datetime(1970, 1, 1)  # noqa: DTZ001 - without a zone, which would be written out
_MS = datetime.timedelta(milliseconds=1)
#: The last moment that has a text, 9999-12-31T23:59:59.999Z.
MAX_MS = 253_402_300_799_999


@functools.lru_cache(maxsize=1024)  # the moments of one commit are written many times
def text(ms: int) -> str:
    """``2026-03-04T05:06:07.089Z`` for milliseconds since 1970. Raises OverflowError beyond the year 9999."""
    return (_EPOCH_UTC + datetime.timedelta(milliseconds=ms)).isoformat(timespec="milliseconds") + "Z"


def parse(value: str) -> int:
    """Milliseconds since 1970 of an RFC 3339 text; its zone is required, finer parts are cut off. Raises ValueError."""
    if not _RFC3339.fullmatch(value):
        raise ValueError("expected RFC 3339 with a zone, such as 2026-03-04T13:06:07.089+08:00")
    whole, dot, tail = value.partition(".")
    if dot:  # fromisoformat takes at most six digits
        digits = re.match(r"\d+", tail)
        assert digits
        value = whole + "." + digits.group()[:6].ljust(6, "0") + tail[digits.end() :]
    ms = (datetime.datetime.fromisoformat(value.upper()) - _EPOCH) // _MS
    if not 0 <= ms <= MAX_MS:
        raise ValueError("expected a time between 1970 and 9999")
    return ms
