"""The life of a record in words: what held it up, what it was bound to, what central said; never the star."""

import re
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from gateway.core import trace
from gateway.core.binding import Binding, Rule, Status
from gateway.core.outbox import Fate
from gateway.core.trace import Delivery, Life, State
from gateway.store import outbox, traces
from hcp.exits import Exit
from hcp.main import app
from protocol import record
from tests.gateway.desk import NOW_MS, Desk

BOUND = Binding(Status.BOUND, Rule.TOKEN, "A1", "C1", 1, "1001")
LIFE = Life(
    "w01", 57, record.RATING, "A1", NOW_MS, 40, NOW_MS + 300, True, 57, ((1, BOUND, NOW_MS + 310),),
    (Delivery(0, State.ACCEPTED, NOW_MS + 900),),
)  # fmt: skip


def told(life: Life) -> str:
    return "\n".join(line for chapter in trace.story(life, NOW_MS + 1000) for line in chapter.lines)


def test_an_ordinary_life():
    chapters = trace.story(LIFE, NOW_MS + 1000)
    assert [chapter.title for chapter in chapters] == ["产生", "入库", "关联", "上传"]
    said = told(LIFE)
    assert "评价器 w01（窗口 A1）的第 57 条记录，是一条评价" in said and "误差不超过 0.04 秒" in said
    assert "回执已覆盖到第 57 条" in said and "办件 C1 第 1 次服务" in said
    assert "由中心已收下" in said and "保存在设备上" not in said


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"wall_ms": None, "error_ms": None}, "产生时设备不知道时间"),
        ({"received_ms": NOW_MS + 7_200_000}, "比产生晚约 120 分钟：其间保存在设备上"),
        ({"linked": False, "head": 55}, "它前面有记录还没有到"),
        ({"linked": False, "head": 55, "decisions": (), "deliveries": ()}, "没有排队上传：记录还在等"),
        ({"deliveries": (Delivery(0, State.WAITING, None, 3, NOW_MS + 60_000),)}, "在等待上传，已试 3 次，2026-"),
        (
            {"deliveries": (Delivery(0, State.DEAD, NOW_MS, answer="rejected: bad_signature"),)},
            "死信：rejected: bad_sig",
        ),
        ({"deliveries": (Delivery(0, State.DUPLICATE, NOW_MS),)}, "不重复计数"),
        ({"deliveries": (LIFE.deliveries[0], Delivery(2, State.WAITING))}, "第 2 次判定在等待上传。"),
        ({"adopted": False}, "不予采纳：评价保留，不计入统计"),
        ({"kind": record.SELFTEST, "window": None, "decisions": ()}, "（未登记窗口）的第 57 条记录，是一条自检"),
        ({"deliveries": ()}, "没有上传记载"),
    ],
)
def test_what_was_out_of_the_ordinary_is_said(change, words):
    assert words in told(replace(LIFE, **change))


@pytest.mark.parametrize(
    ("seq", "known", "words"),
    [
        (5, False, "没有登记过"),
        (5, True, "第 4 至 6 条记录已由设备声明丢失"),
        (90, True, "已收齐到第 57 条"),
        (20, True, "hcp gateway fsck"),
    ],
)
def test_what_is_missing_is_explained(seq, known, words):
    assert words in trace.missing("w01", seq, 57, [(4, 6)], known)


@pytest.fixture
def desk(tmp_path):
    desk = Desk(tmp_path)
    yield desk
    desk.close()


def rate(desk: Desk, level: int, device: str = "w01") -> None:
    twin = desk.enrol(device)
    desk.tell("called", window="A1", case_no="C1", service_no=1, staff="1001")
    desk.tell("served", window="A1", case_no="C1", service_no=1)
    desk.send(device, twin.rating(level, desk.token(twin), wall_ms=NOW_MS, error_ms=20))
    desk.receipt(twin, 1)


def test_a_real_rating_is_followed_from_the_database(desk):
    rate(desk, 2)
    life = traces.life(desk.store.reader(), "w01", 1)
    assert life and life.linked and life.window == "A1" and life.head == 1
    assert [one.state for one in life.deliveries] == [State.WAITING]
    (row,) = desk.rows("SELECT id FROM outgoing WHERE device = 'w01'")
    settled = outbox.Settled(row[0], Fate.DONE, "accepted", "accepted")
    desk.store.run(lambda c: outbox.settle(c, [settled], NOW_MS + 5000))
    later = traces.life(desk.store.reader(), "w01", 1)
    assert later and [(one.state, one.at_ms) for one in later.deliveries] == [(State.ACCEPTED, NOW_MS + 5000)]
    assert traces.life(desk.store.reader(), "w01", 2) is None


@pytest.mark.requirement("MOT-5b")
def test_the_story_is_the_same_whichever_star_was_pressed(tmp_path):
    said = []
    for level in (1, 5):
        desk = Desk(tmp_path / str(level))
        try:
            rate(desk, level)
            life = traces.life(desk.store.reader(), "w01", 1)
            assert life
            said.append(re.sub(r"事件 \S+", "", told(life)))
        finally:
            desk.close()
    assert said[0] == said[1]


def test_the_command_tells_it_and_says_what_is_wrong(desk):
    rate(desk, 4)
    run = CliRunner()
    done = run.invoke(app, ["gateway", "trace", "w01/1", "--data", str(desk.data)])
    assert done.exit_code == Exit.OK and "【关联】" in done.stdout and "办件 C1" in done.stdout
    missing = run.invoke(app, ["gateway", "trace", "w01/9", "--data", str(desk.data)])
    assert missing.exit_code == Exit.FAILURE and "已收齐到第 1 条" in missing.output
    assert run.invoke(app, ["gateway", "trace", "w01", "--data", str(desk.data)]).exit_code == Exit.USAGE
    nowhere = run.invoke(app, ["gateway", "trace", "w01/1", "--data", str(desk.data / "nowhere")])
    assert nowhere.exit_code == Exit.USAGE and "不能读取" in nowhere.output
