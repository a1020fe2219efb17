"""Signing in over HTTP: the pages, the cookie, the form's token, and programs."""

import re
from collections.abc import Iterator

import pytest

from central import auth
from central.app import create_app
from central.clock import HandClock
from tests.central.conftest import NOW_MS, Client
from tests.central.people import Browser, City, found_city
from tests.central.test_http_events import check_problem


@pytest.fixture
def client(settings) -> Iterator[Client]:
    app = create_app(settings, HandClock(NOW_MS))
    yield Client(app)
    app.state.reader.close()
    app.state.store.close()


@pytest.fixture
def city(client: Client) -> City:
    return found_city(client.app.state.store)


@pytest.fixture
def browser(client) -> Browser:
    return Browser(client)


def audited(city: City) -> list[tuple[str, str, str]]:
    with city.store.read() as connection:
        rows = connection.exec_driver_sql("SELECT actor, kind, about FROM audit ORDER BY number").all()
    return [tuple(row) for row in rows]


def test_the_form_is_a_page_that_needs_no_script(browser):
    answer = browser.get("/login")
    assert answer.status_code == 200 and "<script" not in answer.text
    assert re.search(r'<label for="account">账号</label>', answer.text) and 'type="password"' in answer.text
    assert "form-action 'self'" in answer.headers["content-security-policy"]


def test_the_first_password_leads_to_a_new_one_and_nowhere_else(browser, city):
    answer = browser.sign_in("handler", city.passwords["handler"])
    assert answer.status_code == 303 and answer.headers["location"] == "/"
    check_problem(browser.get("/api/v1/me"), 403, "forbidden")
    page = browser.get("/password")
    assert "当前密码是初始密码" in page.text
    browser.csrf = re.search(r'name="csrf" value="([^"]+)"', page.text)[1]
    first = city.passwords["handler"]
    answer = browser.submit("/password", old=first, new="a long new one", again="a long new two")
    assert answer.status_code == 422 and "两次输入的新密码不一致" in answer.text
    assert browser.submit("/password", old=first, new="short", again="short").status_code == 422
    answer = browser.submit("/password", old=first, new="a long new one", again="a long new one")
    assert answer.status_code == 303 and answer.headers["location"] == "/login"
    check_problem(browser.get("/api/v1/me"), 401, "unauthorized")
    assert browser.sign_in("handler", "a long new one").status_code == 303
    assert browser.get("/api/v1/me").json()["grants"] == [
        {"role": "handler", "title": "处置员", "scope": "org", "of": "police", "scope_title": "机构"}
    ]


def test_the_cookie_is_for_this_site_alone_and_no_script_reads_it(browser, city):
    cookie = browser.sign_in("handler", city.passwords["handler"]).headers["set-cookie"]
    assert cookie.startswith(f"{auth.COOKIE}=") and "HttpOnly" in cookie and "SameSite=strict" in cookie
    assert "Path=/" in cookie and "Secure" not in cookie and "Domain" not in cookie and "expires" not in cookie.lower()


def test_over_tls_the_cookie_is_secure_and_a_plain_one_is_not_taken(client, city):
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    body = f"account=handler&password={city.passwords['handler']}"
    answer = client("POST", "https://central/login", headers=form, content=body)
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-hcp-session=") and "Secure" in cookie
    value = answer.cookies["__Host-hcp-session"]
    assert client.get("https://central/api/v1/me", headers={"Cookie": f"__Host-hcp-session={value}"}).status_code == 403
    assert client.get("https://central/api/v1/me", headers={"Cookie": f"{auth.COOKIE}={value}"}).status_code == 401


def test_signing_in_again_gives_another_session_and_ends_the_old_one(browser, city, client):
    browser.settle_in(city, "handler")
    old = dict(browser.cookies)
    browser.sign_in("handler", "sesame-for-reldnah-9")
    assert browser.cookies != old
    assert client.get("/api/v1/me", headers={"Cookie": f"{auth.COOKIE}={old[auth.COOKIE]}"}).status_code == 401


def test_a_token_that_somebody_planted_becomes_nobodys_session(browser, city, client):
    browser.cookies[auth.COOKIE] = "planted"
    browser.settle_in(city, "handler")
    assert browser.cookies[auth.COOKIE] != "planted"
    assert client.get("/api/v1/me", headers={"Cookie": f"{auth.COOKIE}=planted"}).status_code == 401


def test_a_wrong_password_and_an_unknown_account_are_answered_alike(browser, city):
    pages = [browser.sign_in(account, "wrong") for account in ("handler", "unheard")]
    texts = [page.text.replace("handler", "unheard") for page in pages]
    assert [page.status_code for page in pages] == [401, 401] and texts[0] == texts[1]
    assert "账号或密码不正确。" in texts[0]


