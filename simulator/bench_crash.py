"""Crash proof as figures: the whole of ``simulator.crash``, with the targets of DESIGN §8. Takes about half an hour."""

import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from simulator.bench import Row
from simulator.crash import amnesia, cuts, kills, replies, space
from simulator.crash.trial import KINDS

SEED = 1


def rows(root: Path, say: Callable[[str], None]) -> Iterator[Row]:
    """Run everything, one kind of fault after the other. ``root`` is not used: each hall has a folder of its own."""
    yield from _kills(say)
    yield from _cuts(say)
    yield from _space(say)
    yield from _amnesia(say)
    yield from _replies(say)


def _none(name: str, value: float, met: bool, note: str) -> Row:
    """A row that has to be 0. ``met`` may be false at 0: another promise was broken."""
    return Row(name, value, "", target=0, met=met and value == 0, note=note)


def _counts(found: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in found.items())


def _kills(say: Callable[[str], None]) -> Iterator[Row]:
    whole = KINDS["kills"].whole
    found = kills.gateway(whole, SEED, lambda done: say(f"kill -9 {done}/{whole}"))
    enough = found.ok and found.kills >= whole
    note = (
        f"{found.kills} ends ({_counts(found.ways)}); {found.acked} records acknowledged at "
        f"{found.rate:.0f}/s of life over mTLS and the embedded broker; after each end the database "
        f"was compared with every receipt; violations: {len(found.violations)}"
    )
    yield _none("acked ratings lost in kill -9 of the gateway", found.lost, enough, note)
    yield _none("false receipts in kill -9 of the gateway", found.false_receipts, enough, "as above")
    yield Row("rate under kill -9", round(found.rate), "1/s", target=500, met=found.rate >= 500, note="as above")


def _cuts(say: Callable[[str], None]) -> Iterator[Row]:
    whole = KINDS["cuts"].whole
    found = cuts.gateway(whole, SEED, lambda done: say(f"power cut {done}/{whole}"))
    note = (
        f"{found.cuts} simulated cuts in {found.runs} recorded runs of {found.operations} calls, {found.syncs} syncs; "
        f"of what was not synced was kept: {_counts(found.keeps)}; the gateway's store opened each, "
        f"after {found.lived_on} of them the next life went on with what was left; {found.failed_calls} calls failed "
        f"with EIO or ENOSPC, {found.checkpoints} syncs of the database itself; "
        f"violations: {len(found.violations)}"
    )
    yield _none("acked ratings lost in power cuts of the gateway", found.lost, found.ok and found.cuts >= whole, note)


def _space(say: Callable[[str], None]) -> Iterator[Row]:
    found = space.gateway(KINDS["space"].whole, SEED, lambda done: say(f"full disk {done}"))
    note = (
        f"{found.episodes} episodes of ENOSPC, EIO and half writes ({found.failed_calls} calls failed), {found.real} "
        f"of them a tmpfs full to the last byte; {found.acked} records; violations: {len(found.violations)}"
        + "".join(f"; {text}" for text in found.notes)
    )
    yield _none("false receipts on a full disk", found.false_receipts, found.ok, note)
    worst = max(found.back_s, default=math.inf)
    kinds = ", ".join(f"{kind} {took}" for kind, took in found.worst.items())
    note = f"until every device has a new receipt; {len(found.back_s)} times, the longest of each kind: {kinds}"
    yield Row("intake back after space returns, worst", round(worst, 2), "s", target=5, met=worst <= 5, note=note)


def _amnesia(say: Callable[[str], None]) -> Iterator[Row]:
    try:
        found = amnesia.gateway(KINDS["amnesia"].whole, SEED, lambda done: say(f"broker {done}"))
    except amnesia.AmnesiaError as error:
        say(f"broker amnesia: not measured: {error}")
        return
    note = (
        f"{found.episodes} times ({_counts(found.ways)}); Mosquitto said {found.overflows} times that it dropped "
        f"messages; {found.acked} records, {found.resent} sent again; violations: {len(found.violations)}"
    )
    yield _none("acked ratings lost to a forgetful broker", found.lost, found.ok, note)


def _replies(say: Callable[[str], None]) -> Iterator[Row]:
    whole = KINDS["replies"].whole
    found = replies.gateway(whole, SEED, lambda done: say(f"replies {done}/{whole}"))
    note = (
        f"{found.ratings} ratings over MQTT to central in {found.seconds:.0f} s; the line: {_counts(found.requests)}; "
        f"central saw {found.repeats_seen} repeats; kill -9 meanwhile: {_counts(found.kills)}; "
        f"violations: {len(found.violations)}"
    )
    enough = found.ok and found.ratings >= whole
    yield _none("duplicates at central, 30 % of replies lost", found.duplicates, enough, note)
    yield _none("losses at central, 30 % of replies lost", found.lost, enough, "as above")
    yield _none("wrong bindings at central, 30 % of replies lost", found.misbound, enough, "as above")
