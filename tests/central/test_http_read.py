"""What the auditor reads, and what everybody reads."""

import base64
import re
from html.parser import HTMLParser

import cbor2
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from structlog.testing import capture_logs

from central import registration
from central.core.audit_chain import Entry, Head, check
from protocol import cose, levels, record, signature
from tests.central.conftest import AUDITOR, SENDER, settings_for
from tests.central.people import Browser, found_city
from tests.central.test_http_events import check_problem

PATHS = ["/records", "/records.cborseq", "/devices/w1.pem", "/ratings", "/summary"]


@pytest.fixture
def filled(client, gateway):
    """Two devices: seven ratings that count, one of each other kind, an event and a self-test."""
    one, two = gateway.device("w1"), gateway.device("w2")
    batch = [gateway.enrolled(two, window="2"), gateway.enrolled(one)]
    for number, level in enumerate((5, 5, 4, 3, 2, 1, 1)):
        batch += [gateway.service(f"C{number}"), gateway.record(one.rating(level), gateway.bound(one, f"C{number}"))]
    batch.append(gateway.record(two.rating(1), gateway.bound(two, "C0")))
    batch.append(gateway.record(two.rating(1), gateway.bound(two, "C99")))
    batch.append(gateway.record(two.rating(1), gateway.loose(two)))
    batch.append(gateway.record(two.rating(1), gateway.loose(two, "ambiguous", candidates=[("C1", 1), ("C2", 1)])))
    batch += [gateway.record(two.event()), gateway.record(two.rating(1, kind=record.SELFTEST)), gateway.incident()]
    two.rating()
    batch.append(gateway.record(two.rating(5), gateway.loose(two)))
    assert {result["status"] for result in client.post(*batch).json()["results"]} == {"accepted"}
    client.devices = [one, two]
    return client


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("headers", [{}, {"Authorization": SENDER["Authorization"]}, {"Authorization": "Bearer x"}])
def test_only_the_auditor_reads(filled, path, headers):
    check_problem(filled.get("/api/v1" + path, headers=headers), 401, "unauthorized")


@pytest.mark.parametrize("path", PATHS)
def test_every_reading_leaves_a_line_in_the_log(filled, path):
    with capture_logs() as lines:
        assert filled.get(f"/api/v1{path}?limit=3", headers=AUDITOR).status_code == 200
        filled.get("/api/v1" + path)
    assert [(line["path"], line["query"]) for line in lines] == [("/api/v1" + path, "limit=3")]


@pytest.mark.requirement("LZ-2.1.4c")
def test_the_sequence_is_what_the_devices_sent_and_verifies_with_the_keys(filled):
    one, two = filled.devices
    answer = filled.get("/api/v1/records.cborseq", headers=AUDITOR)
    assert answer.headers["content-type"] == "application/cbor-seq"
    assert answer.content == b"".join(one.sent + two.sent[:6] + two.sent[7:])
    keys = {
        name: load_pem_public_key(filled.get(f"/api/v1/devices/{name}.pem", headers=AUDITOR).content)
        for name in ("w1", "w2")
    }
    rest, count = answer.content, 0
    while rest:
        item = cbor2.dumps(cbor2.loads(rest), canonical=True)
        assert rest.startswith(item)
        opened = cose.sign1_unpack(item)
        signature.verify(keys[opened.kid], opened.to_be_signed, opened.signature)
        rest, count = rest[len(item) :], count + 1
    assert count == 14


def test_records_come_in_pages(filled):
    one, two = filled.devices
    after, bodies = 0, []
    while after is not None:
        page = filled.get(f"/api/v1/records?after={after}&limit=4", headers=AUDITOR).json()
        bodies += [base64.b64decode(row["record"]) for row in page["records"]]
        after = page["next"]
    assert bodies == one.sent + two.sent[:6] + two.sent[7:]
    only = filled.get("/api/v1/records?device=w2&limit=1000", headers=AUDITOR).json()["records"]
    assert [(row["seq"], row["chain"]) for row in only] == [*((seq, "linked") for seq in range(1, 7)), (8, "early")]
    assert only[4]["kind"] == "event" and only[5]["kind"] == "selftest"
    assert only[0]["gateway_received_at"] == "2026-03-02T01:02:03.456Z"


