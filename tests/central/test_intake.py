"""Citizens rate without a device: each with a token, once for a service whichever way it came, and nothing is lost."""

import itertools

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from central.core.refusal import Refusal
from protocol.identity import Callee, Contact
from tests.central.conftest import Place
from tests.central.intake_world import DAY_MS, IntakeWorld
from tests.central.test_http_events import check_problem


@pytest.fixture
def world(place: Place):
    made = IntakeWorld(place, "mot")
    made.case("C1", "finished", finished="2026-09-30 14:00")
    made.service("C1")
    yield made
    made.close()


@pytest.fixture
def plain(tmp_path):
    made = IntakeWorld(tmp_path, None)
    made.service("C1")
    yield made
    made.close()


@pytest.mark.requirement("WZ-2a", "WZ-8b", "MOT-8b", "LZ-2.1.1b")
def test_a_citizen_rates_with_a_token(world):
    answer = world.rate(world.token(), "very_satisfied", reasons=[510], text="很好")
    assert answer.status_code == 200 and answer.json() == {
        "status": "counted",
        "said": "评价已收到并计入",
        "repeated": False,
    }
    [row] = world.ratings()
    wanted = {"origin": "citizen_qr", "channel": "qr", "device": None, "level": "very_satisfied", "status": "counted"}
    assert wanted.items() <= row.items() and row["text"] == "很好" and row["reasons"] == [510]
    # WZ 第二条: the institution by its hall and window, the channel, and the staff member who served
    assert (row["hall"], row["window"], row["staff"]) == ("test-hall", "1", "S01")


def test_a_bad_rating_with_words_has_to_be_answered_in_words(tmp_path):
    made = IntakeWorld(tmp_path, "wenzhou")
    for case_no, text in (("C1", "材料要了三遍"), ("C2", None)):
        made.service(case_no)
        made.rate(made.token(case_no), "dissatisfied", **({"text": text} if text else {}))
    assert [(held.case_no, held.handling.text) for held in made.state.office.queue()] == [("C1", True), ("C2", False)]
    made.close()


@pytest.mark.requirement("MOT-14c", "WZ-7b")
def test_a_bad_rating_enters_the_loop_whichever_way_it_came(world):
    for number, (level, begun) in enumerate(
        (("fairly_satisfied", 0), ("dissatisfied", 1), ("very_dissatisfied", 2)), 2
    ):
        case_no = f"C{number}"
        world.case(case_no, "finished", finished="2026-09-30 14:00")
        world.service(case_no)
        token = world.token(case_no) if number % 2 else world.sms(case_no)
        assert world.rate(token, level).json()["status"] == "counted"
        assert world.handlings() == begun
    held = world.state.office.queue(limit=500)[0]
    assert (held.staff, held.window, held.case_no) == ("S01", "1", "C3")


def test_a_rating_is_answered_alike_whichever_star_it_was(world):
    answers = []
    for number, level in enumerate(("very_satisfied", "satisfied", "fairly_satisfied", "dissatisfied"), 10):
        world.service(f"C{number}")
        answers.append(world.rate(world.token(f"C{number}"), level).text)
    assert len(set(answers)) == 1


def test_the_same_request_again_is_answered_as_the_first_time(world):
    token = world.token()
    first = world.rate(token, "dissatisfied", text="等了很久").json()
    world.clock.turn(30 * DAY_MS)  # the token has ended meanwhile
    again = world.rate(token, "dissatisfied", text="等了很久").json()
    assert again == {**first, "repeated": True} and len(world.ratings()) == 1 and world.handlings() == 1


def test_a_used_token_takes_no_other_rating(world):
    token = world.token()
    world.rate(token, "dissatisfied")
    for level, text in (("very_satisfied", None), ("dissatisfied", "还有")):
        check_problem(world.rate(token, level, text=text), 409, "refused-by-rule")
    assert "已经使用过" in world.rate(token, "very_satisfied").json()["detail"]
    assert world.seen("level", "text") == [("dissatisfied", None)]


def test_forged_expired_and_foreign_tokens_are_refused_in_a_sentence(world):
    world.case("C2")
    world.service("C2")
    token = world.token("C2")
    for forged in ("", "abc", token[:-1], token[:-2] + "AA", token + "A"):
        answer = world.rate(forged)
        check_problem(answer, 403, "refused-by-rule")
        assert "评价凭证无效" in answer.json()["detail"] and answer.json()["code"] == "token_invalid"
    for no_text in (None, 5, ["x"], "A" * 5000):
        check_problem(world.rate(no_text), 422, "bad-parameter")
    for other in ({"case_no": "C1"}, {"service_no": 2}, {"case_no": "C1", "service_no": 1}, {"case_no": ""}):
        answer = world.rate(token, **other)
        check_problem(answer, 403, "refused-by-rule")
        assert "不属于所填的办件和服务" in answer.json()["detail"]
    world.clock.turn(8 * DAY_MS)
    answer = world.rate(token)
    assert answer.status_code == 403 and "已过有效期" in answer.json()["detail"]
    assert world.ratings() == []


