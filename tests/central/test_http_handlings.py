"""The loop over HTTP: lists, files and deeds, by those who may; every refusal is a sentence that names its rule."""

import json

import pytest

from central import audit
from tests.central.test_http_events import check_problem
from tests.central.town import URL


def check_rule(answer, status: int, code: str) -> dict:
    found = check_problem(answer, status, "refused-by-rule")
    assert found["code"] == code and found["article"]
    return found


def test_from_the_press_to_the_closed_case_over_http(town):
    number = town.rate()
    steps = [
        ("handler", "call_back", "verifying"),
        ("handler", "confirm", "rectifying"),
        ("handler", "reply", "reply_review"),
        ("reviewer", "accept", "feedback"),
        ("handler", "feed_back", "closed"),
    ]
    for account, action, state in steps:
        answer = town.do(account, number, action)
        assert (answer.status_code, answer.json()["state"]) == (201, state), answer.text
    file = town("handler").get(f"{URL}/{number}").json()
    assert (file["state_title"], file["owner"], file["due_at"]) == ("办结", None, None)
    assert [line["action"] for line in file["timeline"]][2:] == [action for _, action, _ in steps]
    assert (file["level"], file["reasons"]) == ("very_dissatisfied", [214])
    limits = {limit["timer"]: limit for limit in file["limits"]}
    assert limits["call_back"]["due_at"] == "2026-10-08T16:00:00.000Z"
    assert "国庆节" in limits["call_back"]["explained"] and "第十二条" in limits["call_back"]["explained"]


def test_a_list_is_by_due_time_and_goes_on_where_it_ended(town):
    numbers = [town.rate() for _ in range(3)]
    town.do("handler", numbers[0], "call_back")
    first = town("handler").get(f"{URL}?limit=2").json()
    assert [row["number"] for row in first["handlings"]] == numbers[1:]
    rest = town("handler").get(f"{URL}?limit=2&after={first['next']}").json()
    assert ([row["number"] for row in rest["handlings"]], rest["next"]) == ([numbers[0]], None)
    assert all("level" not in row for row in first["handlings"])
    assert town("handler").get(f"{URL}?state=verifying").json()["handlings"][0]["number"] == numbers[0]
    assert town("handler").get(f"{URL}?due=overdue").json()["handlings"] == []
    town.turn_to("2026-10-09 00:00")
    assert len(town("handler").get(f"{URL}?due=overdue").json()["handlings"]) == 2
    assert [row["number"] for row in town("handler").get(f"{URL}?search=C2").json()["handlings"]] == [numbers[1]]
    check_problem(town("handler").get(f"{URL}?after=x"), 422, "bad-parameter")


@pytest.mark.parametrize(
    ("account", "status"),
    [("handler", 200), ("reviewer", 200), ("admin", 200), ("reform", 200), ("auditor", 200),
     ("taxman", 404), ("other-admin", 404), ("rated", 404), ("mate", 404)],
)  # fmt: skip
def test_who_may_not_read_it_is_answered_as_if_there_were_none(town, account, status):
    number = town.rate()
    answer = town(account).get(f"{URL}/{number}")
    assert answer.status_code == status
    listed = [row["number"] for row in town(account).get(URL).json()["handlings"]]
    assert listed == ([number] if status == 200 else [])
    if status == 404:
        nothing = town(account).get(f"{URL}/{number + 77}")
        assert (answer.text, answer.status_code) == (nothing.text, nothing.status_code)
        assert town.do(account, number, "call_back").text == town.do(account, number + 77, "call_back").text


def test_only_who_handles_or_reviews_sees_the_level(town):
    number = town.rate()
    sees = {account: "level" in town(account).get(f"{URL}/{number}").json() for account in
            ("handler", "reviewer", "admin", "reform", "auditor")}  # fmt: skip
    assert sees == {"handler": True, "reviewer": True, "admin": False, "reform": False, "auditor": False}


def test_nobody_who_is_not_signed_in_gets_anything(town):
    number = town.rate()
    for answer in (town.client.get(URL), town.client.get(f"{URL}/{number}"),
                   town.client("POST", f"{URL}/{number}/deeds", content="{}")):  # fmt: skip
        check_problem(answer, 401, "unauthorized")


def test_a_form_of_another_session_does_nothing(town):
    number = town.rate()
    answer = town("handler")("POST", f"{URL}/{number}/deeds", content='{"action": "call_back"}')
    check_problem(answer, 403, "forbidden")


