"""Rows straight from the pages of an SQLite file, for a database whose trees can no longer be walked.

Follows the file format as SQLite documents it ("Database File Format": 1.6 b-tree pages, 2.1 record format, 4 the
write-ahead log). Whatever does not follow it is passed over: a damaged page costs its own rows.
"""

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

TABLE_LEAF, INDEX_LEAF, INDEX_INNER = 0x0D, 0x0A, 0x02
_HEADER = {TABLE_LEAF: 8, INDEX_LEAF: 8, INDEX_INNER: 12}
_WIDTHS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}
_MAX_PAYLOAD = 1 << 24

Value = int | float | str | bytes | None
Page = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a STRICT table: ``kind`` is INTEGER, TEXT, BLOB or REAL."""

    name: str
    kind: str
    needed: bool
    key: bool = False
    number: bool = False
    """It is the row's number itself, and stored as NULL."""
    default: str = "NULL"


class _DamagedError(Exception):
    pass


def logged(log: bytes, page_bytes: int) -> dict[int, int]:
    """Page number -> offset of its newest committed content in a write-ahead log."""
    if len(log) < 32 or log[:4] not in (b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83"):
        return {}
    salt, newest, found = log[16:24], {}, {}
    for at in range(32, len(log) - page_bytes - 23, 24 + page_bytes):
        number, commit = struct.unpack_from(">II", log, at)
        if log[at + 8 : at + 16] != salt or number == 0:
            break
        newest[number] = at + 24
        if commit:
            found.update(newest)
    return found


def rows(number: int, page: Page, page_bytes: int) -> Iterator[tuple[int | None, tuple[Value, ...]]]:
    """The rows on one page: (row number, values), the row number None in a table without. Nothing if it has none."""
    data = page(number)
    start = 100 if number == 1 else 0
    kind = data[start] if len(data) == page_bytes else 0
    if kind not in _HEADER:
        return
    (cells,) = struct.unpack_from(">H", data, start + 3)
    first = start + _HEADER[kind]
    if first + 2 * cells > page_bytes:
        return
    for at in struct.unpack_from(f">{cells}H", data, first):
        try:
            yield _cell(data, at, kind, page, page_bytes)
        except (_DamagedError, IndexError, struct.error, UnicodeDecodeError):
            continue


def fits(values: Sequence[Value], columns: Sequence[Column]) -> bool:
    """Whether these values can be a row of a table with these columns, in the order in which they are stored. A column
    that was added later may be missing at the end."""
    if len(values) > len(columns):
        return False
    values = [*values, *[None] * (len(columns) - len(values))]
    kinds = {"INTEGER": int, "TEXT": str, "BLOB": bytes, "REAL": float}
    return all(
        value is None
        if column.number
        else not column.needed
        if value is None
        else isinstance(value, kinds[column.kind])
        for value, column in zip(values, columns, strict=True)
    )


def _cell(data: bytes, at: int, kind: int, page: Page, page_bytes: int) -> tuple[int | None, tuple[Value, ...]]:
    if kind == INDEX_INNER:
        at += 4
    size, at = _varint(data, at)
    number: int | None = None
    if kind == TABLE_LEAF:
        number, at = _varint(data, at)
        number = number - (1 << 64) if number >> 63 else number
        most = page_bytes - 35
    else:
        most = (page_bytes - 12) * 64 // 255 - 23
    if size > _MAX_PAYLOAD:
        raise _DamagedError
    local = size
    if size > most:
        least = (page_bytes - 12) * 32 // 255 - 23
        local = least + (size - least) % (page_bytes - 4)
        local = local if local <= most else least
    payload = data[at : at + local]
    if len(payload) < local:
        raise _DamagedError
    if local < size:
        (following,) = struct.unpack_from(">I", data, at + local)
        payload += _overflow(following, size - local, page, page_bytes)
    return number, _record(payload)


def _overflow(number: int, size: int, page: Page, page_bytes: int) -> bytes:
    parts: list[bytes] = []
    while size > 0:
        data = page(number)
        if number == 0 or len(data) < page_bytes:
            raise _DamagedError
        parts.append(data[4 : 4 + min(size, page_bytes - 4)])
        size -= len(parts[-1])
        (number,) = struct.unpack_from(">I", data)
    return b"".join(parts)


def _record(payload: bytes) -> tuple[Value, ...]:
    head, at = _varint(payload, 0)
    if not 1 <= head <= len(payload):
        raise _DamagedError
    codes = []
    while at < head:
        code, at = _varint(payload, at)
        codes.append(code)
    values: list[Value] = []
    for code in codes:
        value, at = _value(payload, at, code)
        values.append(value)
    if at != len(payload):
        raise _DamagedError
    return tuple(values)


def _value(payload: bytes, at: int, code: int) -> tuple[Value, int]:
    if code == 0:
        return None, at
    if code in (8, 9):
        return code - 8, at
    width = _WIDTHS.get(code, 8 if code == 7 else (code - 12) // 2 if code >= 12 else -1)
    part = payload[at : at + width] if width >= 0 else b""
    if width < 0 or len(part) < width:
        raise _DamagedError
    if code <= 6:
        return int.from_bytes(part, "big", signed=True), at + width
    if code == 7:
        return struct.unpack(">d", part)[0], at + width
    return (part.decode() if code % 2 else part), at + width


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for index in range(8):
        byte = data[at + index]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + index + 1
    return value << 8 | data[at + 8], at + 9
