"""Signing in, sessions, and what becomes of wrong passwords."""

import pytest

from central import granting, passwords
from central.accounts import IDLE_MS, SESSION_MS, Accounts, Refused
from central.clock import HandClock
from central.core.roles import Grant, Role, Scope
from central.passwords import COST
from tests.central.conftest import NOW_MS
from tests.central.people import City, found_city


@pytest.fixture
def city(store) -> City:
    return found_city(store)


@pytest.fixture
def clock() -> HandClock:
    return HandClock(NOW_MS)


@pytest.fixture
def accounts(city, clock) -> Accounts:
    return Accounts(city.store, clock)


def sign_in(accounts: Accounts, city: City, account: str = "handler", address: str = "10.0.0.7") -> str:
    token = accounts.sign_in(account, city.passwords[account], address)
    assert isinstance(token, str)
    return token


def audited(city: City) -> list[tuple[str, str, str, str]]:
    with city.store.read() as connection:
        rows = connection.exec_driver_sql("SELECT actor, kind, about, words FROM audit ORDER BY number").all()
    return [tuple(row) for row in rows]


def test_who_signs_in_is_known_with_grants_and_numbers(accounts, city):
    session = accounts.session(sign_in(accounts, city, "rated"))
    assert session.must_change
    assert session.viewer.id == "rated" and session.viewer.org == "police" and session.viewer.csrf
    assert session.viewer.grants == (Grant(Role.STAFF, Scope.OWN),)
    assert session.viewer.staff == {"test-hall/S01"}
    assert audited(city)[-1] == ("rated", "write", "account/rated", "登录")


def test_each_session_has_a_token_of_its_own_of_which_only_the_hash_is_kept(accounts, city):
    tokens = {sign_in(accounts, city) for _ in range(3)}
    assert len(tokens) == 3 and min(map(len, tokens)) >= 43
    with city.store.read() as connection:
        dumped = repr(connection.exec_driver_sql("SELECT * FROM sessions").all())
        dumped += repr(connection.exec_driver_sql("SELECT * FROM audit").all())
    assert not any(token in dumped for token in tokens) and city.passwords["handler"] not in dumped


def test_a_session_ends_when_it_is_idle_and_after_eight_hours(accounts, city, clock):
    token = sign_in(accounts, city)
    clock.turn(IDLE_MS - 1)
    assert accounts.session(token)
    clock.turn(IDLE_MS - 1)
    assert accounts.session(token)
    clock.turn(IDLE_MS)
    assert accounts.session(token) is None
    token = sign_in(accounts, city)
    for _ in range(SESSION_MS // (IDLE_MS // 2) - 1):
        clock.turn(IDLE_MS // 2)
        assert accounts.session(token)
    clock.turn(IDLE_MS // 2)
    assert accounts.session(token) is None


@pytest.mark.parametrize("token", ["", "x", "x" * 10_000, "é"])
def test_what_is_no_token_is_nobody(accounts, token):
    assert accounts.session(token) is None


def test_signing_out_ends_this_session_and_no_other(accounts, city):
    one, other = sign_in(accounts, city), sign_in(accounts, city)
    accounts.sign_out(one)
    assert accounts.session(one) is None and accounts.session(other)


def test_an_account_that_is_closed_or_reset_is_out_at_once(accounts, city):
    token = sign_in(accounts, city)
    city.do(granting.set_active, "handler", False)
    assert accounts.session(token) is None
    assert isinstance(accounts.sign_in("handler", city.passwords["handler"], "a"), Refused)
    city.do(granting.set_active, "handler", True)
    token = sign_in(accounts, city)
    new = city.do(granting.reset_password, "handler")
    assert accounts.session(token) is None
    assert isinstance(accounts.sign_in("handler", city.passwords["handler"], "b"), Refused)
    assert isinstance(accounts.sign_in("handler", new, "c"), str)


def test_a_grant_that_ended_is_gone_from_a_running_session(accounts, city, clock):
    token = sign_in(accounts, city)
    city.do(granting.give, "handler", Grant(Role.AUDITOR, Scope.ALL), NOW_MS + 5000)
    assert len(accounts.session(token).viewer.grants) == 2
    clock.turn(5000)
    assert accounts.session(token).viewer.grants == (Grant(Role.HANDLER, Scope.ORG, "police"),)
    city.now_ms = clock.now_ms()
    city.do(granting.end, city.grants["handler", Role.HANDLER])
    assert accounts.session(token).viewer.grants == ()


@pytest.mark.parametrize("account", ["handler", "no-such-one"])
def test_after_a_few_failures_everybody_waits_longer_each_time(accounts, city, clock, account):
    waits = []
    for number in range(12):
        refused = accounts.sign_in(account, "wrong", f"address {number}")
        waits.append(refused.wait_ms)
        clock.turn(refused.wait_ms)
    assert waits == [0, 0, 0, 0, *(min(1000 * 2**step, 900_000) for step in range(8))]


def test_while_it_waits_even_the_right_password_is_refused_and_afterwards_is_not(accounts, city, clock):
    for _ in range(5):
        accounts.sign_in("handler", "wrong", "a")
    assert accounts.sign_in("handler", city.passwords["handler"], "b") == Refused(1000)
    clock.turn(1000)
    assert isinstance(accounts.sign_in("handler", city.passwords["handler"], "b"), str)
    assert accounts.sign_in("handler", "wrong", "b") == Refused(0)


def test_one_address_that_guesses_names_waits_too_but_never_long(accounts, city, clock):
    for number in range(30):
        refused = accounts.sign_in(f"name{number}", "wrong", "10.0.0.7")
        clock.turn(refused.wait_ms)
    assert refused.wait_ms == 60_000
    assert accounts.sign_in("x", "wrong", "10.0.0.8") == Refused(0)


def test_the_audit_tells_who_failed_and_keeps_no_unknown_name(accounts, city):
    accounts.sign_in("handler", "wrong", "10.0.0.7")
    accounts.sign_in("my-password-by-mistake", "x", "10.0.0.7")
    assert audited(city)[-2:] == [
        ("handler", "refused", "address/10.0.0.7", "登录失败"),
        ("-", "refused", "address/10.0.0.7", "登录失败：账号不存在或已停用"),
    ]


def test_a_changed_password_ends_every_session_and_is_the_one_that_counts(accounts, city):
    token = sign_in(accounts, city)
    assert accounts.change_password("handler", "wrong", "a new long one") == "原密码不正确"
    assert accounts.change_password("handler", city.passwords["handler"], city.passwords["handler"])
    assert accounts.change_password("handler", city.passwords["handler"], "a new long one") is None
    assert accounts.session(token) is None
    token = accounts.sign_in("handler", "a new long one", "a")
    assert not accounts.session(token).must_change
    assert audited(city)[-3][3] == "修改密码"


@pytest.mark.parametrize("password", ["short", "x" * 201, "aaaaaaaaaaaaaaa", "my-Handler-pass"])
def test_a_password_that_will_not_do_is_refused(password):
    assert passwords.problem(password, "handler")


def test_a_stored_password_is_scrypt_with_a_salt_of_its_own():
    one, two = passwords.hashed("same"), passwords.hashed("same")
    assert COST == (15, 8, 3) and one != two and one.startswith("scrypt$") and "same" not in one
    assert passwords.matches("same", one) and not passwords.matches("other", one) and not passwords.matches("", None)


def test_first_passwords_are_random_and_readable():
    made = {passwords.first() for _ in range(100)}
    assert len(made) == 100 and all(len(one) == 19 and passwords.problem(one, "x1") is None for one in made)
