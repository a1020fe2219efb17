"""The officials' pages over HTTP: forms that come twice, too late, from elsewhere, or with rubbish in them."""

import re
from urllib.parse import urlencode

import httpx
import pytest

from central import audit, auth, granting
from central.core.audit_chain import Kind
from central.core.handling import Action
from central.core.roles import Grant, Role, Scope
from central.routes.worklist import MAX_BYTES
from central.web import worklist_words
from tests.central.desk import World
from tests.central.test_http_read import Page

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Official:
    """Somebody at a browser without JavaScript."""

    def __init__(self, world: World, account: str):
        self.client = world.client()
        self.headers = {"Cookie": f"{auth.COOKIE}={world.token(account)}"}

    def get(self, path: str) -> httpx.Response:
        return self.client.get(path, headers=self.headers)

    def hidden(self, path: str) -> dict[str, str]:
        return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', self.get(path).text))

    def post(self, path: str, fields, **headers) -> httpx.Response:
        content = urlencode(fields, doseq=True)
        return self.client("POST", path, headers=self.headers | FORM | headers, content=content)

    def submit(self, path: str, **fields) -> httpx.Response:
        return self.post(path, self.hidden(path) | fields)


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path / "central")
    yield made
    made.close()


@pytest.fixture
def number(world):
    return world.rate(case_no="P1", staff="S05")


@pytest.fixture
def handler(world):
    return Official(world, "handler")


def deeds(world, number) -> list[str]:
    return [each.action for each in world.office.file(number).deeds if each.actor != "system"]


def text(answer: httpx.Response) -> str:
    return " ".join(Page(answer.text).text.split())


def test_pages_may_load_from_here_alone_and_are_kept_by_nobody(world, number, handler):
    for path in ("/worklist", f"/worklist/{number}", f"/worklist/{number}/call_back", "/worklist/999"):
        answer = handler.get(path)
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; ") and "unsafe" not in policy
        assert answer.headers["cache-control"] == "no-store"
        assert "style=" not in answer.text and Page(answer.text).scripts == 0
    for path in re.findall(r'(?:href|src)="(/worklist\.[^"]+)"', handler.get(f"/worklist/{number}").text):
        assert "immutable" in world.client().get(path).headers["cache-control"]


@pytest.mark.parametrize("path", ["", "/overview", "/1", "/1/call_back"])
def test_who_is_not_signed_in_is_led_to_the_sign_in(world, path):
    answer = world.client().get(f"/worklist{path}")
    assert answer.status_code == 303 and answer.headers["location"].startswith("/login?next=/worklist")


def test_a_form_sent_twice_is_done_once_and_says_so(world, number, handler):
    path = f"/worklist/{number}/attempt"
    fields = handler.hidden(path) | {"outcome": "no_answer", "contact": "打了两次"}
    first, second = handler.post(path, fields), handler.post(path, fields)
    assert (first.status_code, second.status_code) == (303, 303)
    assert deeds(world, number) == ["attempt"]
    assert "已办理：记录回访未果。" in text(handler.get(first.headers["location"]))
    assert "没有重复记录" in text(handler.get(second.headers["location"]))


def test_the_same_attempt_with_other_words_is_refused_and_nothing_typed_is_lost(world, number, handler):
    path = f"/worklist/{number}/attempt"
    fields = handler.hidden(path) | {"outcome": "no_answer", "contact": "打了两次"}
    assert handler.post(path, fields).status_code == 303
    answer = handler.post(path, fields | {"contact": "又打了一次"})
    assert answer.status_code == 409 and "又打了一次" in answer.text and deeds(world, number) == ["attempt"]
    again = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', answer.text))
    assert again["request"] != fields["request"]
    assert handler.post(path, again | {"outcome": "no_answer", "contact": "又打了一次"}).status_code == 303


def test_when_somebody_acted_meanwhile_nothing_is_done_and_nothing_is_lost(world, number, handler):
    path = f"/worklist/{number}/call_back"
    fields = handler.hidden(path) | {"contact": "评价人说了很长的一段话"}
    assert handler.submit(f"/worklist/{number}/attempt", outcome="hung_up").status_code == 303
    answer = handler.post(path, fields)
    assert answer.status_code == 409 and "评价人说了很长的一段话" in answer.text
    said = text(answer)
    assert "您填写期间" in said and "记录回访未果" in said and deeds(world, number) == ["attempt"]
    again = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', answer.text))
    assert handler.post(path, again | {"contact": "评价人说了很长的一段话"}).status_code == 303
    assert deeds(world, number) == ["attempt", "call_back"]


