"""What goes next: cases in order, what is new before the backlog, the bucket, and the size of a batch."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.core import lanes
from gateway.core.lanes import Bucket, Waiting

NOW_MS = 1_772_600_000_000


def choose(events, wanted=None, under_way=(), most=500):
    kin = {}
    for event in events:
        kin.setdefault(event.key, []).append(event)
    return lanes.choose(events if wanted is None else wanted, kin, set(under_way), NOW_MS, most)


def test_an_event_stays_behind_an_earlier_one_of_its_case_that_waits():
    stuck, behind, other = Waiting(1, 7, NOW_MS + 1), Waiting(2, 7), Waiting(3, 8)
    assert choose([stuck, behind, other], [behind, other]) == [3]
    assert choose([Waiting(1, 7, NOW_MS), behind, other]) == [1, 2, 3]


def test_an_event_stays_behind_an_earlier_one_of_its_case_that_is_under_way():
    assert choose([Waiting(1, 7), Waiting(2, 7), Waiting(3, None)], under_way=[1]) == [3]


def test_a_new_event_takes_the_earlier_ones_of_its_case_along():
    old = [Waiting(number, number % 3) for number in range(1, 10)]
    assert choose([*old, Waiting(10, 1)], [Waiting(10, 1)]) == [1, 4, 7, 10]


def test_a_case_larger_than_a_batch_goes_piece_by_piece():
    events = [Waiting(number, 1) for number in range(1, 10)]
    assert choose(events, events[-1:], most=4) == [1, 2, 3, 4]


EVENTS = st.lists(st.tuples(st.sampled_from([None, 1, 2, 3]), st.sampled_from([0, 0, 0, NOW_MS - 5, NOW_MS + 5])))


@given(EVENTS, st.sets(st.integers(1, 20)), st.integers(1, 8), st.integers(0, 20))
def test_no_event_ever_overtakes_an_earlier_one_of_its_case(rows, under_way, most, live_above):
    events = [Waiting(number, key, next_ms) for number, (key, next_ms) in enumerate(rows, 1)]
    wanted = [event for event in events if event.next_ms <= NOW_MS and event.id > live_above]
    chosen = choose(events, wanted, under_way, most)
    assert len(chosen) <= most and chosen == sorted(set(chosen)) and not set(chosen) & under_way
    for event in events:
        if event.id in chosen and event.key is not None:
            earlier = [e.id for e in events if e.key == event.key and e.id < event.id]
            assert set(earlier) <= set(chosen)
            assert all(e.next_ms <= NOW_MS for e in events if e.id in (event.id, *earlier))
    # and whoever is alone on its way is never left without a reason
    free = [e for e in wanted if e.key is None and e.id not in under_way]
    assert chosen or not free


@given(st.integers(1, 10_000), st.integers(1, 2000), st.lists(st.tuples(st.integers(-50, 500), st.integers(0, 600))))
def test_a_bucket_never_gives_more_than_its_rate_and_its_burst(per_second, burst, steps):
    now_ms, given_out = NOW_MS, 0
    bucket = Bucket(per_second, burst, now_ms)
    first = latest = now_ms
    for forward, wanted in steps:
        now_ms += forward
        latest = max(latest, now_ms)
        count = min(wanted, bucket.level(now_ms))
        bucket.take(count)
        given_out += count
        # a clock that goes back and forth may count a stretch again: bounded by what it went back
        back = sum(-f for f, _ in steps if f < 0)
        assert given_out <= burst + per_second * (latest - first + back) / 1000 + 1


def test_a_bucket_fills_again():
    bucket = Bucket(1000, 100, NOW_MS)
    bucket.take(bucket.level(NOW_MS))
    assert bucket.level(NOW_MS) == 0 and bucket.wait_ms(50) == 51
    assert bucket.level(NOW_MS + 51) >= 50
    assert bucket.level(NOW_MS + 60_000) == 100


def test_a_slow_central_gets_smaller_batches_and_a_quick_one_large_ones_again():
    allowed = 500
    for _ in range(5):
        allowed = lanes.room(allowed, allowed * 4, allowed, 500)  # 250 events a second
    assert 50 <= allowed <= 70
    for _ in range(5):
        allowed = lanes.room(allowed, allowed // 4, allowed, 500)
    assert allowed == 500
    assert lanes.room(1, 30_000, 500, 500) == lanes.LEAST, "one very slow event does not stop the rest"
    assert lanes.room(3, 1, 100, 500) == 100, "a few quick events prove nothing"
