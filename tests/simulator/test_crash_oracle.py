"""The oracle finds every breach it has a name for, and none where all is well."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.crash.oracle import Breach, Held, Oracle, Promise

EPOCH = 7


def digest(device: str, seq: int) -> bytes:
    return hashlib.sha256(f"{device} {seq}".encode()).digest()


def issued(count: int, device: str = "d") -> Oracle:
    oracle = Oracle()
    for seq in range(1, count + 1):
        assert oracle.issue(device, digest(device, seq)) == seq
    return oracle


def promise(seq: int, device: str = "d", epoch: int = EPOCH) -> Promise:
    return Promise(seq, digest(device, seq)[:16] if seq else bytes(16), epoch)


def whole(head: int, device: str = "d") -> Held:
    hashes = {seq: digest(device, seq) for seq in range(1, head + 1)}
    return Held(hashes, head, head, digest(device, head)[:16] if head else None)


def breaches(oracle: Oracle) -> set[Breach]:
    return {violation.breach for violation in oracle.violations}


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 30))
def test_a_store_that_holds_what_it_promised_is_never_blamed_and_one_that_does_not_always_is(count, held, told):
    held, told = min(held, count), min(told, count)
    oracle = issued(count)
    assert oracle.promise("d", promise(told))
    oracle.judge({"d": whole(held)})
    assert oracle.lost == max(0, told - held)
    assert bool(oracle.violations) == (told > held)
    assert oracle.promised == told and oracle.settled() == (told == count)


def test_a_hole_below_a_receipt_is_a_loss_and_the_receipt_is_false():
    oracle = issued(5)
    oracle.promise("d", promise(5))
    held = whole(5)
    del held.hashes[3]
    oracle.judge({"d": held})
    assert oracle.lost == 1 and oracle.false_receipts == 1
    assert breaches(oracle) == {Breach.LOST, Breach.FALSE_RECEIPT, Breach.DISORDERED}


def test_a_device_that_is_not_held_at_all_is_a_loss():
    oracle = issued(2)
    oracle.promise("d", promise(2))
    oracle.judge({})
    assert oracle.lost == 2


@pytest.mark.parametrize("told", [promise(4), Promise(2, bytes(16), EPOCH)], ids=["never sent", "another hash"])
def test_a_receipt_for_what_nobody_sent_is_false(told):
    oracle = issued(3)
    assert not oracle.promise("d", told)
    assert breaches(oracle) == {Breach.FALSE_RECEIPT} and oracle.promised == 0


@pytest.mark.parametrize("told", [promise(1), promise(3, epoch=8)], ids=["goes back", "another epoch"])
def test_a_receipt_that_takes_an_earlier_one_back_is_seen(told):
    oracle = issued(3)
    oracle.promise("d", promise(2))
    assert not oracle.promise("d", told)
    assert breaches(oracle) == {Breach.FORGOT}


def test_other_bytes_and_bytes_of_nobody_are_told_apart():
    oracle = issued(2)
    held = whole(2)
    held.hashes[2] = digest("d", 9)
    held.hashes[3] = digest("d", 3)
    held.linked = 3
    oracle.judge({"d": held})
    assert {Breach.ALTERED, Breach.INVENTED} <= breaches(oracle)


def test_what_was_judged_before_need_not_be_read_again():
    oracle = issued(6)
    oracle.promise("d", promise(6))
    oracle.judge({"d": Held({5: digest("d", 5), 6: digest("d", 6)}, 6, 6, digest("d", 6)[:16], since=4)})
    assert not oracle.violations


def test_every_record_is_queued_once():
    oracle = issued(3)
    oracle.balance({"d": whole(3)}, [("d", 1), ("d", 2), ("d", 2)])
    assert breaches(oracle) == {Breach.DOUBLED, Breach.UNBALANCED}


def test_what_has_no_receipt_when_the_faults_are_over_is_stuck():
    oracle = issued(3)
    oracle.promise("d", promise(3))
    oracle.liveness(1)
    assert not oracle.violations
    oracle.issue("d", digest("d", 4))
    oracle.liveness(1)
    assert breaches(oracle) == {Breach.STUCK}


def test_a_fresh_book_knows_the_records_and_no_promise():
    oracle = issued(3)
    oracle.promise("d", promise(3))
    fresh = oracle.fresh()
    assert (fresh.issued, fresh.promised) == (3, 0)
    assert fresh.promise("d", promise(1))


def test_a_receipt_that_its_device_cannot_verify_is_false():
    oracle = issued(1)
    oracle.refuse("d", "bad_mac")
    assert oracle.false_receipts == 1 and breaches(oracle) == {Breach.FALSE_RECEIPT}