def test_illegal_late_and_incomplete_deeds_are_refused_by_a_sentence_with_its_article(town):
    number = town.rate()
    check_rule(town.do("handler", number, "reply"), 409, "order")
    town.do("handler", number, "call_back")
    found = check_rule(
        town.do("handler", number, "appeal", ground="mistaken", kind="wrong_item", fields={}), 422, "incomplete"
    )
    assert "评价人想评价的事项" in found["detail"] and "附件2" in found["article"]
    town.turn_to("2026-10-14 00:00")
    late = check_rule(town.do("handler", number, "appeal", ground="malicious"), 409, "too_late")
    assert "逾期" in late["detail"]


def test_the_wrong_hat_is_refused_and_stands_in_the_audit(town):
    number = town.rate()
    check_problem(town.do("reviewer", number, "call_back"), 403, "forbidden")
    check_problem(town.do("handler", number, "call_back", party="reviewer"), 403, "forbidden")
    check_problem(town.do("reform", number, "supervise"), 403, "forbidden")
    with town.app.state.store.read() as connection:
        refused = [(entry.actor, entry.about) for entry in audit.entries(connection) if entry.kind == "refused"]
    about = f"POST {URL}/{number}/deeds"
    assert refused == [("reviewer", about), ("handler", about), ("reform", about)]


def test_that_a_file_was_read_stands_in_the_audit(town):
    number = town.rate()
    town("handler").get(f"{URL}/{number}")
    town("taxman").get(f"{URL}/{number}")
    with town.app.state.store.read() as connection:
        reads = [(entry.actor, entry.about) for entry in audit.entries(connection) if entry.kind == "read"]
    assert reads == [("handler", f"handling/{number}")]


def test_sent_twice_is_done_once_and_an_old_look_does_nothing(town):
    number = town.rate()
    revision = town("handler").get(f"{URL}/{number}").json()["revision"]
    first = town.do("handler", number, "call_back", key="k-1", revision=revision)
    again = town.do("handler", number, "call_back", key="k-1", revision=revision)
    assert (first.status_code, again.status_code) == (201, 200)
    assert {**first.json(), "repeated": True} == again.json()
    check_rule(town.do("handler", number, "confirm", key="k-1"), 409, "request_reused")
    check_rule(town.do("handler", number, "confirm", key="k-2", revision=revision), 409, "changed")


def test_a_key_of_somebody_else_is_another_key(town):
    number = town.rate()
    town.do("handler", number, "call_back", key="k-1")
    assert town.do("admin", number, "supervise", key="k-1").status_code == 201


@pytest.mark.parametrize(
    "body",
    ["", "[]", "{", '{"action": "fly"}', '{"action": "call_back", "origin": "citizen_device"}',
     '{"action": "call_back", "fields": {"cause": 7}}', '{"action": "extend", "until": "soon"}',
     json.dumps({"action": "reply", "fields": {"result": "长" * 4001}}), "[" * 5000, "x" * 70_000],
)  # fmt: skip
def test_a_body_that_is_none_is_told_what_was_expected(town, body):
    number = town.rate()
    browser = town("handler")
    headers = {"X-CSRF-Token": browser.csrf}
    answer = browser("POST", f"{URL}/{number}/deeds", headers=headers, content=body)
    assert answer.status_code in (400, 413, 422) and answer.json()["detail"]
    assert browser.get(f"{URL}/{number}").json()["state"] == "pushed"


@pytest.mark.requirement("SP-9.2b")
def test_a_rated_person_is_told_what_it_takes_to_apply_and_applies(town_of):
    town = town_of("siping")
    number = town.rate()
    assert town("rated").get(f"{URL}/{number}").status_code == 404
    town.next_day()
    told = town("rated").get(f"{URL}/{number}")
    assert set(told.json()) == {"number", "appealed", "limits", "grounds"} and not told.json()["appealed"]
    assert [limit["due_at"] for limit in told.json()["limits"]] == ["2026-10-09T16:00:00.000Z"]
    assert town("mate").get(f"{URL}/{number}").status_code == 404
    check_problem(town.do("rated", number, "call_back"), 403, "forbidden")
    assert town.do("rated", number, "appeal", ground="malicious").status_code == 201
    assert town("rated").get(f"{URL}/{number}").json()["appealed"]
