"""What the picture of a story must show, and the one thing it must not."""

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from sqlalchemy import create_engine, insert, update

from central import tables
from gateway.schema import migrate
from simulator.picture import TOGETHER, draw, svg
from simulator.played import Counts, Happening, NotPlayedError, Played, Rating, Serving, Shift, read

SVG = "{http://www.w3.org/2000/svg}"
T = 1_800_000_000_000

STORY = Played(
    opened_ms=T,
    servings=(
        Serving("A01", "c1", 1, "户口迁移", T + 500, T + 2500, T + 4000),
        Serving("A01", "c2", 1, "出生登记", T + 4000, T + 6000, None),
        Serving("A02", "c3", 1, "企业备案", T + 500, T + 2500, None),
    ),
    shifts=(Shift("A01", "1001", T, None), Shift("A02", "1002", T, T + 3000), Shift("A02", "1004", T + 5000, None)),
    ratings=(
        Rating("a01", 2, "A01", T + 2000, T + 3000, T + 3010, ("c1", 1)),
        Rating("a02", 2, "A02", T + 2100, T + 3000, T + 9000, ("c3", 1)),
        Rating("a02", 3, "A02", T + 4500, T + 5500, T + 9000, None),
    ),
    happenings=(
        Happening("central_down", T + 4000, T + 8000),
        Happening("gateway_down", T + 4700, T + 5200),
        Happening("device_off", T + 6500, T + 6800, "A01"),
        Happening("network_cut", T + 7000, T + 7400, "A02"),
        Happening("attack", T + 7500, T + 7500, "central"),
    ),
    counts=Counts(pressed=3, central=3, silent=1, forged=1, rejected=1),
    title="一个上午",
)


def parts(text, *names):
    """Every element that carries all these classes."""
    return [e for e in ElementTree.fromstring(text).iter() if set(names) <= set(e.get("class", "").split())]


def words(text):
    return " ".join(e.text or "" for e in ElementTree.fromstring(text).iter(f"{SVG}text"))


def test_each_rating_has_one_star_at_its_second_and_a_dot_where_it_arrived():
    text = svg(STORY)
    stars = parts(text, "mark")
    assert len(stars) == len(STORY.ratings)
    assert len(parts(text, "dot", "g")) == len(parts(text, "dot", "c")) == len(STORY.ratings)
    pressed = [rating.pressed_ms for rating in STORY.ratings]
    x = [float(star.get("x")) for star in stars]
    assert (x[1] - x[0]) / (x[2] - x[0]) == pytest.approx(
        (pressed[1] - pressed[0]) / (pressed[2] - pressed[0]), abs=0.01
    )


def test_a_press_without_a_service_is_hollow_and_no_other():
    hollow = parts(svg(STORY), "mark", "hollow")
    assert ["未关联" in star.find(f"{SVG}title").text for star in hollow] == [True]


def test_a_service_nobody_rated_has_no_star_and_says_so():
    text = svg(STORY)
    assert len(parts(text, "quiet")) == 1 + 1  # the legend shows one
    assert words(text).count("没有评价") == 2
    assert not [star for star in parts(text, "mark") if "c2" in star.find(f"{SVG}title").text]


def test_an_unbound_press_during_a_service_leaves_open_whether_its_citizen_was_silent():
    stray = Rating("a01", 3, "A01", T + 5000, T + 5500, T + 9000, None)
    text = svg(replace(STORY, ratings=(*STORY.ratings, stray)))
    assert words(text).count("没有评价") == 1


def test_every_happening_has_its_band():
    text = svg(STORY)
    for kind in ("central_down", "gateway_down", "device_off", "network_cut"):
        (band,) = parts(text, "out", kind)
        assert float(band.get("width")) > 2
    assert len(parts(text, "attack")) == 1
    down = parts(text, "central_down")[0]
    left, width = float(down.get("x")), float(down.get("width"))
    waiting = [float(dot.get("x")) for dot in parts(text, "dot", "c")]
    assert not [x for x in waiting if left < x < left + width]


def test_what_had_to_wait_is_drawn_apart():
    (late,) = [e for e in parts(svg(STORY), "late") if e.get("d").count("M") > 1]
    # two on their way to central, and the one press that met a closed gateway
    assert late.get("d").count("M") == 3
    calm = replace(STORY, ratings=STORY.ratings[:1], happenings=())
    assert [e.get("d") for e in parts(svg(calm), "late")].count("") == 1


