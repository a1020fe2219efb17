"""What to send when: the window of 8, re-sending, and which receipts are fresh enough to set the clock."""

from hypothesis import given
from hypothesis import strategies as st

from firmware.window import HOLD_MS, RESEND_MS, WINDOW, SendWindow


def drain(window, receipted, next_seq, now_ms):
    sent = []
    while (seq := window.take(receipted, next_seq, now_ms)) is not None:
        sent.append(seq)
    return sent


def test_records_go_in_order_and_no_more_than_eight_without_a_receipt():
    window = SendWindow(1)
    window.connected(0, 0)
    assert drain(window, 0, 20, 0) == [1, 2, 3, 4, 5, 6, 7, 8]
    window.receipt(3, 10)
    assert drain(window, 3, 20, 10) == [9, 10, 11]


def test_without_a_receipt_for_ten_seconds_everything_in_flight_goes_again():
    window = SendWindow(1)
    window.connected(0, 0)
    assert drain(window, 0, 4, 500) == [1, 2, 3]
    assert drain(window, 0, 4, 500 + RESEND_MS - 1) == []
    assert window.wake_ms(0, 600) == 500 + RESEND_MS
    assert drain(window, 0, 4, 500 + RESEND_MS) == [1, 2, 3]
    window.receipt(3, 20000)
    assert window.wake_ms(3, 20000) is None


def test_a_new_connection_begins_after_the_last_receipt():
    window = SendWindow(1)
    window.connected(0, 0)
    drain(window, 0, 6, 0)
    window.receipt(2, 5)
    window.connected(2, 100)
    assert drain(window, 2, 6, 100) == [3, 4, 5]


def test_only_the_first_sending_of_a_record_makes_its_receipt_fresh():
    window = SendWindow(3)  # records 1 and 2 are of an earlier start, which may have sent them
    window.connected(0, 0)
    drain(window, 0, 5, 100)
    assert window.receipt(2, 200) is None
    assert window.receipt(4, 300) == 100
    drain(window, 4, 7, 400)
    window.connected(4, 500)
    drain(window, 4, 7, 500)
    assert window.receipt(6, 600) is None, "sent before this connection: the receipt may be old"
    drain(window, 6, 8, 700)
    assert window.receipt(7, 800) == 700


def test_a_gateway_that_asks_to_hold_is_left_alone_and_then_asked_with_one_record():
    window = SendWindow(1)
    window.connected(0, 0)
    assert drain(window, 0, 20, 0) == [1, 2, 3, 4, 5, 6, 7, 8]
    window.hold(60_000, 100)
    assert drain(window, 0, 20, 60_099) == [] and window.wake_ms(0, 50_000) == 60_100
    assert drain(window, 0, 20, 60_100) == [1]
    window.hold(60_000, 60_200)  # still not
    window.connected(0, 70_000)  # a new connection is no way around it
    assert drain(window, 0, 20, 120_199) == []
    assert drain(window, 0, 20, 120_200) == [1]
    window.hold(0, 120_300)
    window.receipt(1, 120_300)
    assert drain(window, 1, 20, 120_300) == [2, 3, 4, 5, 6, 7, 8, 9]


def test_a_gateway_that_can_store_again_is_given_everything_at_once():
    window = SendWindow(1)
    window.connected(0, 0)
    drain(window, 0, 20, 0)
    window.hold(60_000, 100)
    window.hold(0, 5000)  # a receipt that covers nothing new
    assert drain(window, 0, 20, 5000) == [1, 2, 3, 4, 5, 6, 7, 8]


def test_a_receipt_of_every_day_sends_nothing_again():
    window = SendWindow(1)
    window.connected(0, 0)
    drain(window, 0, 20, 0)
    window.hold(0, 100)
    assert drain(window, 0, 20, 100) == []


def test_no_gateway_is_believed_for_longer_than_ten_minutes():
    window = SendWindow(1)
    window.connected(0, 0)
    window.hold(0xFFFFFFFF, 0)
    assert drain(window, 0, 3, HOLD_MS - 1) == [] and drain(window, 0, 3, HOLD_MS) == [1]


@given(
    st.lists(
        st.tuples(st.sampled_from(["record", "receipt", "reconnect", "wait", "hold"]), st.integers(0, 12)), max_size=60
    )
)
def test_whatever_happens_every_record_is_sent_until_it_has_a_receipt(steps):
    window = SendWindow(1)
    window.connected(0, 0)
    now, receipted, next_seq = 0, 0, 1
    for what, size in steps:
        now += 1
        if what == "record":
            next_seq += size
        elif what == "receipt":
            moved = min(next_seq - 1, receipted + size)
            if moved > receipted:
                receipted = moved
                window.receipt(receipted, now)
        elif what == "reconnect":
            window.connected(receipted, now)
        elif what == "hold":
            window.hold(size * 100_000, now)
        else:
            now += size * 1000
        sent = drain(window, receipted, next_seq, now)
        assert all(receipted < seq <= receipted + WINDOW for seq in sent)
    window.hold(0, now)
    for _ in range(next_seq):
        now += RESEND_MS
        sent = drain(window, receipted, next_seq, now)
        assert sent == list(range(receipted + 1, min(next_seq, receipted + WINDOW + 1)))
        if sent:
            window.receipt(sent[0], now)
            receipted = sent[0]
    assert receipted == next_seq - 1
