"""Whatever comes down and is unsigned, stale, oversized, for another device or malformed: ignored, counted, told."""

import re

from protocol import cbor, cose, downlink
from protocol.downlink import ASSET, COMMAND, RECEIPT, SCENE, Asset, Command, Downlink, Receipt
from tests.simulator.test_device import wait_drained

#: Each would be seen at once if the device took it.
BODIES = {
    "receipt": (RECEIPT, Receipt(2**40, bytes(16), 1, 0), {7: 5}),
    "scene": (SCENE, downlink.IDLE._replace(mode=downlink.OUT_OF_SERVICE), {12: 60_001}),
    "asset": (ASSET, Asset(bytes(32), 4, 0, b"data"), {26: bytes(2049)}),
    "command": (COMMAND, Command(1, "identify", {}), {22: {"x": None}}),
}


def fields(key, data):
    return cbor.decode(cose.mac0_open(key, data))


def wrong(device, key, leaf):
    """name -> message: all that the device must not take, and one that it must."""
    kind, body, change = BODIES[leaf]
    another_kind, another, _ = BODIES["command" if leaf != "command" else "scene"]

    def sealed(number, to=device, by=key, what=(kind, body)):
        return downlink.pack(by, Downlink(to, number, 1, *what))

    def resealed(**changes):
        return cose.mac0_pack(key, cbor.encode({**fields(key, sealed(2**50)), **changes.get("put", {})}))

    good = sealed(2**50)
    return {
        "sealed by another key": sealed(2**50, by=bytes(32)),
        "not sealed": cbor.encode(fields(key, good)),
        "one bit changed": good[:-1] + bytes([good[-1] ^ 1]),
        "for another device": sealed(2**50, to="another"),
        "of a number that was used": sealed(0),
        "of another kind": sealed(2**50, what=(another_kind, another)),
        "oversized": bytes(4097),
        "empty": b"",
        "cut short": good[: len(good) // 2],
        "another version": resealed(put={1: 2}),
        "one field too many": resealed(put={99: 1}),
        "a field out of range": resealed(put=change),
        "garbage": bytes(range(256)),
    }


def test_a_device_takes_nothing_that_is_not_for_it(hall, device):
    wait_drained(device)
    device.wait_screen("idle")
    key = hall.of(device.id).downlink_key
    # one good message of each kind, so that a number can be stale
    for leaf, (kind, body, _) in BODIES.items():
        if leaf in ("asset", "command"):
            hall.send(
                device.id,
                kind,
                body._replace(id=9, name="log_level", args={"level": 10}) if leaf == "command" else body,
            )
    hall.scene(device.id, None)
    hall.receipt(device.id)
    hall.wait(lambda: any(result.id == 9 for result in hall.of(device.id).results), "an answer")
    waiting, ignored = device.stats().next_seq, device.stats().counts.get("ignored", 0)
    for leaf in BODIES:
        for name, message in wrong(device.id, key, leaf).items():
            hall.send_raw(device.id, leaf, message)
            ignored += 1
            stats = device.wait_stats(lambda stats, n=ignored: stats.counts.get("ignored", 0) >= n)
            assert stats.counts["ignored"] == ignored, f"{leaf} {name}"
    assert device.identified() == 0 and device.screen().name == "idle"
    assert device.stats().next_seq == waiting and device.starts == 1, "no event, no restart"
    told = set(re.findall(r"^ignored: (\w+)", (device.folder / "vm.log").read_text(), re.MULTILINE))
    assert {"bad_mac", "bad_device", "bad_field", "bad_kind", "too_large", "truncated", "bad_version"} <= told
    # and it still listens
    assert hall.command(device.id, 10, "identify").status == downlink.DONE
    hall.wait(lambda: any(log.text.startswith("ignored: ") for log in hall.of(device.id).logs), "a line about it")