def test_after_a_few_failures_the_page_says_when_to_try_again(browser, city):
    pages = [browser.sign_in("handler", "wrong") for _ in range(6)]
    assert [page.status_code for page in pages] == [401] * 4 + [429] * 2
    assert pages[-1].headers["retry-after"] == "1" and "请在 1 秒后再试" in pages[-1].text


@pytest.mark.parametrize(
    ("given", "to"),
    [
        ("/handlings?queue=due", "/handlings?queue=due"),
        ("//evil.example/", "/"),
        ("/\\evil.example/", "/"),
        ("https://evil.example/", "/"),
        ("/a\r\nSet-Cookie: x", "/"),
        ("/" + "a" * 400, "/"),
    ],
)
def test_one_is_led_to_a_page_of_ours_and_to_no_other(browser, city, given, to):
    assert browser.sign_in("handler", city.passwords["handler"], next=given).headers["location"] == to


@pytest.mark.parametrize(
    ("account", "home"), [("handler", "/worklist"), ("reform", "/worklist"), ("rated", "/mine"), ("nobody-yet", "/")]
)
def test_who_said_nowhere_is_led_to_where_the_work_is(client, city, account, home):
    city.person("nobody-yet", "police")
    browser = Browser(client).settle_in(city, account)
    browser.cookies.clear()
    answer = browser.sign_in(account, f"sesame-for-{account[::-1]}-9")
    assert (answer.status_code, answer.headers["location"]) == (303, home)


def test_signing_out_needs_the_forms_token(browser, city):
    browser.settle_in(city, "handler")
    good = browser.csrf
    browser.csrf = "wrong"
    check_problem(browser.submit("/logout"), 403, "forbidden")
    assert audited(city)[-1] == ("handler", "refused", "POST /logout")
    assert browser.get("/api/v1/me").status_code == 200
    browser.csrf = good
    answer = browser.submit("/logout")
    assert answer.status_code == 303 and "Max-Age=0" in answer.headers["set-cookie"]
    assert browser.get("/api/v1/me").status_code == 401


def test_a_form_from_another_site_is_refused(browser, city):
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "cross-site"}
    body = f"account=handler&password={city.passwords['handler']}"
    check_problem(browser("POST", "/login", headers=headers, content=body), 403, "forbidden")


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"Content-Type": "application/json"}, "{}", 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, "a=" + "x" * 70_000, 413),
        ({"Content-Type": "application/x-www-form-urlencoded"}, "&".join(f"a{n}=1" for n in range(200)), 422),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"account=\xff", 422),
        ({"Content-Type": "application/x-www-form-urlencoded"}, "account=%ff%fe", 422),
    ],
)
def test_what_is_no_form_is_refused(browser, headers, body, status):
    assert browser("POST", "/login", headers=headers, content=body).status_code == status


def test_a_program_signs_in_and_needs_no_forms_token(client, city, browser):
    browser.settle_in(city, "handler")
    given = {"account": "handler", "password": "sesame-for-reldnah-9"}
    answer = client("POST", "/api/v1/sessions", json=given)
    assert answer.status_code == 201 and answer.headers["cache-control"] == "no-store"
    key = {"Authorization": f"Bearer {answer.json()['token']}"}
    assert client.get("/api/v1/me", headers=key).json()["id"] == "handler"
    assert client("DELETE", "/api/v1/sessions", headers=key).status_code == 200
    check_problem(client.get("/api/v1/me", headers=key), 401, "unauthorized")


def test_a_program_with_a_cookie_sends_the_token_in_a_header(browser, city):
    browser.settle_in(city, "handler")
    check_problem(browser("DELETE", "/api/v1/sessions"), 403, "forbidden")
    assert browser("DELETE", "/api/v1/sessions", headers={auth.CSRF_HEADER: browser.csrf}).status_code == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("[]", 422),
        ("{", 400),
        ("[" * 4000, 400),
        ('{"account": "\\ud800", "password": "x"}', 422),
        ('{"account": 1, "password": "x"}', 422),
        ("x" * 5000, 413),
    ],
)
def test_what_is_no_sign_in_is_refused(client, body, status):
    assert client("POST", "/api/v1/sessions", content=body).status_code == status


def test_a_programs_wrong_password_says_no_more_than_the_page(client, city):
    answers = [
        client("POST", "/api/v1/sessions", json={"account": account, "password": "x"}) for account in ("handler", "y")
    ]
    assert answers[0].content == answers[1].content
    check_problem(answers[0], 401, "unauthorized")


@pytest.mark.parametrize("key", ["auditor-key-for-tests-only", "hall-key-for-tests-only-01", "x"])
def test_the_keys_of_halls_and_auditors_are_no_account(client, city, key):
    check_problem(client.get("/api/v1/me", headers={"Authorization": f"Bearer {key}"}), 401, "unauthorized")
