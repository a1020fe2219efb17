"""How long the coach takes on a text of 2 000 characters: it runs while an official types."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from central.core import appeal_coach, reply_coach
from central.core.appeal_coach import Ground
from central.core.text_parts import Part
from simulator.bench import Row, percentile

CHARS = 2_000
TARGET_MS = 5.0
_RUNS = 500

_REPLY = (
    "经核实，因制卡批次延误，群众3月4日未领到社保卡。我局于3月5日补发，已将卡片寄送至群众预留地址；对经办人员予以通报批评，"
    "并按要求公示取卡时间。下一步，我局将加强管理，预计5个工作日内处理完成。"
)
_APPEAL = (
    "群众于3月1日办理了社保卡补换，于3月2日办理了参保登记，误把此评价当成评价社保卡补换，两个事项没有关联。"
    "根据《社会保险法》第十六条，群众缴费未满十年，在“缴费年限”一栏填错；系统为省建系统，我局无权限处理。"
)


def rows(root: Path, say: Callable[[str], None]) -> Iterator[Row]:
    """Two figures, in seconds."""
    say("coach: reading")
    for name, check in (
        ("reply", lambda text: reply_coach.check({Part.RESULT: text})),
        ("appeal", lambda text: appeal_coach.check(Ground.WRONG_DATA, {Part.BODY: text})),
    ):
        sentence = _REPLY if name == "reply" else _APPEAL
        text = (sentence * (CHARS // len(sentence) + 1))[:CHARS]
        value = round(percentile([_took_ms(check, text) for _ in range(_RUNS)], 99), 2)
        note = f"{_RUNS} runs over prose that repeats itself, findings and places included"
        yield Row(
            f"coach on {CHARS} characters of {name}, processor time, p99",
            value,
            "ms",
            TARGET_MS,
            value <= TARGET_MS,
            note=note,
        )


def _took_ms(check: Callable[[str], object], text: str) -> float:
    started = time.process_time()
    check(text)
    return (time.process_time() - started) * 1000
