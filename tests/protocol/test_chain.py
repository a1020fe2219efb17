"""Spec 4 as a verifier lives it: ``Verifier`` keeps what spec 4.3 says to keep, and ``chain`` gives every verdict."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from protocol import chain, record
from protocol.chain import BROKEN, CONFLICT, DUPLICATE, EARLY, LINKED, Head
from tests.builders import DeviceTwin

LENGTH = 8


class Verifier:
    """The bookkeeping of spec 4.3 and 4.4 for one device, in a dozen lines."""

    def __init__(self):
        self.head = chain.START
        self.stored = {}  # seq -> (prev, full hash)
        self.lost = []
        self.verdicts = []

    def take(self, data: bytes) -> str:
        read = record.parse(data)
        seq, full_hash = read.head.seq, record.record_hash(data)
        there = self.stored.get(seq)
        verdict = chain.judge(self.head, seq, read.head.prev, full_hash, there and there[1])
        self.verdicts.append(verdict)
        if verdict in (LINKED, EARLY):
            self.stored[seq] = (read.head.prev, full_hash)
            loss = chain.declared_loss(read)
            if loss:
                self.lost.append(loss)
            if verdict == LINKED:
                self.head = chain.step(self.head, seq, full_hash)
            self.settle()
        return verdict

    def settle(self):
        """Judge again what waited."""
        moved = True
        while moved:
            before = self.head
            self.head = chain.step_over(self.head, self.lost)
            waiting = self.stored.get(self.head.seq + 1)
            if waiting:
                prev, full_hash = waiting
                if chain.judge(self.head, self.head.seq + 1, prev, full_hash, None) == LINKED:
                    self.head = chain.step(self.head, self.head.seq + 1, full_hash)
                else:
                    del self.stored[self.head.seq + 1]
                    self.verdicts.append(BROKEN)
            moved = self.head != before


def genuine(length: int = LENGTH) -> tuple[DeviceTwin, list[bytes]]:
    twin = DeviceTwin("w01")
    for number in range(length):
        twin.rating(1 + number % 5)
    return twin, twin.sent


TWIN, CHAIN = genuine()
LAST = Head(LENGTH, record.record_hash(CHAIN[-1])[:16])


def forged(index: int, **change) -> bytes:
    """Record ``index`` made again by someone who has the key."""
    read = record.parse(CHAIN[index])
    body = read.body._replace(level=6 - read.body.level if read.body.level != 3 else 1)
    return TWIN.seal(record.rating_payload(read.head._replace(**change), body))


deliveries = st.lists(st.integers(0, LENGTH - 1), max_size=30)


@given(deliveries)
def test_any_order_repetition_or_part_of_a_genuine_chain_is_never_a_fault(order):
    verifier = Verifier()
    for index in order:
        verifier.take(CHAIN[index])
    assert not {CONFLICT, BROKEN} & set(verifier.verdicts)
    together = 0
    while together in order:
        together += 1
    # the head is the end of what came without a gap, and names its hash
    assert verifier.head.seq == together
    assert verifier.head.hash == (record.record_hash(CHAIN[together - 1])[:16] if together else record.GENESIS)
    assert set(verifier.stored) == {index + 1 for index in order}


@given(deliveries, st.permutations(range(LENGTH)))
def test_when_all_have_come_the_head_is_the_last(order, rest):
    verifier = Verifier()
    for index in [*order, *rest]:
        verifier.take(CHAIN[index])
    assert verifier.head == LAST
    assert [verifier.take(data) for data in CHAIN] == [DUPLICATE] * LENGTH


@given(st.integers(0, LENGTH - 1), st.permutations(range(LENGTH)))
def test_another_body_after_the_genuine_one_is_a_conflict_and_changes_nothing(index, order):
    verifier = Verifier()
    for each in order:
        verifier.take(CHAIN[each])
    before = verifier.head, dict(verifier.stored)
    assert verifier.take(forged(index)) == CONFLICT
    assert (verifier.head, verifier.stored) == before


@given(st.integers(0, LENGTH - 1), st.permutations(range(LENGTH)))
def test_a_modified_record_never_moves_the_head_past_itself(index, order):
    """Someone who has the key and the line replaces one record: what follows does not link to it."""
    verifier = Verifier()
    for each in order:
        verifier.take(forged(index) if each == index else CHAIN[each])
    # the forged one may stand for its own seq (its prev is genuine), but the next record gives it away
    assert verifier.head.seq <= index + 1
    if index + 1 < LENGTH:
        assert BROKEN in verifier.verdicts


@given(st.integers(0, LENGTH - 1), st.permutations(range(LENGTH)), st.binary(min_size=16, max_size=16))
def test_a_record_with_another_prev_is_broken_or_waits(index, order, prev):
    assume(prev != record.parse(CHAIN[index]).head.prev)
    verifier = Verifier()
    bad = forged(index, prev=prev)
    for each in order:
        verifier.take(bad if each == index else CHAIN[each])
    assert verifier.head.seq == index
    assert BROKEN in verifier.verdicts


@given(st.integers(0, LENGTH - 1), st.permutations(range(LENGTH)))
def test_the_genuine_record_heals_a_broken_place(index, order):
    verifier = Verifier()
    for each in range(index):
        verifier.take(CHAIN[each])
    assert verifier.take(forged(index, prev=bytes([7]) * 16)) == BROKEN
    for each in order:
        verifier.take(CHAIN[each])
    assert verifier.head == LAST


def test_a_gap_is_early_and_shown_by_the_head():
    verifier = Verifier()
    assert [verifier.take(CHAIN[index]) for index in (0, 2, 3)] == [LINKED, EARLY, EARLY]
    assert verifier.head.seq == 1
    assert verifier.take(CHAIN[1]) == LINKED
    assert verifier.head.seq == 4


def test_starting_in_the_middle_guesses_nothing():
    # spec 4.5
    verifier = Verifier()
    assert verifier.take(CHAIN[5]) == EARLY
    assert verifier.head == chain.START


def test_the_first_record_has_sixteen_zeros():
    first = record.parse(CHAIN[0])
    assert first.head.prev == bytes(16)
    assert Verifier().take(forged(0, prev=bytes(15) + b"\1")) == BROKEN


# --- declared losses, spec 4.4 ---


def with_loss(first: int, last: int, length: int = 10) -> list[bytes]:
    """A chain whose device declares ``first … last`` lost in the record after its tenth."""
    twin = DeviceTwin("w01")
    for _ in range(length):
        twin.rating(5)
    twin.event("records_lost", {"from": first, "to": last})
    twin.rating(4)
    return [data for seq, data in enumerate(twin.sent, 1) if not first <= seq <= last]


@given(st.integers(1, 10), st.integers(0, 9), st.randoms(use_true_random=False))
def test_the_head_steps_over_a_declared_loss_in_any_order(first, more, random):
    last = min(first + more, 10)
    left = with_loss(first, last)
    random.shuffle(left)
    verifier = Verifier()
    for data in left:
        verifier.take(data)
    assert not {CONFLICT, BROKEN} & set(verifier.verdicts)
    assert verifier.head.seq == 12
    assert len(verifier.stored) == 12 - (last - first + 1)


def test_without_the_declaration_the_head_waits():
    verifier = Verifier()
    for data in with_loss(3, 5)[:-2]:
        verifier.take(data)
    assert verifier.head.seq == 2


def test_the_hash_at_the_end_of_a_loss_is_unknown():
    assert chain.step_over(Head(2, b"x" * 16), [(3, 5)]) == Head(5, None)
    assert chain.judge(Head(5, None), 6, b"anything that is", b"h" * 32, None) == LINKED


def test_a_record_out_of_a_declared_loss_is_broken():
    verifier = Verifier()
    twin = DeviceTwin("w01")
    lost = [twin.rating(5) for _ in range(3)]
    twin.event("records_lost", {"from": 1, "to": 3})
    assert verifier.take(twin.sent[-1]) == EARLY
    assert verifier.head.seq == 4
    assert verifier.take(lost[1]) == BROKEN


@pytest.mark.parametrize(
    ("head", "lost", "expected"),
    [
        (0, [], 0),
        (0, [(1, 4)], 4),
        (2, [(1, 4)], 4),
        (4, [(1, 4)], 4),
        (0, [(2, 4)], 0),
        (0, [(5, 9), (1, 4)], 9),
        (0, [(1, 4), (3, 9)], 9),
        (0, [(1, 4), (6, 9)], 4),
    ],
)
def test_which_losses_are_stepped_over(head, lost, expected):
    assert chain.step_over(Head(head, b"x" * 16), lost).seq == expected


@pytest.mark.parametrize(
    ("detail", "expected"),
    [
        ({"from": 2, "to": 9}, (2, 9)),
        ({"from": 9, "to": 9}, (9, 9)),
        ({"from": 2, "to": 10}, None),  # itself
        ({"from": 3, "to": 2}, None),
        ({"from": 0, "to": 2}, None),
        ({"from": 2}, None),
        ({"from": "2", "to": "9"}, None),
        ({}, None),
    ],
)
def test_what_declares_a_loss(detail, expected):
    head = record.Head(10, bytes(16), 1, 0, None, None)
    body = record.Event(record.EVENT_CODES["records_lost"], detail)
    assert chain.declared_loss(record.parse(TWIN.seal(record.event_payload(head, body)))) == expected


def test_other_records_declare_nothing():
    assert chain.declared_loss(record.parse(CHAIN[3])) is None
    head = record.Head(10, bytes(16), 1, 0, None, None)
    other = record.event_payload(head, record.Event(6, {"from": 2, "to": 9}))
    assert chain.declared_loss(record.parse(TWIN.seal(other))) is None


def test_the_head_never_jumps():
    with pytest.raises(ValueError, match="expected seq 3"):
        chain.step(Head(2, bytes(16)), 4, bytes(32))
