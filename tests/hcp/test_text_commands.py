"""``hcp text``: what an official sees, and what a program reads."""

import json

import pytest
from typer.testing import CliRunner

from central.core.text_parts import MAX_FILE_CHARS
from hcp.exits import Exit
from hcp.main import app

run = CliRunner()
GOOD = "差评产生时间：2024年3月4日\n差评原因：因制卡延误。\n处理结果：3月5日已补发。\n下一步举措：将每周核对。\n"
BAD = GOOD.replace("3月5日已补发。", "我局将加强管理。")


@pytest.fixture
def write(tmp_path):
    def write(text: str | bytes):
        file = tmp_path / "text.txt"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(file)

    return write


def check(*words, **more):
    return run.invoke(app, ["text", "check", *words], **more)


def test_a_good_reply_ends_with_0(write):
    done = check(write(GOOD))
    assert done.exit_code == Exit.OK and "未发现问题" in done.stderr


def test_a_bad_reply_is_explained_in_words(write):
    done = check(write(BAD))
    assert done.exit_code == Exit.FAILURE
    for words in ("不合格", "附件2 二(三)1", "“将”", "附件2 二(三)4", "“加强管理”", "请改写为已经完成的事实"):
        assert words in done.stderr


def test_a_program_gets_places_in_the_whole_text():
    done = check("-", "--json", input=BAD)
    found = json.loads(done.stdout)
    assert done.exit_code == Exit.FAILURE and found["fails"]
    assert [one["words"] for one in found["findings"]] == ["将", "加强管理"]
    for one in found["findings"]:
        assert BAD[one["start"] : one["end"]] == one["words"]


def test_something_to_look_at_does_not_fail(write):
    done = check(write(GOOD.replace("下一步举措：将每周核对。\n", "")), "--json")
    assert done.exit_code == Exit.OK
    assert [(one["weight"], one["field"]) for one in json.loads(done.stdout)["findings"]] == [("look", "next_measures")]


def test_an_appeal_is_checked_for_its_ground(write):
    text = write("于3月8日、3月9日联系群众，均未接听电话，无法核实差评细节。")
    assert check(text, "--kind", "appeal", "--ground", "refused").exit_code == Exit.OK
    done = check(text, "--kind", "appeal", "--ground", "malicious")
    assert done.exit_code == Exit.FAILURE and "判断恶意评价的依据" in done.stderr


def test_a_word_can_be_added(write):
    assert check(write(GOOD), "--word", "补发").exit_code == Exit.FAILURE


@pytest.mark.parametrize(
    ("text", "words", "said"),
    [
        (GOOD, ["--kind", "appeal"], "--ground"),
        (GOOD, ["--ground", "test_rating"], "--ground"),
        ("好" * (MAX_FILE_CHARS + 1), [], "最多"),
        (b"\xff" * 100, [], "UTF-8"),
        (b"a" * (4 * MAX_FILE_CHARS + 1), [], "最多"),
    ],
)
def test_wrong_usage_says_what_to_do(write, text, words, said):
    done = check(write(text), *words)
    assert done.exit_code == Exit.USAGE and said in done.stderr


def test_a_file_that_is_not_there_is_named():
    done = check("nowhere.txt")
    assert done.exit_code == Exit.USAGE and "nowhere.txt" in done.stderr


def test_the_rules_are_listed():
    done = run.invoke(app, ["text", "rules"])
    assert done.exit_code == Exit.OK and "附件2 二(三)9" in done.stdout and "`wrong_item`" in done.stdout
