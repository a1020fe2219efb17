"""The national set fits what a scene, a page and a record can hold."""

from gateway.core.indicators import NATIONAL
from protocol import downlink
from simulator.indicators import in_words, reasons


def test_every_code_begins_with_its_level_and_the_set_travels_in_a_scene():
    offered = reasons()
    assert {level: len(codes) for level, codes in offered.items()} == {1: 8, 2: 8}
    assert all(code // 100 == level for level, codes in offered.items() for code in codes)
    assert NATIONAL.offered() == offered
    scene = downlink.IDLE._replace(reasons=reasons())
    sent = downlink.pack(bytes(32), downlink.Downlink("d", 1, 0, downlink.SCENE, scene))
    assert downlink.unpack(bytes(32), sent, "d").body.reasons == reasons()


def test_a_page_of_codes_is_told_in_words():
    page = ("请选择原因，也可以跳过", "1 108", "2*115", "3 999", "5 1/2")
    assert in_words(page) == (
        page[0],
        "1 108 在办事指南之外增加新的审批条件",
        "2*115 服务态度差效率低",
        "3 999",
        "5 1/2",
    )
