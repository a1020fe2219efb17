"""The coach against a corpus of replies and appeals: exactly the named findings, at exactly these places."""

import tomllib
from collections import Counter
from pathlib import Path

import pytest

from central.core import appeal_coach, reply_coach
from central.core.appeal_coach import Ground
from central.core.text_parts import Part, split
from central.core.text_rules import CLAUSES, Report, Weight

FOLDER = Path(__file__).resolve().parent.parent / "corpus"


def load(name: str, kind: str) -> list[dict]:
    return tomllib.loads((FOLDER / name).read_text(encoding="utf-8"))[kind]


REPLIES, APPEALS = load("text_replies.toml", "reply"), load("text_appeals.toml", "appeal")


def fields_of(example: dict) -> dict[Part, str]:
    fields = {part: piece.text for part, piece in split(example["text"]).items()}
    return {**fields, **({Part.RATED_TEXT: example["rated"]} if "rated" in example else {})}


def judge(example: dict) -> Report:
    if "ground" in example:
        return appeal_coach.check(Ground(example["ground"]), fields_of(example))
    return reply_coach.check(fields_of(example))


def place(fields: dict[Part, str], said: str) -> tuple:
    """``words#n`` as (part, start, end): the n-th place of the words in the first field that has them."""
    words, _, number = said.partition("#")
    for part, text in fields.items():
        start = -1
        for _ in range(int(number or 1)):
            start = text.find(words, start + 1)
        if start >= 0:
            return part, start, start + len(words)
    raise AssertionError(f"no field has {said}")


def expected(example: dict, weight: Weight) -> set[tuple]:
    found = set()
    for line in example.get(weight.value, []):
        clause, sign, rest = line.partition("=") if "=" in line else line.partition(":")
        assert clause in CLAUSES
        found.add((clause, Part(rest), None, None) if sign == "=" else (clause, *place(fields_of(example), rest)))
    return found


@pytest.mark.requirement("WZ-A2-16")
@pytest.mark.requirement("WZ-A2-18")
@pytest.mark.requirement("WZ-A2-19")
@pytest.mark.requirement("WZ-A2-20")
@pytest.mark.requirement("WZ-A2-21")
@pytest.mark.requirement("WZ-A2-22")
@pytest.mark.requirement("WZ-A2-23")
@pytest.mark.requirement("WZ-A2-24")
@pytest.mark.requirement("WZ-A2-25")
@pytest.mark.requirement("WZ-A2-26")
@pytest.mark.parametrize("example", REPLIES, ids=lambda example: example["name"])
def test_a_reply_gets_the_findings_it_deserves(example):
    assert_exact(example)


@pytest.mark.requirement("WZ-A2-3")
@pytest.mark.requirement("WZ-A2-4")
@pytest.mark.requirement("WZ-A2-5")
@pytest.mark.requirement("WZ-A2-6")
@pytest.mark.requirement("WZ-A2-7")
@pytest.mark.requirement("WZ-A2-8")
@pytest.mark.requirement("WZ-A2-13")
@pytest.mark.parametrize("example", APPEALS, ids=lambda example: example["name"])
def test_an_appeal_gets_the_findings_it_deserves(example):
    assert_exact(example)


def assert_exact(example: dict) -> None:
    report = judge(example)
    for weight in Weight:
        got = {(one.clause.id, one.part, one.start, one.end) for one in report.findings if one.weight is weight}
        assert got == expected(example, weight), [(one.clause.id, one.words) for one in report.findings]


def test_the_corpus_is_what_it_should_be():
    examples = REPLIES + APPEALS
    assert len(examples) >= 60
    assert len({example["name"] for example in examples}) == len(examples)
    bad = sum("fails" in example for example in examples)
    assert 0.4 <= bad / len(examples) <= 0.6
    reasons: Counter[str] = Counter()
    for example in REPLIES:
        reasons.update({line.partition(":")[0].partition("=")[0] for line in example.get("fails", [])})
    nine = [clause for clause in CLAUSES if clause.startswith("reply.") and clause != "reply.elements"]
    assert len(nine) == 9 and all(reasons[clause] >= 3 for clause in nine), reasons
    grounds = Counter(example["ground"] for example in APPEALS)
    assert all(grounds[ground] >= 3 for ground in Ground), grounds
    assert sum("near" in example for example in REPLIES) >= 10
    assert len({example["service"] for example in examples}) >= 8


@pytest.mark.parametrize("example", [one for one in REPLIES if one.get("near")], ids=lambda example: example["name"])
def test_a_near_miss_is_no_hit(example):
    assert "fails" not in example and not judge(example).fails


SHORT = tomllib.loads((FOLDER / "text_short.toml").read_text(encoding="utf-8"))


def failing(report: Report) -> set[str]:
    return {one.clause.id for one in report.findings if one.weight is Weight.FAILS}


@pytest.mark.parametrize(("text", "clauses"), SHORT["replies"])
def test_a_short_reply_fails_for_its_reasons_alone(text, clauses):
    assert failing(reply_coach.check({Part.RESULT: text})) == set(clauses)


@pytest.mark.parametrize(("ground", "rated", "text", "clauses"), SHORT["appeals"])
def test_a_short_appeal_fails_for_its_reasons_alone(ground, rated, text, clauses):
    fields = {Part.BODY: text, **({Part.RATED_TEXT: rated} if rated else {})}
    assert failing(appeal_coach.check(Ground(ground), fields)) == set(clauses)
