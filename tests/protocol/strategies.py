"""Hypothesis strategies for everything that the protocol can say."""

from hypothesis import strategies as st

from protocol import cbor, downlink, record

U16, U32, U64 = 2**16 - 1, 2**32 - 1, 2**64 - 1


def uints(most: int = U64, least: int = 0):
    """Integers with their edges, where heads change their length."""
    edges = [edge for edge in (0, 23, 24, 255, 256, U16, U16 + 1, U32, U32 + 1, U64) if least <= edge <= most]
    return st.sampled_from([least, most, *edges]) | st.integers(least, most)


def texts(most_bytes: int):
    return st.text(max_size=most_bytes).filter(lambda text: len(text.encode()) <= most_bytes)


@st.composite
def ids(draw):
    text = draw(st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=20))
    return text.strip("-") or "w"


moments = st.one_of(st.just((None, None)), st.tuples(uints(), uints(U32)))
heads = st.builds(
    lambda seq, prev, boot, uptime, moment: record.Head(seq, prev, boot, uptime, *moment),
    uints(least=1),
    st.binary(min_size=16, max_size=16),
    uints(U32, 1),
    uints(),
    moments,
)
levels = st.integers(1, 5)


@st.composite
def ratings(draw):
    token = draw(st.none() | st.binary(min_size=8, max_size=8))
    flags = draw(st.integers(0, 127)) << 1 | (record.UNARMED if token is None else 0)
    return record.Rating(
        draw(levels),
        tuple(sorted(draw(st.sets(uints(U16), max_size=4)))),
        token,
        draw(uints(U32)),
        tuple(draw(st.lists(st.tuples(uints(U16), levels), max_size=4))),
        flags,
    )


# short enough to fit beside the longest head (spec 3.6); what does not fit has its own test
events = st.builds(
    record.Event,
    uints(U32, 1),
    st.dictionaries(texts(4), uints() | texts(6), max_size=3),
)

kinds = st.sampled_from((record.RATING, record.SELFTEST))

receipts = st.builds(downlink.Receipt, uints(), st.binary(min_size=16, max_size=16), uints(U32), uints(U32))
armings = st.one_of(st.just((None, None)), st.tuples(st.binary(min_size=8, max_size=8), uints()))
scenes = st.builds(
    lambda arming, *rest: downlink.Scene(*arming, *rest),
    armings,
    uints(60_000),
    st.integers(1, 2),
    uints(U32),
    st.dictionaries(levels, st.lists(uints(U16), max_size=32), max_size=5),
    st.lists(texts(60), max_size=4).map(tuple),
    st.none() | texts(200),
    st.none() | st.binary(min_size=32, max_size=32),
    st.integers(0, 2),
    st.none() | st.binary(min_size=32, max_size=32),
)
assets = st.builds(
    downlink.Asset, st.binary(min_size=32, max_size=32), uints(U32), uints(U32), st.binary(max_size=2048)
)
commands = st.builds(downlink.Command, uints(), texts(16), st.dictionaries(texts(16), uints() | texts(200), max_size=8))
bodies = st.one_of(
    st.tuples(st.just(downlink.RECEIPT), receipts),
    st.tuples(st.just(downlink.SCENE), scenes),
    st.tuples(st.just(downlink.ASSET), assets),
    st.tuples(st.just(downlink.COMMAND), commands),
)
messages = st.builds(
    lambda device, number, issued, body: downlink.Downlink(device, number, issued, *body),
    ids(),
    uints(),
    uints(),
    bodies,
)

leaves = st.none() | st.booleans() | st.integers(-(2**64), U64) | st.binary(max_size=30) | st.text(max_size=12)
keys = st.none() | st.integers(-(2**64), U64) | st.binary(max_size=30) | st.text(max_size=12)
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(keys, inner, max_size=5) | st.builds(cbor.Tag, uints(), inner)
    ),
    max_leaves=30,
)


def depth(value) -> int:
    """How many items lie around the innermost one."""
    if isinstance(value, cbor.Tag):
        return 1 + depth(value.value)
    if isinstance(value, list):
        return 1 + max(map(depth, value), default=-1)
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=-1)
    return 0