def test_ratings_say_their_level_by_name_and_why_they_count_or_not(filled):
    rows = filled.get("/api/v1/ratings", headers=AUDITOR).json()["ratings"]
    assert [row["level"] for row in rows[:3]] == ["very_satisfied", "very_satisfied", "satisfied"]
    assert [row["status"] for row in rows] == ["counted"] * 7 + [
        "already_rated",
        "waiting_service",
        "unbound",
        "ambiguous",
        "unbound",
    ]
    assert rows[0]["case_no"] == "C0" and rows[0]["staff"] == "S01" and rows[0]["origin"] == "citizen_device"
    only = filled.get("/api/v1/ratings?status=ambiguous", headers=AUDITOR).json()["ratings"]
    assert [row["candidates"] for row in only] == [
        [{"case_no": "C1", "service_no": 1}, {"case_no": "C2", "service_no": 1}]
    ]


def test_the_summary_adds_up(filled):
    [hall] = filled.get("/api/v1/summary", headers=AUDITOR).json()["halls"]
    assert hall["records"] == 14 and hall["kinds"] == {"rating": 12, "event": 1, "selftest": 1}
    assert hall["ratings"] == {
        "received": 12,
        "bound": 9,
        "counted": 7,
        "already_rated": 1,
        "waiting_service": 1,
        "unbound": 2,
        "ambiguous": 1,
    }
    assert hall["levels"] == {
        "very_satisfied": 2,
        "satisfied": 1,
        "fairly_satisfied": 1,
        "dissatisfied": 1,
        "very_dissatisfied": 2,
    }
    one, two = hall["devices"]
    assert (one["head"], one["gaps"], two["head"], two["top"], two["gaps"]) == (7, [], 6, 8, [[7, 7]])
    assert [incident["code"] for incident in hall["incidents"]] == ["bad_signature"]
    assert (hall["cases"], hall["services"]) == (0, 7)


@pytest.mark.parametrize(
    "path",
    [
        "/records?after=-1",
        "/records?after=x",
        f"/records?after={2**63}",
        "/records?limit=0",
        "/records?limit=5000",
        "/ratings?status=nice",
        "/records?device=W%00",
    ],
)
def test_a_wrong_parameter_is_named(filled, path):
    found = check_problem(filled.get("/api/v1" + path, headers=AUDITOR), 422, "bad-parameter")
    assert path.partition("?")[2].partition("=")[0] in found["detail"]


@pytest.mark.parametrize("name", ["w9", "W1", "..", "a" * 500, "%00"])
def test_an_unknown_device_has_no_key(filled, name):
    assert filled.get(f"/api/v1/devices/{name}.pem", headers=AUDITOR).status_code == 404


def test_health(client):
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client("HEAD", "/healthz").status_code == 200


# --- the page ---


class Page(HTMLParser):
    """Checks nesting, and collects the text."""

    VOID = {"meta", "link", "br", "input"}

    def __init__(self, html: str):
        super().__init__()
        self.open: list[str] = []
        self.text = ""
        self.scripts = 0
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.scripts += tag == "script" or any(name.startswith("on") for name, _ in attrs)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data if data.isspace() else data.strip() + " "


def test_the_page_says_what_arrived_in_two_languages(filled):
    chinese, english = filled.get("/"), filled.get("/?lang=en")
    assert chinese.headers["content-type"].startswith("text/html") and '<html lang="zh-CN">' in chinese.text
    page = Page(chinese.text)
    for words in (
        "大厅1",
        "收到评价 12",
        "已关联服务 9",
        "未关联 2",
        "关联不明确 1",
        "同一服务重复评价（保留，不计入） 1",
        "缺少 7",
    ):
        assert words in " ".join(page.text.split()), words
    assert page.scripts == 0
    page = Page(english.text)
    assert "Ratings received 12" in " ".join(page.text.split()) and '<html lang="en">' in english.text
    assert "default-src 'none'" in chinese.headers["content-security-policy"]
    assert filled.get("/page.css").headers["content-type"].startswith("text/css")
    assert filled("HEAD", "/").status_code == 200
    check_problem(filled.get("/?lang=xx"), 422, "bad-parameter")


