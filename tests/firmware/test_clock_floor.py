"""What time it is at least, before anybody told it."""

import datetime

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from firmware.floor import MONTH_MS, guess, newest_ms, validity
from tests.builders import Authority, DeviceTwin, make_key
from tests.firmware.crypto_vm import in_vm

DER = Authority().certify("dev-1", make_key().public_key())


def ms(moment):
    return int(moment.timestamp() * 1000)


def test_the_dates_of_a_real_certificate_are_found_on_both_runtimes():
    encoded = DER.public_bytes(Encoding.DER)
    dates = ms(DER.not_valid_before_utc), ms(DER.not_valid_after_utc)
    assert validity(encoded) == dates
    assert in_vm("from firmware.floor import validity", f"list(validity({encoded!r}))") == [list(dates)]
    assert validity(b"rubbish") == (0, 1 << 62)


@given(st.datetimes(datetime.datetime(2000, 1, 1), datetime.datetime(2049, 12, 31)))
def test_every_date_of_the_century_is_read_right(moment):
    text = moment.strftime("%y%m%d%H%M%SZ").encode()
    found, _ = validity(b"\x30\x1e\x17\x0d" + text + b"\x17\x0d" + text)
    assert found == ms(moment.replace(microsecond=0, tzinfo=datetime.UTC))


class Shelf:
    """A journal of which some records can be read."""

    def __init__(self, records):
        self.next_seq = len(records) + 1
        self._records = records

    def read(self, seq, old):
        assert old, "a receipt does not make a time wrong"
        if self._records[seq - 1] is None:
            raise KeyError(seq)
        return self._records[seq - 1]


def test_the_newest_time_on_flash_counts_unless_it_is_impossible():
    twin = DeviceTwin("dev-1")
    kept = [twin.event(wall_ms=wall_ms, error_ms=50) for wall_ms in (5_000, 9_000, None, 7_000, 10**15)]
    assert newest_ms(Shelf([*kept, None]), 1000, 20_000) == 8_950
    assert newest_ms(Shelf([]), 1000, 20_000) == 1000


def test_refusals_lead_the_guess_through_the_whole_life_of_the_certificate():
    best, first, last = 77, 0, 5 * MONTH_MS
    tried = [guess(best, refused, first, last) for refused in range(12)]
    assert tried[::2] == [best] * 6
    assert {tried[n] // MONTH_MS for n in (1, 3, 5, 7, 9, 11)} == {0, 1, 2, 3, 4}
    assert guess(best, 10**6, 0, 0) == best


@pytest.mark.parametrize("refused", range(1, 200, 2))
def test_no_guess_leaves_the_life_of_the_certificate(refused):
    first, last = ms(DER.not_valid_before_utc), ms(DER.not_valid_after_utc)
    assert first <= guess(0, refused, first, last) < last
