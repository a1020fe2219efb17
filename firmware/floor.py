"""What time it is at least, before anybody told it: TLS must check dates at a cold start (SPEC 8.6).

Pure but for reading the journal. Facts come first: the device's own certificate was made before now, so was every
record in the journal. A record's time may be wrong, for a battery clock can be; hence, when the broker's certificate is
refused while the time is a guess, the guess goes through the life of the device's own certificate, month by month.
"""

from protocol import record

MONTH_MS = 2592000000
OFF_MS = 7 * 86400000  # a guess that was wrong by more was no check: connect again
_LOOK_BACK = 16


def validity(certificate: bytes):
    """``(from_ms, to_ms)`` of a certificate in DER (RFC 5280 §4.1.2.5); all times if it has no two UTCTimes."""
    at = certificate.find(b"\x30\x1e\x17\x0d")
    if at < 0:
        return 0, 1 << 62
    return _ms(certificate[at + 4 : at + 16]), _ms(certificate[at + 19 : at + 31])


def newest_ms(journal, at_least_ms: int, at_most_ms: int) -> int:
    """The newest time in the last records, if it is within the two; else ``at_least_ms``."""
    found = at_least_ms
    for seq in range(max(1, journal.next_seq - _LOOK_BACK), journal.next_seq):
        try:
            fields = record.own_fields(journal.read(seq, True))
        except KeyError:
            continue
        wall_ms = fields[record.WALL_MS]
        if wall_ms is not None and found < wall_ms - fields[record.ERROR_MS] <= at_most_ms:
            found = wall_ms - fields[record.ERROR_MS]
    return found


def guess(best_ms: int, refused: int, from_ms: int, to_ms: int) -> int:
    """The time to check certificates by after ``refused`` refusals: the best guess and the months, in turns."""
    if refused % 2 == 0:
        return best_ms
    return from_ms + refused // 2 * MONTH_MS % max(1, to_ms - from_ms)


def _ms(text):
    # YYMMDDhhmmss of this century; days as if the year began in March, with its leap day at the end
    year, month, day, hour, minute, second = [int(text[at : at + 2]) for at in range(0, 12, 2)]
    year += 2000 - (month < 3)
    days = year * 365 + year // 4 - year // 100 + year // 400 + ((month + 9) % 12 * 153 + 2) // 5 + day - 719469
    return (((days * 24 + hour) * 60 + minute) * 60 + second) * 1000