def test_the_page_tells_nobody_who_said_what(filled):
    html = filled.get("/").text + filled.get("/?lang=en").text
    for secret in ("S01", "C0", "C99", "户口", "2026-03-02T", "01:02", levels.NAMES[0], levels.NAMES[2]):
        assert secret not in html
    assert not re.search(r"\d\d:\d\d", html)  # no time of day at all
    # levels stand once in each language, for the hall as a whole
    assert html.count('<th scope="row">非常不满意</th>') == 1
    shown = [int(count) for count in re.findall(r'满意</th><td class="n">(\d+)', filled.get("/").text)]
    assert sum(shown) == 5  # seven count; the last two wait until their group is full


def test_below_five_no_level_is_shown(client, gateway):
    device = gateway.device()
    batch = [gateway.enrolled(device)]
    for number in range(4):
        batch += [gateway.service(f"C{number}"), gateway.record(device.rating(1), gateway.bound(device, f"C{number}"))]
    client.post(*batch)
    html = client.get("/").text
    assert "不足5条不显示" in html and "非常不满意" not in html
    more = [gateway.service("C4"), gateway.record(device.rating(5), gateway.bound(device, "C4"))]
    client.post(*more)
    assert "非常不满意" in client.get("/").text


def test_what_a_gateway_writes_is_never_markup(client, gateway):
    client.post(gateway.enrolled(gateway.device(), window="<script>alert(1)</script>"), gateway.incident("<b>x</b>"))
    html = client.get("/").text
    assert "&lt;script&gt;" in html and Page(html).scripts == 0 and "<b>x</b>" not in html


def test_a_hall_without_devices_has_a_page(client):
    text = Page(client.get("/").text).text
    assert "尚无评价器登记" in text and "没有异常" in text


@pytest.mark.requirement("SP-5.7")
def test_halls_do_not_mix(place):
    from central.app import create_app
    from tests.central.conftest import Client, Gateway

    one, two = Gateway("hall-1"), Gateway("hall-2")
    app = create_app(settings_for(place, one, two))
    client = Client(app)
    device = one.device()
    assert client.post(one.enrolled(device)).json()["results"][0]["status"] == "accepted"
    assert client.post(two.case("C1")).json()["results"][0]["code"] == "bad_field"
    first, second = client.get("/api/v1/summary", headers=AUDITOR).json()["halls"]
    assert [state["device"] for state in first["devices"]] == ["w1"] and second["devices"] == []
    app.state.store.close()
    app.state.reader.close()


@pytest.mark.parametrize("path", [*PATHS, "/audit"])
@pytest.mark.requirement("MOT-12b")
def test_an_account_with_the_auditors_role_reads_and_each_reading_is_in_the_audit(filled, path):
    city = found_city(filled.app.state.store, filled.app.state.clock.now_ms())
    auditor = Browser(filled).settle_in(city, "auditor")
    assert auditor.get(f"/api/v1{path}?limit=3").status_code == 200
    check_problem(Browser(filled).settle_in(city, "handler").get("/api/v1" + path), 403, "forbidden")
    city.do(registration.name_staff, "test-hall", "S77", "某", "auditor")
    check_problem(auditor.get("/api/v1" + path), 403, "forbidden")
    rows = filled.get("/api/v1/audit?limit=1000", headers=AUDITOR).json()["audit"]
    seen = [(row["actor"], row["kind"]) for row in rows if f"/api/v1{path}" in row["about"]]
    expected = [("auditor", "read"), ("handler", "refused"), ("auditor", "refused")]
    assert seen == expected + [("auditor-key", "read")] * (path == "/audit")


def test_the_audit_comes_in_pages_that_verify_and_names_its_end(filled):
    for _ in range(5):
        filled.get("/api/v1/summary", headers=AUDITOR)
    rows, after = [], 0
    while after is not None:
        page = filled.get(f"/api/v1/audit?after={after}&limit=3", headers=AUDITOR).json()
        rows, after = rows + page["audit"], page["next"]
    entries = [
        Entry(row["number"], row["at_ms"], row["actor"], row["kind"], row["about"], row["words"],
              bytes.fromhex(row["prev"]), bytes.fromhex(row["hash"]))
        for row in rows
    ]  # fmt: skip
    end = Head(page["head"]["number"], bytes.fromhex(page["head"]["hash"]))
    assert len(entries) == end.number >= 8 and list(check(entries, [end])) == []