def test_who_was_signed_out_while_typing_gets_the_text_back(world, number, handler):
    path = f"/worklist/{number}/call_back"
    fields = handler.hidden(path) | {"contact": "评价人说了很长的一段话\n第二行<b>"}
    world.clock.turn(31 * 60_000)
    answer = handler.post(path, fields)
    assert answer.status_code == 401 and "评价人说了很长的一段话\n第二行&lt;b&gt;</textarea>" in answer.text
    assert fields["csrf"] not in answer.text and "/login?next=%2Fworklist" in answer.text
    assert deeds(world, number) == []
    assert handler.post(path, fields, **{"Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_a_form_of_another_session_or_site_does_nothing(world, number, handler):
    path = f"/worklist/{number}/call_back"
    fields = handler.hidden(path)
    assert handler.post(path, fields | {"csrf": "x" * 43}).status_code == 403
    assert handler.post(path, {name: value for name, value in fields.items() if name != "csrf"}).status_code == 403
    assert handler.post(path, fields, **{"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert handler.post(f"{path}/coach", {}).status_code == 403
    assert deeds(world, number) == []


def test_what_the_loop_refuses_is_a_sentence_with_its_article(world, number, handler):
    path = f"/worklist/{number}/give_up"
    world.must(number, Action.CALL_BACK)
    answer = handler.get(path)
    assert answer.status_code == 303 and answer.headers["location"] == f"/worklist/{number}"
    form = handler.hidden(f"/worklist/{number}/confirm")
    answer = handler.post(path, form)
    assert answer.status_code == 409 and "不能无法回访" in text(answer) and "依据" in text(answer)


def test_a_hat_that_one_has_not_has_no_forms(world, number, handler):
    reviewer = Official(world, "reviewer")
    form = reviewer.hidden("/worklist") | {"reason": "理由", "revision": "2", "request": "a" * 24}
    assert reviewer.post(f"/worklist/{number}/call_back", form).status_code == 404
    assert handler.get(f"/worklist/{number}/supervise").status_code == 303
    assert handler.post(f"/worklist/{number}/supervise", handler.hidden("/worklist") | form).status_code == 403
    form["csrf"] = handler.hidden("/worklist")["csrf"]
    assert handler.post(f"/worklist/{number}/supervise", form).status_code == 404
    assert handler.post(f"/worklist/{number}/push", form).status_code == 404
    assert deeds(world, number) == []


def test_a_supervisor_begins_with_what_is_open(world, number):
    admin = Official(world, "admin")
    said = text(admin.get("/worklist"))
    assert "P1" in said and "待我办理" not in said and "督办概况" in said


@pytest.mark.parametrize("path", ["/worklist/{}", "/worklist/{}/call_back"])
def test_what_is_not_there_and_what_is_not_for_you_look_the_same(world, number, path):
    stranger = Official(world, "taxman")
    there, nowhere = stranger.get(path.format(number)), stranger.get(path.format(999))
    assert there.status_code == nowhere.status_code == 404 and there.content == nowhere.content


def test_bounds_come_before_parsing(world, number, handler):
    path = f"/worklist/{number}/attempt"
    assert handler.post(path, {"contact": "x" * MAX_BYTES}).status_code == 413
    assert handler.post(path, {f"f{each}": "x" for each in range(200)}).status_code == 422
    long = handler.submit(path, outcome="no_answer", contact="字" * 10_001)
    assert long.status_code == 422 and "最多10000字" in text(long)
    assert handler.submit(path, outcome="no_answer", contact="字" * 10_000).status_code == 303
    assert handler.get("/worklist/9999999999999999999999").status_code in (404, 422)
    for query in ("view=x&state=y", "after=1.2.3", "search=%00", "org=" + "x" * 500, "after=9999999999999999999.1"):
        assert handler.get(f"/worklist?{query}").status_code == 200


def test_what_people_write_is_never_markup(world, number, handler):
    evil = "<script>alert(1)</script>\"'&<b>"
    handler.submit(f"/worklist/{number}/attempt", outcome="no_answer", contact=evil)
    html = handler.get(f"/worklist/{number}").text
    assert "<script>alert" not in html and html.count("&lt;script&gt;") == 2 and Page(html).scripts == 0
    answer = handler.submit(f"/worklist/{number}/attempt", contact=evil)
    assert answer.status_code == 422 and Page(answer.text).scripts == 0 and "&lt;script&gt;" in answer.text


@pytest.mark.requirement("WZ-A2-18")
def test_the_coach_stops_a_failing_reply_once_and_no_more(world, number, handler):
    world.must(number, Action.CALL_BACK)
    world.must(number, Action.CONFIRM)
    path = f"/worklist/{number}/reply"
    words = {"rated_at": "9月30日", "cause": "不熟悉", "result": "将补发。", "next_measures": "培训"}
    stopped = handler.submit(path, **words)
    assert stopped.status_code == 200 and "<mark>将</mark>" in stopped.text and "将补发。</textarea>" in stopped.text
    assert "reply" not in deeds(world, number)
    checked = handler.submit(path, **words, check="1")
    assert checked.status_code == 200 and "仍然提交" not in text(checked)
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', stopped.text))
    assert fields["anyway"] == "1"
    assert handler.post(path, fields | words).status_code == 303
    assert deeds(world, number)[-1] == "reply"

    reviewer = Official(world, "reviewer")
    answer = reviewer.submit(f"/worklist/{number}/accept")
    assert answer.status_code == 422 and "请写明理由" in text(answer)
    page = reviewer.get(f"/worklist/{number}/return").text
    assert "文本检查</span>" in page and " checked" not in page  # marked, and not ticked
    assert reviewer.submit(f"/worklist/{number}/accept", reason="“将”系引用文件名").status_code == 303


def test_the_coach_answers_a_script_in_words_and_places(world, number, handler):
    world.must(number, Action.CALL_BACK)
    world.must(number, Action.CONFIRM)
    path = f"/worklist/{number}/reply"
    answer = handler.post(f"{path}/coach", handler.hidden(path) | {"result": "说明：\r\n将补发。"})
    hit = next(hit for hit in answer.json()["hits"] if hit["words"])
    assert (hit["field"], hit["words"], hit["start"], hit["end"]) == ("result", "将", 4, 5)
    assert answer.json()["words"]["summary"].startswith("2 处不合格")
    assert handler.post(f"/worklist/{number}/assist/coach", handler.hidden(path)).status_code == 404
    long = handler.post(f"{path}/coach", handler.hidden(path) | {"result": "将" * 10_001})
    assert long.status_code == 200 and long.json()["hits"] == []


def test_the_two_languages_have_the_same_words():
    def shape(words):
        return {
            key: shape(value) if isinstance(value, dict) else set(re.findall(r"{\w*}", value))
            for key, value in words.items()
        }

    assert shape(worklist_words.words("zh")) == shape(worklist_words.words("en"))


def test_the_language_is_remembered(world, number, handler):
    answer = handler.get("/worklist?lang=en")
    assert '<html lang="en">' in answer.text and "hcp-lang=en" in answer.headers["set-cookie"]
    handler.headers["Cookie"] += "; hcp-lang=en"
    assert '<html lang="en">' in handler.get(f"/worklist/{number}").text
    assert '<html lang="zh-CN">' in handler.get(f"/worklist/{number}?lang=zh").text


def audited(world, kind: Kind) -> list[tuple[str, str, str]]:
    with world.store.read() as connection:
        return [(one.actor, one.about, one.words) for one in audit.entries(connection) if one.kind is kind]


def test_who_read_a_file_and_who_tried_what_is_not_theirs_stands_in_the_audit(world, number, handler):
    handler.get(f"/worklist/{number}")
    handler.get(f"/worklist/{number}/attempt")
    assert [about for actor, about, _ in audited(world, Kind.READ)] == [f"handling/{number}"] * 2
    world.city.do(granting.give, "handler", Grant(Role.SUPERVISOR, Scope.ALL))
    assert handler.submit(f"/worklist/{number}/attempt", outcome="hung_up").status_code == 303
    answer = handler.post(f"/worklist/{number}/supervise", handler.hidden("/worklist") | {"reason": "催办"})
    assert answer.status_code == 409 and "处置过该差评的人员不得复核或督办" in text(answer)
    assert audited(world, Kind.REFUSED)[-1][:2] == ("handler", f"POST /worklist/{number}/supervise")
