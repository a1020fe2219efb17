"""SPEC.md and the library agree: codes, kinds, keys, flags, events, topics, limits and labels are read from it."""

import re
from pathlib import Path

import pytest

from protocol import cbor, chain, cose, downlink, errors, levels, record, topics
from tests.vectors import make

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "protocol" / "SPEC.md").read_text(encoding="utf-8")


def chapter(number: int) -> str:
    found = re.search(rf"^## {number}\. .*?(?=^## |\Z)", TEXT, re.M | re.S)
    assert found, number
    return found.group()


def paragraph(number: str) -> str:
    """The text of a numbered paragraph, with the tables that belong to it."""
    found = re.search(rf"^{re.escape(number)} .*?(?=^\d+\.\d+ |^## |\Z)", TEXT, re.M | re.S)
    assert found, number
    return found.group()


def rows(text: str) -> list[list[str]]:
    """The rows of the tables in a text, without their heads."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    rules = [at for at, row in enumerate(cells) if set("".join(row)) <= {"-"}]
    return [row for at, row in enumerate(cells) if at not in rules and at + 1 not in rules]


def keyed(text: str) -> dict[int, str]:
    return {int(row[0]): row[1] for row in rows(text)}


def test_every_code_is_in_the_table_and_every_row_is_a_code():
    table = [row[0].strip("`") for row in rows(chapter(10))]
    assert table == list(errors.CODES)


def test_every_code_has_a_frame_that_gets_it():
    from tests.protocol import vectors

    shown = {row["code"] for row in vectors.load("refused")["frames"]}
    # the signature's and MQTT's own codes have their vectors in test_signature and test_mqtt
    assert shown | {"bad_signature", "bad_packet"} == set(errors.CODES)


def test_verdicts():
    assert [row[0].strip("`") for row in rows(paragraph("4.3"))] == [
        chain.LINKED,
        chain.DUPLICATE,
        chain.CONFLICT,
        chain.EARLY,
        chain.BROKEN,
    ]


def test_keys_of_a_record():
    common, rating = keyed(paragraph("3.2")), keyed(paragraph("3.3"))
    event = {int(key): name for key, name in re.findall(r"key (\d+), `(\w+)`", paragraph("3.4"))}
    payload = cbor.decode(record.rating_payload(make.HEAD, make.RATING))
    assert sorted(common | rating) == list(payload)
    assert [common[key] for key in range(3, 9)] == list(record.Head._fields)
    assert list(rating.values()) == list(record.Rating._fields)
    assert list(event.values()) == list(record.Event._fields)
    happening = cbor.decode(record.event_payload(make.HEAD, record.Event(1, {})))
    assert sorted(common | event) == list(happening)
    # each name stands at its own key
    for name, value in zip(record.Head._fields, make.HEAD, strict=True):
        (key,) = [key for key, known in common.items() if known == name]
        assert payload[key] == value
    for name, value in zip(record.Rating._fields, make.RATING, strict=True):
        (key,) = [key for key, known in rating.items() if known == name]
        assert payload[key] == (list(value) if isinstance(value, tuple) else value)


def test_kinds():
    assert "| 2 | kind | 1 rating · 2 event · 3 selftest |" in paragraph("3.2")
    assert (record.RATING, record.EVENT, record.SELFTEST) == (1, 2, 3)
    assert "1 receipt · 2 scene · 3 asset · 4 command" in paragraph("5.1")
    assert (downlink.RECEIPT, downlink.SCENE, downlink.ASSET, downlink.COMMAND) == (1, 2, 3, 4)


def test_events():
    table = {int(row[0]): row[1] for row in rows(paragraph("3.4"))}
    assert table == record.EVENTS
    assert record.EVENT_CODES == {name: code for code, name in table.items()}


def test_flags():
    (row,) = [row for row in rows(paragraph("3.3")) if row[1] == "flags"]
    flags = dict(re.findall(r"(?:^sum of: |· )(\d+) ([a-z ]+?)(?= \(| ·|$)", row[3]))
    assert {int(bit): words for bit, words in flags.items()} == {
        record.UNARMED: "unarmed",
        record.RECOVERED: "recovered",
        record.CLOSED_EARLY: "closed early",
        record.CHANGES_LEFT_OUT: "changes left out",
        record.CLOCK_SET: "clock was set between press and commit",
        record.TWO_KEYS: "two keys",
        record.BURST: "burst",
        record.UNSURE: "read late",
    }


def test_limits_of_a_record():
    assert f"exactly {record.PAYLOAD_SIZE} bytes" in paragraph("3.1")
    assert f"Every payload is {record.PAYLOAD_SIZE} bytes" in paragraph("3.6")
    least, most = re.search(r"at least (\d+) and at most (\d+) bytes", paragraph("3.6")).groups()
    assert (int(least), int(most)) == (record._PAD_MIN, record._PAD_MAX)
    assert f"0 … {record.MAX_REASONS} uint (≤ {record._U16})" in paragraph("3.3")
    assert f"array of even length ≤ {2 * record.MAX_CHANGES}" in paragraph("3.3")
    assert f"at most {record.MAX_DETAIL} entries" in paragraph("3.4")
    assert f"the first {record.HASH_IN_CHAIN} bytes" in paragraph("4.2")
    assert f"{record.HASH_IN_CHAIN} zero bytes" in paragraph("4.2")


def test_limits_of_messages():
    named = dict(re.findall(r"(Record|downlink|topic) (\d+)", chapter(11)))
    assert int(named["Record"]) == topics.MAX_SIZE["record"]
    assert {topics.MAX_SIZE[leaf] for leaf in topics.TO_DEVICE} == {int(named["downlink"])}
    (small,) = re.findall(r"state, telemetry, log, result (\d+)", chapter(11))
    assert {topics.MAX_SIZE[leaf] for leaf in ("state", "telemetry", "log", "result")} == {int(small)}
    assert int(named["topic"]) == topics.MAX_TOPIC
    assert f"inside more than {cbor.MAX_DEPTH} others" in paragraph("2.3")
    assert f"more than {cbor.MAX_ITEMS} items" in paragraph("2.3")


def test_the_longest_topic_is_within_its_limit():
    longest = max(topics.topic("h" * 20, "d" * 20, leaf) for leaf in topics.MAX_SIZE)
    assert len(longest) <= topics.MAX_TOPIC


def test_cose_numbers():
    assert f"tag {cose.TAG_SIGN1} over" in paragraph("3.1") and f"{{1: {cose.ES256}, 4: kid}}" in paragraph("3.1")
    assert f"tag {cose.TAG_MAC0} over" in paragraph("5.1") and f"{{1: {cose.HMAC_256}}}" in paragraph("5.1")


@pytest.mark.parametrize(
    ("number", "kind", "body"),
    [
        ("5.2", downlink.RECEIPT, make.RECEIPT),
        ("5.4", downlink.COMMAND, make.COMMAND),
        ("5.5", downlink.ASSET, make.ASSET),
        ("5.3", downlink.SCENE, make.SCENE),
    ],
)
def test_keys_of_a_downlink_message(number, kind, body):
    text = paragraph(number)
    own = keyed(text) if kind == downlink.SCENE else {int(k): n for k, n in re.findall(r"(\d+)\s`(\w+)`", text)}
    assert tuple(own.values()) == body._fields
    data = downlink.pack(make.DOWNLINK_KEY, downlink.Downlink(make.DEVICE, 3, 4, kind, body))
    fields = cbor.decode(cose.mac0_open(make.DOWNLINK_KEY, data))
    common = keyed(paragraph("5.1"))
    assert sorted(common | own) == list(fields)
    for key, name in own.items():
        value = getattr(body, name)
        assert fields[key] == (list(value) if isinstance(value, tuple) else value)
    assert [fields[key] for key in common] == [1, kind, make.DEVICE, 3, 4]


def test_words():
    assert re.findall(r"`(\w+)`", paragraph("5.4").split("Names: ")[1].split(".")[0]) == list(downlink.COMMANDS)
    assert re.findall(r"`(\w+)`", paragraph("6.2").split("words ")[1].split(".")[0]) == list(downlink.STATES)
    words = r"status (\d) done · (\d) unknown command · (\d) failed · (\d) wants \(§5.5\) · (\d) requests"
    told = tuple(int(status) for status in re.search(words, paragraph("5.4")).groups())
    own = (downlink.DONE, downlink.UNKNOWN_COMMAND, downlink.FAILED, downlink.WANTS, downlink.REQUESTS)
    assert told == own
    assert "0 open · 1 paused · 2 out of service" in paragraph("5.3")
    assert (downlink.OPEN, downlink.PAUSED, downlink.OUT_OF_SERVICE) == (0, 1, 2)


def test_telemetry_state_log_and_result():
    telemetry = re.search(r"Telemetry is `\{(.*?)\}`", paragraph("6.3"), re.S).group(1)
    assert tuple(re.findall(r"\d+: ([a-z_]+)", telemetry)) == downlink.Telemetry._fields
    assert cbor.decode(downlink.pack_telemetry(downlink.Telemetry(*range(2, 14)))) == {1: 1} | {
        n: n for n in range(2, 14)
    }
    assert "State is `{1: 1, 2: word, 3: boot}`" in paragraph("6.2")
    assert cbor.decode(downlink.pack_state(downlink.State("ready", 5))) == {1: 1, 2: "ready", 3: 5}
    assert "`{1: 1, 2: level (10 debug … 40 error), 3: text ≤ 200}`" in paragraph("6.3")
    assert cbor.decode(downlink.pack_log(downlink.Log(10, "x"))) == {1: 1, 2: 10, 3: "x"}
    assert "`{1: 1, 2: id, 3: status, 4: text}`" in paragraph("5.4")
    assert cbor.decode(downlink.pack_result(downlink.Result(5, 0, "x"))) == {1: 1, 2: 5, 3: 0, 4: "x"}


def test_leaves():
    told = {}
    for names, sender, retained, _ in rows(paragraph("6.1")):
        for leaf in re.findall(r"`(\w+)`", names):
            told[leaf] = sender, retained
    assert set(told) == set(topics.MAX_SIZE)
    assert {leaf for leaf, (sender, _) in told.items() if sender == "device"} == set(topics.FROM_DEVICE)
    assert {leaf for leaf, (sender, _) in told.items() if sender == "gateway"} == set(topics.TO_DEVICE)
    assert {leaf for leaf, (_, retained) in told.items() if retained == "yes"} == set(topics.RETAINED)
    assert re.findall(r"`(\w+)`", paragraph("6.1").split("QoS 1 everywhere")[1].split("QoS 0")[0]) == list(topics.QOS_0)
    assert topics.topic("<hall>".strip("<>"), "device", "record") == "hcp/v1/hall/device/record"


def test_levels_are_the_stars_of_the_regulation():
    (row,) = [row for row in rows(paragraph("3.3")) if row[1] == "level"]
    pairs = {int(star): words for star, words in re.findall(r"(\d) ([一-鿿]+)", row[3])}
    assert pairs == {star: levels.label(levels.name(star)) for star in range(1, 6)}
    assert pairs[5] == "非常满意"
    assert re.findall(r"`([a-z_]+)`", row[3]) == list(reversed(levels.NAMES))
    assert "1 满意 set · 2 很好 set" in paragraph("5.3")
    assert levels.LABELS[1][3] == "满意" and levels.LABELS[2][4] == "很好"


def test_numbered_paragraphs_are_numbered():
    for chapter_number in range(2, 10):
        found = re.findall(rf"^{chapter_number}\.(\d+) ", TEXT, re.M)
        assert [int(n) for n in found] == list(range(1, len(found) + 1)), chapter_number


def test_every_paragraph_that_code_cites_exists():
    cited = set()
    for folder in ("protocol", "firmware", "gateway", "central", "simulator", "hcp", "tests"):
        for path in (ROOT / folder).rglob("*.py"):
            for line in path.read_text(encoding="utf-8").splitlines():
                for run in re.findall(r"\b[Ss]pec ((?:\d+(?:\.\d+)?(?:, | and )?)+)", line):
                    cited |= {(n, path.name) for n in re.findall(r"\d+(?:\.\d+)?", run)}
    known = set(re.findall(r"^(?:## )?(\d+(?:\.\d+)?)[. ]", TEXT, re.M))
    assert len(cited) > 20
    assert {(n, name) for n, name in cited if n not in known} == set()


def test_files_that_the_text_names_exist():
    for name in re.findall(r"`((?:tests|protocol)/[\w/.]+)`", TEXT):
        assert (ROOT / name).exists(), name
    assert (ROOT / "protocol" / "hcp.cddl").exists()
