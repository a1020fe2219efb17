"""The page of a citizen's contact: for the handler and a reason; readers see who asked, everybody else nothing."""

import pytest

from protocol.identity import Callee, Contact
from tests.central.desk import World
from tests.central.test_worklist_http import Official

NAME, PHONE, AGENT = "欧阳思齐", "13800002222", "司徒代办"


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path / "central")
    made.name("P1", Callee(Contact(NAME, PHONE), Contact(AGENT)))
    yield made
    made.close()


@pytest.fixture
def number(world):
    return world.rate(case_no="P1")


@pytest.fixture
def path(number):
    return f"/worklist/{number}/contact"


def clear(text: str) -> bool:
    return any(word in text for word in (NAME, PHONE, AGENT))


def test_the_handler_asks_with_a_reason_and_sees_whom_to_call(world, path):
    handler = Official(world, "handler")
    assert f'href="{path}"' in handler.get(path.removesuffix("/contact")).text
    before = handler.get(path)
    assert before.status_code == 200 and not clear(before.text) and "还没有人查看" in before.text
    shown = handler.submit(path, reason="差评回访")
    assert shown.status_code == 200 and all(word in shown.text for word in (NAME, PHONE, AGENT))
    assert shown.headers["Cache-Control"] == "no-store"
    after = handler.get(path)
    assert not clear(after.text) and "handler的姓名" in after.text and "差评回访" in after.text
    assert not clear(handler.get(path.removesuffix("/contact")).text)


@pytest.mark.parametrize("reason", ["", "回访", "x" * 300])
def test_a_reason_that_says_nothing_is_asked_for_again(world, path, reason):
    handler = Official(world, "handler")
    answer = handler.submit(path, reason=reason)
    assert answer.status_code == 422 and "理由" in answer.text and not clear(answer.text)
    assert "还没有人查看" in answer.text


def test_who_reads_the_file_sees_who_asked_and_no_form(world, path):
    Official(world, "handler").submit(path, reason="差评回访")
    for account in ("reviewer", "admin"):
        reader = Official(world, account)
        answer = reader.get(path)
        assert answer.status_code == 200 and "handler的姓名" in answer.text and "查看理由" not in answer.text
        csrf = reader.hidden("/worklist")["csrf"]
        refused = reader.post(path, {"csrf": csrf, "reason": "想看一看"})
        assert refused.status_code == 403 and "处置员" in refused.text and not clear(refused.text)


def test_to_everybody_else_there_is_no_such_page(world, path):
    for account in ("taxman", "rated", "mate"):
        other = Official(world, account)
        missing = other.get("/worklist/99/contact")
        for answer in (other.get(path), other.post(path, {"reason": "差评回访"})):
            assert answer.status_code in (403, 404) and not clear(answer.text)
        assert other.get(path).status_code == missing.status_code == 404
    assert world.client().get(path).status_code == 303


def test_a_form_of_somebody_elses_session_opens_nothing(world, path):
    handler = Official(world, "handler")
    answer = handler.post(path, {"reason": "差评回访", "csrf": "other"})
    assert answer.status_code == 403 and not clear(answer.text)
    assert handler.post(path, {"reason": "差评回访"}, **{"Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_where_nobody_left_a_number_the_page_says_so(world):
    number = world.rate(case_no="P2")
    answer = Official(world, "handler").get(f"/worklist/{number}/contact")
    assert "未提供联系方式" in answer.text and '<form method="post" action="/worklist/' not in answer.text


def test_a_number_too_large_for_any_database_is_missing(world):
    assert Official(world, "handler").get(f"/worklist/{2**80}/contact").status_code == 404
