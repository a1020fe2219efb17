"""The doctor's rules: each fact that is wrong is named with what to do; a well gateway gets no advice."""

from dataclasses import replace

import pytest

from gateway.core import diagnosis
from gateway.core.diagnosis import DAY_MS, Central, DeviceFacts, Facts, Grade, diagnose, worst

NOW_MS = 1_795_000_000_000
DEVICE = DeviceFacts("w01", "A01", NOW_MS - 1000, True, 0, 40)
WELL = Facts(
    now_ms=NOW_MS,
    running=True,
    checks={"database": True, "broker": True, "intake": True},
    certificates={"server": NOW_MS + 400 * DAY_MS},
    free_bytes=100 << 30,
    soft_bytes=256 << 20,
    alarms=(),
    central=Central(200, "", 0),
    callees=True,
    pending=0,
    dead_letters=0,
    ledger_wrong=(),
    devices=(DEVICE,),
)


def test_a_well_gateway_gets_no_advice():
    found = diagnose(WELL)
    assert {finding.grade for finding in found} == {Grade.OK}
    assert [finding.advice for finding in found if finding.advice] == []
    assert len(found) >= 9


@pytest.mark.parametrize(
    ("change", "area", "grade", "words"),
    [
        ({"running": False, "checks": None}, "运行", Grade.FAIL, "没有运行"),
        ({"checks": None}, "运行", Grade.FAIL, "没有应答"),
        ({"checks": {"database": True, "broker": False}}, "运行", Grade.FAIL, "与消息代理的连接"),
        ({"open_files": ("pki/ca.key",)}, "权限", Grade.FAIL, "pki/ca.key"),
        ({"certificates": {"w01": NOW_MS + 30 * DAY_MS}}, "证书", Grade.WARN, "w01 的证书还有 30 天到期"),
        ({"certificates": {"server": NOW_MS - 1}}, "证书", Grade.FAIL, "已经过期"),
        ({"unnamed": "10.0.0.5"}, "证书", Grade.WARN, "10.0.0.5"),
        ({"free_bytes": 100 << 20}, "磁盘", Grade.FAIL, "不会丢失"),
        ({"free_bytes": 600 << 20}, "磁盘", Grade.WARN, "0.6 GiB"),
        ({"free_bytes": None}, "磁盘", Grade.WARN, "无法"),
        ({"database_error": "file is not a database"}, "数据库", Grade.FAIL, "not a database"),
        ({"alarms": ("store_log_large",)}, "数据库", Grade.WARN, "store_log_large"),
        ({"central": None}, "中心", Grade.WARN, "没有设置中心"),
        ({"central": Central(None, "ConnectError")}, "中心", Grade.WARN, "ConnectError"),
        ({"central": Central(401, "", 0)}, "中心", Grade.FAIL, "不认本大厅的密钥"),
        ({"central": Central(500, "", 0)}, "中心", Grade.FAIL, "HTTP 500"),
        ({"central": Central(200, "", 90_000)}, "时钟", Grade.FAIL, "相差约 90 秒"),
        ({"central": Central(200, "", -3_000)}, "时钟", Grade.WARN, "相差约 3 秒"),
        ({"callees": False}, "联系方式", Grade.WARN, "无法回访"),
        ({"pending": 9, "oldest_pending_ms": NOW_MS - DAY_MS // 2}, "上传", Grade.WARN,
         "9 项等待上传，最早的已等 12"),
        ({"pending": 9, "oldest_pending_ms": NOW_MS - 3 * DAY_MS}, "上传", Grade.FAIL, "3 天"),
        ({"dead_letters": 2}, "死信", Grade.WARN, "2 项"),
        ({"ledger_wrong": ("w01: +1 of 7",)}, "账目", Grade.FAIL, "w01: +1 of 7"),
        ({"devices": ()}, "评价器", Grade.WARN, "还没有登记"),
        ({"devices": (replace(DEVICE, heard_ms=None),)}, "评价器", Grade.WARN, "从未连接"),
        ({"devices": (replace(DEVICE, online=False, heard_ms=NOW_MS - 600_000),)}, "评价器", Grade.WARN,
         "离线 10 分钟"),
        ({"devices": (replace(DEVICE, error_ms=90_000),)}, "评价器", Grade.WARN, "时钟误差"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_what_to_do(change, area, grade, words):
    wrong = [finding for finding in diagnose(replace(WELL, **change)) if finding.grade is not Grade.OK]
    assert {finding.area for finding in wrong} == {area}
    (finding,) = wrong
    assert finding.grade is grade and words in finding.words
    assert finding.advice or change == {"free_bytes": None}
    assert worst(diagnose(replace(WELL, **change))) is grade


def test_what_is_not_known_is_not_judged():
    silent = Facts(now_ms=NOW_MS, running=False)
    areas = {finding.area for finding in diagnose(silent)}
    assert not areas & {"联系方式", "时钟", "上传", "死信", "账目"}
    assert {finding.area for finding in diagnosis.diagnose(silent) if finding.grade is Grade.FAIL} == {"运行"}
