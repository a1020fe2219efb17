"""The same frames on the device's runtime: the same bytes, the same codes, and no other exception (``frames.main``)."""

import re
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol import cbor, record
from tests.micropython import run
from tests.protocol import frames, mutations, strategies, vectors


def in_vm(tmp_path, lines: list[str], **options) -> list[str]:
    path = tmp_path / "frames"
    path.write_text("\n".join(lines) + "\n")
    return run(f"from tests.protocol import frames\nframes.main({str(path)!r})", **options).splitlines()


def compare(tmp_path, cases: list[tuple[str, bytes]], **options) -> list[str]:
    """The outcomes, once both runtimes agree on all of them."""
    here = [frames.outcome(kind, data) for kind, data in cases]
    there = in_vm(tmp_path, [f"{kind} {data.hex()}" for kind, data in cases], **options)
    differing = [(*case, a, b) for case, a, b in zip(cases, here, there, strict=True) if a != b]
    assert differing == []
    return here


def test_refused(tmp_path):
    rows = vectors.load("refused")["frames"]
    outcomes = compare(tmp_path, [(row["kind"], bytes.fromhex(row["frame"])) for row in rows])
    assert outcomes == [row["code"] for row in rows]


def test_accepted(tmp_path):
    cases = [(kind, frame) for kind, good in mutations.sources().items() for frame in good]
    cases += [("cbor", bytes.fromhex(case["hex"])) for case in vectors.load("rfc8949")["cases"] if "code" not in case]
    assert set(compare(tmp_path, cases)) == {"ok"}


@pytest.mark.parametrize("kind", ["cbor", "record", "downlink", "state", "telemetry", "log", "result", "topic"])
def test_mutants(tmp_path, kind):
    count = 4000 if kind in ("cbor", "record") else 1500
    outcomes = compare(tmp_path, [(kind, frame) for frame in mutations.mutants(kind, count, seed=3)])
    assert len(set(outcomes)) > 2 and "ok" in outcomes


def test_every_short_text_is_read_alike(tmp_path):
    texts = [bytes((a, b)) for a in range(0x7F, 0x100, 3) for b in range(0x3F, 0x100, 7)]
    texts += [bytes((a, b, c)) for a in (0xE0, 0xED, 0xEF) for b in range(0x7E, 0x100, 3) for c in (0x7F, 0x80, 0xBF)]
    texts += [bytes((a, b, 0x80, 0x80)) for a in (0xF0, 0xF1, 0xF4, 0xF5) for b in range(0x7E, 0x100)]
    outcomes = compare(tmp_path, [("cbor", cbor.head(3, len(raw)) + raw) for raw in texts])
    assert set(outcomes) == {"ok", "bad_utf8"}


def test_payloads_are_built_alike(tmp_path):
    built = []

    @settings(max_examples=400, database=None)
    @given(strategies.heads, strategies.ratings(), strategies.kinds)
    def ratings(head, rating, kind):
        built.append([kind, head, rating])

    @settings(max_examples=300, database=None)
    @given(strategies.heads, strategies.events)
    def events(head, event):
        built.append([record.EVENT, head, event])

    @settings(max_examples=200, database=None)
    @given(strategies.heads, strategies.ratings(), st.sampled_from(record.Rating._fields), strategies.uints())
    def wrong(head, rating, field, value):
        if field not in ("reasons", "changes"):
            built.append([record.RATING, head, rating._replace(**{field: value})])

    ratings()
    events()
    wrong()
    built = [frames.plain(fields) for fields in built]
    here = [frames.build(fields) for fields in built]
    there = in_vm(tmp_path, [f"build {cbor.encode(fields).hex()}" for fields in built])
    assert there == here
    assert {len(made) for made in here} == {len("bad_field"), 2 * record.PAYLOAD_SIZE}
    assert len(built) > 700


def test_any_value_is_encoded_alike(tmp_path):
    values = []

    @settings(max_examples=300, database=None)
    @given(strategies.values)
    def collect(value):
        if strategies.depth(value) <= cbor.MAX_DEPTH:
            values.append(cbor.encode(value))

    collect()
    assert set(compare(tmp_path, [("cbor", data) for data in values])) == {"ok"}


def test_hostile_frames_fit_beside_a_running_device(tmp_path):
    """The deepest, the most promising and the most crowded 4096 bytes; 96 KB stay free for the rest."""
    crowded = [b"\x99\x0f\xfd" + bytes((item,)) * 4093 for item in (0x00, 0x40, 0x60, 0x80, 0xA0, 0xF6)]
    nested = [bytes((head,)) * 4096 for head in (0x81, 0xC1, 0x91, 0x9F, 0xD8)] + [b"\xa1\x00" * 2048, b"\xa1" * 4096]
    large = [
        bytes((0x59, 0x0F, 0xFD)) + bytes(4093),
        bytes((0x79, 0x0F, 0xFD)) + b"\xc3\xa9" * 2046 + b"a",
        b"\x91" + b"\x58\xee" + bytes(238) + (b"\x58\xee" + bytes(238)) * 16,
        b"\xb9\x00\xff" + b"".join(cbor.encode(n) + b"\x80" for n in range(1000, 1255)),
    ]
    promises = [bytes((head,)) + b"\xff" * 8 + bytes(4087) for head in (0x5B, 0x7B, 0x9B, 0xBB)]
    cases = [(kind, data) for data in crowded + nested + large + promises for kind in ("cbor", "downlink")]
    outcomes = compare(tmp_path, cases, heap="128K")
    assert set(outcomes) >= {"ok", "too_large", "too_deep", "truncated", "not_canonical"}


def test_the_vm_is_micropython():
    # a test of two runtimes that ran one of them twice would prove nothing
    assert run("import sys\nprint(sys.implementation.name)").strip() == "micropython" != sys.implementation.name
    assert re.match(r"\d", run("import sys\nprint(sys.version)"))