def test_one_counts_of_all_channels_and_the_others_are_kept_and_shown(world):
    tokens = [world.token(), world.sms(), world.token()]
    for token, level in zip(tokens, ("satisfied", "dissatisfied", "very_dissatisfied"), strict=True):
        assert world.rate(token, level).status_code == 200
    world.press(1, "C1")
    assert world.seen("origin", "level", "status") == [
        ("citizen_qr", "satisfied", "counted"),
        ("citizen_sms", "dissatisfied", "already_rated"),
        ("citizen_qr", "very_dissatisfied", "already_rated"),
        ("citizen_device", "very_dissatisfied", "already_rated"),
    ]
    assert world.summary()["ratings"]["counted"] == 1 and world.handlings() == 0


@pytest.mark.parametrize("order", list(itertools.permutations(["device", "qr", "sms"])))
def test_the_first_accepted_counts_whichever_channel_it_was(tmp_path, order):
    world = IntakeWorld(tmp_path, None)
    world.service("C1")
    tokens = {"qr": world.token(), "sms": world.sms()}
    for channel in order:
        if channel == "device":
            world.press(4, "C1")
        else:
            world.rate(tokens[channel])
    assert [row["origin"].removeprefix("citizen_") for row in world.ratings()] == list(order)
    assert world.seen("status") == [("counted",), ("already_rated",), ("already_rated",)]
    world.close()


@pytest.mark.requirement("SP-5.2b")
def test_a_consultation_is_a_service_of_its_own(tmp_path):
    world = IntakeWorld(tmp_path, "siping")
    for number in (1, 2, 3):  # 咨询, 申报, 领证
        world.service("C1", number)
        assert world.rate(world.token("C1", number), "satisfied").json()["status"] == "counted"
    assert world.rate(world.token("C1", 1), "satisfied").json()["status"] == "already_rated"
    assert world.summary()["ratings"] == {
        **{"received": 4, "bound": 4, "counted": 3, "already_rated": 1},
        **{"waiting_service": 0, "unbound": 0, "ambiguous": 0},
    }
    world.close()


def test_a_hall_gets_tokens_for_its_own_services_only(world):
    def ask(hall, headers, **body):
        return world.post(f"/api/v1/halls/{hall}/tokens", headers, **body)

    good = {"case_no": "C1", "service_no": 1}
    key = {"Authorization": "Bearer hall-key-for-tests-only-01"}
    check_problem(ask("other", key, **good), 403, "forbidden")
    check_problem(ask("test-hall", None, **good), 401, "unauthorized")
    unknown = ask("test-hall", key, case_no="C9", service_no=1)
    check_problem(unknown, 404, "refused-by-rule")
    assert "没有这次服务的记录" in unknown.json()["detail"]
    for bad in ({"case_no": 1, "service_no": 1}, {"case_no": "C1", "service_no": "1"}, {"case_no": "C1"}, {"x": 1}):
        check_problem(ask("test-hall", key, **bad), 422, "bad-parameter")


@pytest.mark.requirement("MOT-8a")
def test_online_one_rates_when_it_is_finished_and_once(world):
    world.case("C5")
    world.service("C5", 1)
    world.service("C5", 2)
    refused = world.sms("C5")
    assert isinstance(refused, Refusal) and refused.code == "not_finished" and "第八条" in str(refused)
    assert world.token("C5")  # at the hall each service may be rated when it was received
    world.case("C5", "finished", 2, finished="2026-09-30 15:00")
    assert world.rate(world.sms("C5"), "satisfied").json()["status"] == "counted"
    again = world.sms("C5", 2)
    assert isinstance(again, Refusal) and again.code == "case_rated"


def test_other_regulations_send_text_messages_before_the_end(tmp_path):
    world = IntakeWorld(tmp_path, "wenzhou")
    world.case("C5")
    world.service("C5", 1)
    world.service("C5", 2)
    assert [world.rate(world.sms("C5", number)).json()["status"] for number in (1, 2)] == ["counted", "counted"]
    world.close()


@pytest.mark.requirement("MOT-9c")
def test_a_bad_rating_without_a_reason_is_kept_counted_and_says_so(world):
    for number, given in enumerate(({}, {"reasons": [207]}, {"text": "排队太久"}, {"text": "  "}), 20):
        world.service(f"C{number}")
        answer = world.rate(world.token(f"C{number}"), "dissatisfied", **given)
        assert answer.json()["status"] == "counted"
    world.service("C30")
    world.press(1, "C30")
    assert world.seen("reason_missing", "status") == [
        *((True, "counted"), (False, "counted"), (False, "counted"), (True, "counted"), (True, "counted"))
    ]
    assert world.handlings() == 5 and world.summary()["figures"]["reason_missing"] == 3


