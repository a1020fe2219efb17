"""The policy of a deployment is told to its halls at start, once for each version, and ratings remember it."""

from central import policies
from central.core import handdown
from tests.central.conftest import HALL_KEY
from tests.central.intake_world import IntakeWorld, overrides


def told(world):
    headers = {"Authorization": f"Bearer {HALL_KEY}"}
    answer = world.client.get("/api/v1/halls/test-hall/corrections", headers=headers).json()
    return [(one["kind"], one["data"]["version"]) for one in answer["corrections"]]


def handed(name):
    return handdown.handed_down(policies.load(name), policies.national())


def test_a_start_publishes_the_policy_and_a_restart_nothing(tmp_path):
    world = IntakeWorld(tmp_path, "mot")
    wanted = [("indicators", handed("mot").indicators["version"]), ("policy", handed("mot").policy["version"])]
    assert told(world) == wanted
    for _ in range(2):
        world.restart()
        assert told(world) == wanted
    world.close()


def test_without_a_policy_nothing_is_published(tmp_path):
    world = IntakeWorld(tmp_path, None)
    assert told(world) == []
    world.close()


def change(world, policy, **others):
    """The same place under another policy."""
    world.close()
    file = overrides(world.settings.data_dir, policy, **others)
    update = {"policy": policy, "policy_overrides": file}
    world.settings = world.settings.model_copy(update=update)
    world.open()


def test_another_policy_and_an_override_of_what_halls_show_are_published_and_the_way_back_too(tmp_path):
    world = IntakeWorld(tmp_path, "mot")
    change(world, "siping")
    change(world, "siping", prompts__window='{ title = "窗口提示", words = "请评价" }')
    change(world, "mot")
    versions = [version for kind, version in told(world) if kind == "policy"]
    assert versions == [handed("mot").policy["version"], handed("siping").policy["version"], versions[2], versions[0]]
    assert len(set(versions)) == 3
    world.close()


def test_each_rating_remembers_the_policy_it_was_given_under(tmp_path):
    world = IntakeWorld(tmp_path, "mot", now="2026-09-30 15:00")
    for number in range(1, 6):
        world.service(f"C{number}")
    world.press(5, "C1")
    pressed_before = world.device.rating(4, wall_ms=world.clock.now_ms(), error_ms=50)
    late = world.gateway.record(pressed_before, world.gateway.bound(world.device, "C2"))
    world.clock.turn(86_400_000)
    change(world, "siping")
    world.clock.turn(60_000)
    assert world.take(late) == ["accepted"]
    world.press(5, "C3")
    world.rate(world.token("C4"))
    old, new = handed("mot").policy["version"], handed("siping").policy["version"]
    assert world.seen("case_no", "policy_version") == [("C1", old), ("C2", old), ("C3", new), ("C4", new)]
    world.close()


def test_without_a_policy_none_is_remembered(tmp_path):
    world = IntakeWorld(tmp_path, None)
    world.service("C1")
    world.press(5, "C1")
    assert world.seen("policy_version") == [(None,)]
    world.close()
