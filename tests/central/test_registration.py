"""Registering who there is."""

import pytest
from sqlalchemy import select

from central import directory, granting, registration, tables
from central.core.regions import KIND_TITLES, TIER_TITLES, OrgKind, Tier, is_below
from central.core.roles import Grant, Role, Scope
from central.registration import RegistrationError
from tests.central.people import City, found_city


@pytest.fixture
def city(store) -> City:
    return found_city(store)


def lacking(city: City, region: str | None = None) -> dict[str, tuple[str, ...]]:
    with city.store.read() as connection:
        return {row.org: row.posts for row in registration.lacking(connection, city.now_ms, region)}


@pytest.mark.requirement("WZ-2b")
def test_institutions_are_of_the_three_kinds_and_centres():
    assert set(OrgKind) == {"agency", "party_body", "authorised", "centre"} == set(KIND_TITLES)


@pytest.mark.requirement("WZ-2b")
def test_every_kind_of_institution_is_stored_and_gets_windows(city):
    for org, window, kind in (("archive", "7", OrgKind.PARTY_BODY), ("notary", "8", OrgKind.AUTHORISED)):
        city.person(f"{org}-handler", org, Grant(Role.HANDLER, Scope.ORG, org))
        city.do(registration.activate_org, org)
        city.do(registration.assign_window, city.hall, window, org)
        with city.store.read() as connection:
            assert directory.org_of(connection, city.hall, window) == org
            assert connection.execute(select(tables.orgs.c.kind).where(tables.orgs.c.id == org)).scalar_one() is kind


@pytest.mark.requirement("WZ-3b")
def test_the_four_levels_of_wenzhou_stand_below_each_other():
    four = [Tier.CITY, Tier.COUNTY, Tier.TOWN, Tier.VILLAGE]
    assert all(is_below(lower, upper) for upper, lower in zip(four, four[1:], strict=False))
    assert set(TIER_TITLES) == set(Tier) and not is_below(Tier.TOWN, Tier.TOWN)


@pytest.mark.parametrize("tier", [Tier.CITY, Tier.COUNTY])
@pytest.mark.requirement("WZ-3b")
def test_a_region_stands_below_a_higher_one_only(city, tier):
    with pytest.raises(RegistrationError, match="地区层级不正确"):
        city.do(registration.add_region, "odd", "某地", tier, "lucheng")


@pytest.mark.requirement("WZ-5e")
def test_an_institution_without_a_handler_cannot_be_activated(city):
    with pytest.raises(RegistrationError, match="处置员（WZ 第五条5款），不能启用"):
        city.do(registration.activate_org, "notary")
    # somebody who handles for another institution does not count, nor one who may no longer sign in
    city.person("gone", "notary", Grant(Role.HANDLER, Scope.ORG, "notary"))
    city.do(granting.set_active, "gone", False)
    with pytest.raises(RegistrationError, match="不能启用"):
        city.do(registration.activate_org, "notary")
    city.do(granting.set_active, "gone", True)
    city.do(registration.activate_org, "notary")


def test_an_institution_that_is_not_active_gets_no_window(city):
    with pytest.raises(RegistrationError, match="尚未启用"):
        city.do(registration.assign_window, city.hall, "9", "notary")
    city.do(registration.deactivate_org, "tax")
    with pytest.raises(RegistrationError, match="尚未启用"):
        city.do(registration.assign_window, city.hall, "9", "tax")


@pytest.mark.requirement("WZ-5e", "MOT-6", "JX-3.1c", "JX-4.1")
def test_the_report_names_who_has_nobody_for_what(city):
    posts = ("handler", "contact", "leader", "collector")
    assert lacking(city) == {
        **dict.fromkeys(("archive", "letters", "notary"), posts),
        **dict.fromkeys(("lc-centre", "police", "tax"), posts[1:]),
    }
    city.do(registration.appoint, "police", contact="赵某", leader="钱某", collector="孙某")
    assert "police" not in lacking(city)
    assert set(lacking(city, "ouhai")) == set() and set(lacking(city, "wenzhou")) >= {"letters", "tax"}
    city.do(granting.end, city.grants["handler", Role.HANDLER])
    assert lacking(city)["police"] == ("handler",)


@pytest.mark.parametrize(
    ("deed", "given", "words"),
    [
        (registration.add_region, ("lucheng", "鹿城区", Tier.COUNTY, "wenzhou"), "已登记"),
        (registration.add_region, ("a/b", "某地", Tier.COUNTY, "wenzhou"), "编号应为"),
        (registration.add_region, ("x", "某地", Tier.COUNTY, "nowhere"), "没有登记上级地区"),
        (registration.add_region, ("x", " ", Tier.COUNTY, "wenzhou"), "名称应为"),
        (registration.add_org, ("x", "某局", OrgKind.AGENCY, "nowhere"), "没有登记地区"),
        (registration.place_hall, ("no hall", "lucheng", "police"), "大厅编号不正确"),
        (registration.assign_window, ("test-hall", "", "police"), "窗口号"),
        (registration.close_window, ("test-hall", "77"), "没有登记窗口"),
        (registration.name_staff, ("test-hall", "S77", "某", "nobody"), "没有登记账号"),
        (granting.add_account, ("x", "某", "nowhere"), "没有登记机构"),
        (granting.give, ("handler", Grant(Role.HANDLER, Scope.ORG, "nowhere")), "没有登记机构"),
        (granting.give, ("nobody", Grant(Role.AUDITOR, Scope.ALL)), "没有登记账号"),
        (granting.end, (999,), "没有生效中的授权"),
    ],
)
def test_what_cannot_be_registered_is_refused_in_words_and_changes_nothing(city, deed, given, words):
    with city.store.read() as connection:
        before = list(connection.exec_driver_sql("SELECT count(*), max(number) FROM audit"))
    with pytest.raises(RegistrationError, match=words):
        city.do(deed, *given)
    with city.store.read() as connection:
        assert list(connection.exec_driver_sql("SELECT count(*), max(number) FROM audit")) == before


def test_every_registration_is_in_the_audit(city):
    with city.store.read() as connection:
        rows = connection.exec_driver_sql("SELECT actor, kind, about, words FROM audit ORDER BY number").all()
    assert {row.actor for row in rows} == {"host:tester"} and {row.kind for row in rows} == {"write"}
    assert ("host:tester", "write", "org/police", "启用机构") in [tuple(row) for row in rows]
    assert any(row.about == "account/handler" and "处置员，机构 police" in row.words for row in rows)
    every = " ".join(row.words for row in rows)
    assert not any(password in every for password in city.passwords.values())