def test_where_no_reason_is_required_none_is_missing(plain):
    assert plain.rate(plain.token(), "dissatisfied").json()["status"] == "counted"
    assert plain.seen("reason_missing") == [(False,)]


@pytest.mark.parametrize(
    "body",
    [
        {"level": "good"},
        {"level": 5},
        {"level": None},
        {"level": "satisfied", "reasons": ["207"]},
        {"level": "satisfied", "reasons": [True]},
        {"level": "satisfied", "reasons": [0]},
        {"level": "satisfied", "reasons": list(range(1, 18))},
        {"level": "satisfied", "text": "字" * 501},
        {"level": "satisfied", "text": "a\x00b"},
        {"level": "satisfied", "text": 5},
    ],
)
def test_what_is_no_rating_is_refused_and_the_token_stays_good(plain, body):
    token = plain.token()
    answer = plain.post("/api/v1/ratings", token=token, **body)
    check_problem(answer, 422, "bad-parameter")
    assert plain.ratings() == [] and plain.rate(token).json()["status"] == "counted"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (" ", 400),
        ("{", 400),
        ("[" * 16_000, 400),
        ("[]", 422),
        ("5", 422),
        ("null", 422),
        ('"x"', 422),
        ("[" * 50_000, 413),
    ],
)
def test_what_is_no_object_is_refused(plain, body, status):
    answer = plain.client("POST", "/api/v1/ratings", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status and answer.headers["content-type"] == "application/problem+json"


def test_a_rating_that_came_before_its_service_counts_when_that_comes(plain):
    token = plain.state.intake._tokens.make("test-hall", "qr", plain.clock.now_ms() + 1000, ("C7", 1))
    assert plain.rate(token).json() == {
        **{"status": "waiting_service", "said": "评价已收到，办件信息到达后计入", "repeated": False}
    }
    plain.service("C7")
    assert plain.seen("status") == [("counted",)]
    assert plain.rate(token).json() == {"status": "counted", "said": "评价已收到并计入", "repeated": True}


def test_after_a_restart_tokens_are_as_good_as_before(plain):
    token = plain.token()
    plain.restart()
    assert plain.rate(token).json()["status"] == "counted"
    plain.restart()
    assert plain.rate(token).json()["repeated"]


def test_the_key_of_tokens_is_for_its_owner_alone_and_not_in_the_database(plain):
    file = plain.settings.data_dir / "token.keys"
    assert file.stat().st_mode & 0o077 == 0
    line = next(line for line in file.read_text().splitlines() if line and not line.startswith("#"))
    for name in ("central.db", "central.db-wal"):
        assert line.split()[1].encode() not in (plain.settings.data_dir / name).read_bytes()


def test_an_identity_goes_no_further_than_its_hash(plain, capsys):
    number = "330302198001011230"
    token = plain.token(identity=number)
    assert plain.rate(token).json()["status"] == "counted"
    for name in ("central.db", "central.db-wal", "token.keys"):
        assert number.encode() not in (plain.settings.data_dir / name).read_bytes()
    assert number not in capsys.readouterr().out and number not in token


@pytest.mark.requirement("WZ-10a", "MOT-10a", "SP-5.3", "LZ-2.2.1b")
def test_a_rating_is_bound_to_who_was_served_and_says_where_nobody_is_known(plain):
    key = X25519PrivateKey.generate().public_key()
    plain.service("C2")
    sealed = plain.gateway.identity("C1", Callee(Contact("欧阳思齐", "13800002222")), key)
    plain.state.store._identity_keys = frozenset({sealed["data"]["key"]})
    assert plain.take(sealed) == ["accepted"]
    for number in (1, 2):
        plain.press(1, f"C{number}")
    assert plain.seen("case_no", "real_name", "status") == [("C1", True, "counted"), ("C2", False, "counted")]


def test_of_several_that_came_before_their_service_the_first_counts(plain):
    end_ms = plain.clock.now_ms() + 1000
    for level in ("dissatisfied", "satisfied", "very_satisfied"):
        token = plain.state.intake._tokens.make("test-hall", "sms", end_ms, ("C7", 1))
        assert plain.rate(token, level).json()["status"] == "waiting_service"
    plain.service("C7")
    assert plain.seen("level", "status") == [
        ("dissatisfied", "counted"),
        ("satisfied", "already_rated"),
        ("very_satisfied", "already_rated"),
    ]
