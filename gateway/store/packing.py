"""Small texts that are much alike, packed: what a decision rests on is three quarters the same words every time.

Raw deflate with a dictionary of those words. The first byte names the dictionary: one that was used is never edited,
a better one is the next.
"""

import zlib

_DICTIONARIES = {
    1: (
        b'"more":"business_error_ms":"clock":"dated""unknown""use":"elsewhere""left""early""left_at":"ended_by":["",'
        b'"rules":1,"clock":"device","from":"2026-01-01T00:00:00.000Z","to":"2026-01-01T00:00:00.000Z",'
        b'"token":{"use":"valid","issued_at":"2026-01-01T00:00:00.000Z","window":"","case_no":"","service_no":1},'
        b'"servings":[{"case_no":"","service_no":1,"staff":"","from":"2026-01-01T00:00:00.000Z",'
        b'"to":"2026-01-01T00:00:00.000Z","served_at":"2026-01-01T00:00:00.000Z","begun_by":["queue",""],'
        b'"served_by":["queue",""]}]}'
    )
}
_NEWEST = max(_DICTIONARIES)
MAX_TEXT = 65_536


def pack(text: str, beside: str = "") -> bytes:
    """The text in as few bytes as it goes. ``beside``: what lies beside it and never changes, and need not be said
    twice."""
    words = _DICTIONARIES[_NEWEST] + beside.encode()
    # a window of 4 KiB and small tables: these texts are short, and clearing 256 KiB for each took longer than packing
    packer = zlib.compressobj(9, zlib.DEFLATED, -12, 5, zlib.Z_DEFAULT_STRATEGY, words)
    return bytes((_NEWEST,)) + packer.compress(text.encode()) + packer.flush()


def unpack(data: bytes, beside: str = "") -> str:
    """The text again, with the same ``beside``. Raises ValueError if these bytes were not packed here."""
    words = _DICTIONARIES.get(data[0]) if data else None
    if words is None:
        raise ValueError("not packed with a dictionary this version knows")
    unpacker = zlib.decompressobj(-15, words + beside.encode())
    try:
        text = unpacker.decompress(data[1:], MAX_TEXT)
    except zlib.error as error:
        raise ValueError(f"packed text is damaged: {error}") from error
    if not unpacker.eof:
        raise ValueError("packed text is cut off, or too long")
    return text.decode()
