"""Opening an identity: by the handler of an open bad rating, for a reason that is on the disk first; by no other."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from central import consents, keyring, reveals, tables
from central.core import revealing
from central.core.consent import Consent, Part
from central.core.handling import DAY_MS, Action
from central.core.refusal import Refusal
from central.core.roles import Grant, Role, Scope, Viewer
from central.office import UnknownHandling
from central.reveals import Reveals
from protocol.identity import Callee, Contact
from tests.central.office_world import REVIEWER, OfficeWorld

NAME, PHONE, AGENT = "欧阳思齐", "13800002222", "司徒代办"
CALLEE = Callee(Contact(NAME, PHONE), Contact(AGENT))
REASON = "差评回访"
ORG = "test-hall"


def person(name: str, role: Role, scope: Scope, part: str = "", **more) -> Viewer:
    return Viewer(name, name, ORG, (Grant(role, scope, part),), **more)


HAN = person("han", Role.HANDLER, Scope.ORG, ORG)
#: Who sees the file and not whom to call; who does not even see the file.
READERS = [
    person("rui", Role.REVIEWER, Scope.ALL),
    person("su", Role.REGION_ADMIN, Scope.ALL),
    person("du", Role.SUPERVISOR, Scope.ALL),
    person("gai", Role.COORDINATOR, Scope.ALL),
    person("shen", Role.AUDITOR, Scope.ALL),
]
STRANGERS = [
    person("hu", Role.HANDLER, Scope.ORG, "tax"),
    person("chuang", Role.STAFF, Scope.OWN),
    Viewer("x", "x", ORG),
]
OTHERS = {viewer: "party" for viewer in READERS} | {viewer: "unseen" for viewer in STRANGERS}


class World(OfficeWorld):
    """With an identity key, and somebody behind each case."""

    def open(self) -> None:
        path = keyring.path_of(self.settings)
        self.keys = keyring.load(path) if path.exists() else keyring.add(path)
        super().open()
        self.reveals = Reveals(self.store, self.settings, self.keys, self.clock)

    def named(self, callee: Callee = CALLEE, **more) -> int:
        """A bad rating with somebody to be called back; gives its handling."""
        case_no = self.case()
        key = list(self.keys.keys.values())[-1].public_key()
        assert self.take(self.gateway.identity(case_no, callee, key, **more)) == ["accepted"]
        number = self.rate(1, case_no)
        assert number is not None
        return number

    def rows(self, table) -> list:
        with self.store.read() as connection:
            return list(connection.execute(select(table)).mappings())

    def asked(self, number: int) -> list[tuple]:
        with self.store.read() as connection:
            return [(one.account, str(one.outcome), one.reason) for one in reveals.of_handling(connection, number)]


@pytest.fixture
def open_world(place, gateway):
    worlds = []

    def make(policy="wenzhou", **given) -> World:
        worlds.append(World(place, gateway, policy, **given))
        return worlds[-1]

    yield make
    for world in worlds:
        world.close()


@pytest.fixture
def world(open_world) -> World:
    return open_world()


def refused(answer, code: str) -> Refusal:
    assert isinstance(answer, Refusal) and answer.code == code, answer
    assert NAME not in str(answer) and PHONE not in str(answer)
    return answer


@pytest.mark.requirement("WZ-10b")
@pytest.mark.requirement("MOT-10b")
@pytest.mark.requirement("SP-5.4")
@pytest.mark.requirement("LZ-2.1.4b")
def test_the_handler_of_an_open_case_sees_whom_to_call_and_nobody_else_does(world):
    number = world.named()
    assert world.reveals.may_reveal(HAN, number) is None
    assert world.reveals.reveal(HAN, number, REASON) == CALLEE
    assert world.asked(number) == [("han", "granted", REASON)]
    for viewer, code in OTHERS.items():
        refused(world.reveals.may_reveal(viewer, number), code)
        refused(world.reveals.reveal(viewer, number, REASON), code)
    assert [line[1] for line in world.asked(number)[1:]] == ["refused"] * len(OTHERS)


def test_who_is_rated_or_served_the_case_is_kept_out_under_whichever_name(world):
    number = world.named()
    held = world.office.file(number).held
    rated = replace(HAN, id="li", staff=frozenset({f"{ORG}/S01"}))
    refused(world.reveals.reveal(rated, number, REASON), "unseen")
    # somebody served the case after the rating came: the windows know more by now
    later = world.gateway.service(held.case_no, service_no=2)
    later["data"]["staff"] = "S02"
    helper = replace(HAN, id="wang", staff=frozenset({f"{ORG}/S02"}))
    assert world.reveals.may_reveal(helper, number) is None
    world.take(later)
    refused(world.reveals.reveal(helper, number, REASON), "unseen")
    reviewed = replace(HAN, id=REVIEWER.id)
    assert world.reveals.may_reveal(reviewed, number) is None
    world.must(number, Action.CALL_BACK)
    world.must(number, Action.APPEAL, ground="malicious")
    world.must(number, Action.REJECT, REVIEWER)
    refused(world.reveals.reveal(reviewed, number, REASON), "conflict")


def test_once_it_is_closed_nobody_calls_any_more(world):
    number = world.named()
    world.must(number, Action.CALL_BACK)
    world.must(number, Action.APPEAL, ground="malicious")
    assert world.reveals.may_reveal(HAN, number) is None
    world.must(number, Action.UPHOLD, REVIEWER)
    assert world.state(number) == "not_adopted"
    refused(world.reveals.reveal(HAN, number, REASON), "closed")


@pytest.mark.parametrize("reason", ["", "    ", "回访", "x" * 201, "回访该差评\n另一行"])
def test_without_a_reason_nothing_opens_and_nothing_is_written(world, reason):
    number = world.named()
    refused(world.reveals.reveal(HAN, number, reason), "reason")
    assert world.asked(number) == []


def test_the_line_is_on_the_disk_before_anything_opens(world, monkeypatch):
    number = world.named()
    seen = []

    def look(*_):
        seen.append(world.asked(number))
        raise RuntimeError("the process ends here")

    monkeypatch.setattr(type(world.keys), "unseal", look)
    with pytest.raises(RuntimeError):
        world.reveals.reveal(HAN, number, REASON)
    assert seen == [[("han", "granted", REASON)]] and world.asked(number) == seen[0]


def test_if_the_line_cannot_be_written_nothing_opens(world, monkeypatch):
    number = world.named()

    def full(*_args):
        raise OSError("no room")

    monkeypatch.setattr("central.reveals.audit.append", full)
    monkeypatch.setattr(type(world.keys), "unseal", lambda *_: pytest.fail("it was opened"))
    with pytest.raises(OSError, match="no room"):
        world.reveals.reveal(HAN, number, REASON)
    assert world.asked(number) == []


def test_a_few_on_a_day_and_then_an_alarm(open_world, capsys):
    world = open_world(reveals_per_day=2)
    first, second, nobody = world.named(), world.named(), world.rate(1)
    refused(world.reveals.reveal(HAN, nobody, REASON), "nothing")
    for number in (first, first):
        assert world.reveals.reveal(HAN, number, REASON) == CALLEE
    refused(world.reveals.reveal(HAN, second, REASON), "limit")
    assert "too many identities" in capsys.readouterr().out
    assert world.asked(second) == [("han", "limited", REASON)]
    # refused ones do not count, another account has its own, and Beijing's next day begins at midnight
    assert world.reveals.reveal(replace(HAN, id="he"), second, REASON) == CALLEE
    world.turn_to("2026-09-30 23:59")
    refused(world.reveals.reveal(HAN, second, REASON), "limit")
    world.turn_to("2026-10-01 00:00")
    assert world.reveals.reveal(HAN, second, REASON) == CALLEE


def test_the_day_is_beijings():
    midnight = revealing.day_start_ms(0)
    assert midnight == -8 * 3_600_000
    assert revealing.day_start_ms(midnight + DAY_MS - 1) == midnight
    assert revealing.day_start_ms(midnight + DAY_MS) == midnight + DAY_MS


def test_where_nobody_left_a_number_it_says_so(world):
    for callee in (Callee(Contact(NAME)), None):
        number = world.named(callee) if callee else world.rate(1)
        assert "未提供联系方式" in str(refused(world.reveals.may_reveal(HAN, number), "nothing"))
        refused(world.reveals.reveal(HAN, number, REASON), "nothing")


def test_the_newest_is_shown(world):
    number = world.named()
    held = world.office.file(number).held
    corrected = Callee(Contact(NAME, "13900003333"))
    key = next(iter(world.keys.keys.values())).public_key()
    world.take(world.gateway.identity(held.case_no, corrected, key, revision=2))
    assert world.reveals.reveal(HAN, number, REASON) == corrected


def test_moved_to_another_service_in_the_database_it_does_not_open(world, capsys):
    number, other = world.named(), world.rate(1)
    case_no = world.office.file(other).held.case_no
    with world.store.write() as connection:
        connection.execute(tables.identities.update().values(case_no=case_no))
    answer = refused(world.reveals.reveal(HAN, other, REASON), "sealed")
    assert "系统管理员" in str(answer) and "does not open" in capsys.readouterr().out
    refused(world.reveals.reveal(HAN, number, REASON), "nothing")


def test_a_turned_key_opens_what_it_sealed_and_a_lost_one_is_named_at_the_start(world, capsys):
    old = world.named()
    path = keyring.path_of(world.settings)
    keyring.add(path)
    world.restart()
    assert world.reveals.reveal(HAN, world.named(), REASON) == world.reveals.reveal(HAN, old, REASON) == CALLEE
    world.reveals.warn_of_lost_keys()
    assert "cannot be opened" not in capsys.readouterr().out
    lines = path.read_text().splitlines()
    path.write_text("\n".join(lines[:-2] + lines[-1:]) + "\n")
    world.restart()
    world.reveals.warn_of_lost_keys()
    assert lines[-2].split()[0] in capsys.readouterr().out
    refused(world.reveals.reveal(HAN, old, REASON), "sealed")


def test_no_such_handling(world):
    for ask in (
        lambda: world.reveals.reveal(HAN, 99, REASON),
        lambda: world.reveals.may_reveal(HAN, 99),
        lambda: world.reveals.withdraw_consent(HAN, 99, 1),
    ):
        with pytest.raises(UnknownHandling):
            ask()


# --- consents ---


def agreed(world, **more) -> Consent:
    now_ms = world.clock.now_ms()
    said = {"recipient": "市统计局", "scope": frozenset({Part.PHONE}), "given_ms": now_ms - 1000}
    return Consent(**{**said, "until_ms": now_ms + DAY_MS, **more})


@pytest.mark.requirement("WZ-10b")
@pytest.mark.requirement("MOT-10b")
@pytest.mark.requirement("SP-5.4")
@pytest.mark.requirement("LZ-2.1.4b")
def test_without_consent_nothing_is_handed_to_a_third_party_and_with_it_no_more_than_was_agreed(world):
    number = world.named()
    given = agreed(world)
    phone = frozenset({Part.PHONE})

    def hand_over(recipient=given.recipient, wanted=phone, viewer=HAN):
        return world.reveals.hand_over(viewer, number, REASON, recipient, wanted)

    assert "未经当事人同意" in str(refused(hand_over(), "consent"))
    consent_no = world.reveals.record_consent(HAN, number, given, "回访时电话口头同意，录音 17 号")
    assert isinstance(consent_no, int)
    assert hand_over() == Callee(Contact(None, PHONE), Contact())
    refused(hand_over(recipient="某公司"), "consent")
    refused(hand_over(wanted=frozenset(Part)), "consent")
    refused(hand_over(wanted=frozenset()), "consent")
    refused(hand_over(viewer=READERS[0]), "party")  # a consent makes nobody a handler
    world.clock.turn(DAY_MS)
    refused(hand_over(), "consent")  # its time is over
    world.clock.turn(-DAY_MS)
    assert world.reveals.withdraw_consent(HAN, number, consent_no) is None
    refused(hand_over(), "consent")
    refused(world.reveals.withdraw_consent(HAN, number, consent_no), "consent_record")


def test_a_consent_is_about_one_service_and_written_down_by_who_may_call(world):
    number, other = world.named(), world.named()
    consent_no = world.reveals.record_consent(HAN, number, agreed(world), "回访时口头同意")
    refused(world.reveals.withdraw_consent(HAN, other, consent_no), "consent_record")
    refused(world.reveals.hand_over(HAN, other, REASON, agreed(world).recipient, {Part.PHONE}), "consent")
    for viewer, code in OTHERS.items():
        refused(world.reveals.record_consent(viewer, number, agreed(world), "回访时口头同意"), code)
        refused(world.reveals.withdraw_consent(viewer, number, consent_no), code)
    with world.store.read() as connection:
        held = world.office.file(number).held
        (kept,) = consents.of_service(connection, (held.hall, held.case_no, held.service_no)).values()
    assert kept == agreed(world)


@pytest.mark.parametrize(
    ("change", "evidence"),
    [
        ({"recipient": " "}, "口头同意"),
        ({"recipient": "某" * 201}, "口头同意"),
        ({"scope": frozenset()}, "口头同意"),
        ({}, "同意"),
        ({}, "口头\n同意了"),
        ({"until_ms": 0}, "口头同意"),
        ({"given_ms": 2**52}, "口头同意"),
    ],
)
def test_a_consent_that_says_too_little_is_none(world, change, evidence):
    number = world.named()
    refused(world.reveals.record_consent(HAN, number, agreed(world, **change), evidence), "consent_record")
    assert world.rows(tables.consents) == []


# --- the end ---


def test_an_identity_is_erased_after_its_time_and_not_while_its_case_is_open(open_world):
    world = open_world(keep_identity_days=30)
    open_number = world.named()
    good = world.case()
    key = next(iter(world.keys.keys.values())).public_key()
    world.take(world.gateway.identity(good, CALLEE, key))
    closed = world.named()
    world.clock.turn(20 * DAY_MS)
    with world.store.write() as connection:  # closed now, whichever way
        loop = tables.handlings
        done = {"state": "closed", "closed_ms": world.clock.now_ms()}
        connection.execute(loop.update().where(loop.c.id == closed).values(**done))
    world.clock.turn(9 * DAY_MS)
    assert world.reveals.erase() == 0
    world.clock.turn(2 * DAY_MS)
    assert world.reveals.erase() == 1  # of the good rating, 31 days after it came
    left = {row["case_no"] for row in world.rows(tables.identities) if row["blob"] is not None}
    assert left == {world.office.file(number).held.case_no for number in (open_number, closed)}
    world.clock.turn(21 * DAY_MS)  # 32 days after that case was closed
    assert world.reveals.erase() == 1
    assert world.reveals.erase() == 0
    assert world.reveals.reveal(HAN, open_number, REASON) == CALLEE
    (gone,) = [row for row in world.rows(tables.identities) if row["case_no"] == good]
    assert gone["blob"] is None and gone["erased_ms"]
    with world.store.read() as connection:
        assert reveals.identities.has_identity(connection, ORG, good, 1)
        assert not reveals.identities.has_contact(connection, ORG, good, 1)


def test_what_was_erased_is_gone_from_the_file(open_world):
    world = open_world(keep_identity_days=30)
    if world.settings.database_url:
        pytest.skip("a server's files are its own affair")
    key = next(iter(world.keys.keys.values())).public_key()
    for _ in range(30):
        world.take(world.gateway.identity(world.case(), CALLEE, key))
    blobs = [row["blob"][500:600] for row in world.rows(tables.identities)]

    def still_there() -> int:
        world.restart()
        held = b"".join(path.read_bytes() for path in world.settings.data_dir.glob("central.db*"))
        return sum(blob in held for blob in blobs)

    assert still_there() == 30
    world.clock.turn(31 * DAY_MS)
    assert world.reveals.erase() == 30
    assert still_there() == 0