def test_what_never_reached_central_is_circled():
    gone = replace(STORY.ratings[0], central_ms=None)
    text = svg(replace(STORY, ratings=(gone, *STORY.ratings[1:])))
    assert len(parts(text, "missing")) == 1 and not parts(svg(STORY), "missing")
    assert len(parts(text, "dot", "c")) == 2


def test_many_that_arrive_together_are_counted():
    many = tuple(Rating("a01", n, "A01", T + 100 * n, T + 200 * n, T + 9000, None) for n in range(TOGETHER))
    assert f"{TOGETHER} 条一起到达" in words(svg(replace(STORY, ratings=many)))
    assert "一起到达" not in words(svg(replace(STORY, ratings=many[1:])))


@pytest.mark.parametrize("bad", ["lost", "duplicated", "misbound"])
def test_the_headline_tells_a_fault_in_red(bad):
    def red(story):
        return [e.text for e in parts(svg(story), "fig", "bad")]

    assert red(STORY) == []
    assert red(replace(STORY, counts=replace(STORY.counts, **{bad: 7}))) == ["7"]


def test_strange_text_is_shown_as_text():
    nasty = '</text><script>alert("1")</script>&\x00\ud800'
    serving = replace(STORY.servings[0], item=nasty, case_no=nasty)
    text = svg(replace(STORY, servings=(serving,), shifts=(Shift("A01", nasty, T, None),), title=nasty))
    root = ElementTree.fromstring(text.encode())
    assert not list(root.iter(f"{SVG}script"))
    assert any("<script>" in (e.text or "") for e in root.iter(f"{SVG}text"))


def test_nothing_is_fetched_from_anywhere():
    text = svg(STORY)
    assert not list(ElementTree.fromstring(text).iter(f"{SVG}script"))
    assert "url(" not in text and "@import" not in text
    links = [e.get("href") for e in ElementTree.fromstring(text).iter() if e.get("href")]
    assert links and all(link.startswith("#") for link in links)
    assert "prefers-color-scheme:dark" in text


def test_an_empty_story_is_a_readable_picture():
    text = svg(Played())
    assert "没有办件" in words(text) and not parts(text, "mark")


def test_a_story_with_services_only_can_be_drawn():
    assert len(parts(svg(replace(STORY, ratings=())), "bar")) == 1  # the legend's; the three services are silent
    assert not parts(svg(replace(STORY, ratings=())), "mark")


# ---------------------------------------------------------------- from databases as the programs make them

LEVELS = ("very_satisfied", "very_dissatisfied")


@pytest.fixture
def folder(tmp_path):
    with closing(sqlite3.connect(tmp_path / "gateway.db", isolation_level=None)) as gateway:
        migrate(gateway)
        _fill_gateway(gateway)
    engine = create_engine(f"sqlite:///{tmp_path / 'central.db'}")
    tables.metadata.create_all(engine)
    with engine.begin() as central:
        _fill_central(central)
    engine.dispose()
    summary = {"pressed": 2, "central": 2, "lost": 0, "duplicated": 0, "misbound": 0, "silent": 0, "forged": 0}
    (tmp_path / "summary.json").write_text(json.dumps({**summary, "rejected": 0, "complaints": []}))
    return tmp_path


def _fill_gateway(gateway):
    signs = (("sign_in", "1001", T), ("sign_out", "1001", T + 3000), ("sign_in", "1002", T + 3500))
    for number, (sign, staff, at_ms) in enumerate(signs):
        gateway.execute(
            "INSERT INTO business_events (source, event_id, hash, type, at_ms, received_ms, window, staff)"
            " VALUES ('queue', ?, x'', ?, ?, ?, 'A01', ?)",
            (str(number), sign, at_ms, at_ms, staff),
        )
    gateway.execute("INSERT INTO cases VALUES ('c1', 1, 'i1', '户口迁移', 'finished', ?, ?)", (T, T))
    gateway.execute(
        "INSERT INTO services (case_no, service_no, revision, window, staff, called_ms, served_ms, finished_ms,"
        " closed_ms, status) VALUES ('c1', 1, 3, 'A01', '1001', ?, ?, ?, NULL, 'finished')",
        (T + 500, T + 900, T + 2000),
    )
    gateway.execute(
        "INSERT INTO servings (window, start_ms, case_no, service_no, staff, end_ms, served_ms)"
        " VALUES ('A01', ?, 'c1', 1, '1001', ?, ?)",
        (T + 500, T + 3000, T + 900),
    )
    for seq, pressed_ms in ((2, T + 1500), (3, T + 3200)):
        gateway.execute(
            "INSERT INTO records (device, seq, hash, prev, body, kind, window, from_ms, to_ms, received_ms, state)"
            " VALUES ('a01', ?, ?, x'', x'05', 1, 'A01', ?, ?, ?, 'linked')",
            (seq, bytes([seq]), pressed_ms - 20, pressed_ms + 20, pressed_ms + 500),
        )
    for seq, number, status, case_no in ((2, 1, "unbound", None), (2, 2, "bound", "c1"), (3, 1, "unbound", None)):
        gateway.execute(
            "INSERT INTO bindings (device, seq, number, status, rule, window, case_no, service_no, staff, candidates,"
            " error_ms, decided_ms) VALUES ('a01', ?, ?, ?, 'token', 'A01', ?, ?, NULL, '[]', NULL, ?)",
            (seq, number, status, case_no, case_no and 1, T + 3000),
        )


