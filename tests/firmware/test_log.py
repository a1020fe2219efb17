"""The lines that wait for a connection."""

from firmware import log


def taken(lines):
    found = []
    while line := lines.take():
        found.append(line)
    return found


def test_a_line_is_printed_at_once_and_taken_once(capsys):
    lines = log.Lines()
    lines.put("link: up")
    assert capsys.readouterr().out == "link: up\n"
    assert lines.take() == (log.INFO, "link: up") and lines.take() is None


def test_what_is_below_the_level_is_neither_printed_nor_kept(capsys):
    lines = log.Lines()
    lines.put("detail", log.DEBUG)
    lines.level = log.ERROR
    lines.put("warning", log.WARNING)
    assert capsys.readouterr().out == "" and lines.take() is None
    lines.level = log.DEBUG
    lines.put("detail", log.DEBUG)
    assert lines.take() == (log.DEBUG, "detail")


def test_the_newest_lines_are_kept_and_a_line_again_is_one():
    lines = log.Lines()
    for number in range(log.KEEP + 3):
        lines.put(f"line {number}")
        lines.put(f"line {number}")
    assert [text for _, text in taken(lines)] == [f"line {number}" for number in range(3, log.KEEP + 3)]


def test_a_long_line_is_cut_between_characters_to_what_the_wire_allows():
    lines = log.Lines()
    for text in ("x" * 300, "x" + "评" * 100, "评" * 66 + "xx"):
        lines.put(text)
    found = [text for _, text in taken(lines)]
    assert [len(text.encode()) for text in found] == [200, 199, 200]
    assert found[1] == "x" + "评" * 66