def _fill_central(central):
    central.execute(
        insert(tables.devices).values(device="a01", hall="demo", key=b"", key_fingerprint="", window="A01", pinned_ms=T)
    )
    for (seq, pressed_ms), level in zip(((2, T + 1500), (3, T + 3200)), LEVELS, strict=True):
        central.execute(
            insert(tables.records).values(
                device="a01", seq=seq, kind=1, prev=b"", hash=b"", body=b"5", arrived="linked",
                gateway_received_ms=pressed_ms + 500, received_ms=pressed_ms + 700,
            )
        )  # fmt: skip
        central.execute(
            insert(tables.ratings).values(
                hall="demo", device="a01", seq=seq, origin="citizen_device", level=level, reasons=[], indicators=0,
                flags=0, boot=1, uptime_ms=1, wall_ms=pressed_ms, error_ms=20, status="unbound",
                channel="hall_terminal", received_ms=pressed_ms + 700,
            )
        )  # fmt: skip


def test_a_folder_is_read_as_it_was_played(folder):
    story = read(folder)
    assert story.opened_ms == T
    assert story.servings == (Serving("A01", "c1", 1, "户口迁移", T + 500, T + 2000, T + 3000),)
    assert story.shifts == (Shift("A01", "1001", T, T + 3000), Shift("A01", "1002", T + 3500, None))
    assert story.ratings == (
        Rating("a01", 2, "A01", T + 1500, T + 2000, T + 2200, ("c1", 1)),
        Rating("a01", 3, "A01", T + 3200, T + 3700, T + 3900, None),
    )
    assert story.counts == Counts(pressed=2, central=2)


def lose(folder, which: str) -> None:
    """What a damaged disk does, and the database itself refuses."""
    with closing(sqlite3.connect(folder / "gateway.db", isolation_level=None)) as gateway:
        gateway.execute("DROP TRIGGER records_remain")
        gateway.execute(f"DELETE FROM records WHERE {which}")


@pytest.mark.parametrize("gateway_keeps", [True, False])
def test_the_picture_is_the_same_whichever_star_was_pressed(folder, gateway_keeps):
    if not gateway_keeps:
        lose(folder, "TRUE")
    before = draw(folder, STORY.happenings, "一个上午")
    engine = create_engine(f"sqlite:///{folder / 'central.db'}")
    with engine.begin() as central:
        for seq, level in zip((2, 3), reversed(LEVELS), strict=True):
            central.execute(update(tables.ratings).where(tables.ratings.c.seq == seq).values(level=level))
            central.execute(update(tables.records).where(tables.records.c.seq == seq).values(body=level.encode()))
    engine.dispose()
    assert draw(folder, STORY.happenings, "一个上午") == before
    assert len({star.get("href") for star in parts(before, "mark")}) == 1


def test_a_rating_that_central_lost_is_still_drawn(folder):
    with closing(sqlite3.connect(folder / "central.db", isolation_level=None)) as central:
        central.execute("DELETE FROM ratings WHERE seq = 3")
    assert [rating.central_ms is None for rating in read(folder).ratings] == [False, True]


def test_a_rating_that_only_central_still_has_is_drawn(folder):
    lose(folder, "seq = 3")
    story = read(folder)
    assert [(r.gateway_ms is None, r.pressed_ms) for r in story.ratings] == [(False, T + 1500), (True, T + 3200)]
    assert len(parts(svg(story), "mark")) == 2


def test_reading_changes_nothing(folder):
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    draw(folder)
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before


@pytest.mark.parametrize("missing", ["summary.json", "gateway.db", "central.db"])
def test_a_folder_without_a_story_says_what_to_do(folder, missing):
    (folder / missing).unlink()
    with pytest.raises(NotPlayedError, match="hcp sim run"):
        draw(folder)
