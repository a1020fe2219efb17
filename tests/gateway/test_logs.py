"""The log's form, and that nothing secret and nobody's identity gets through it."""

import contextlib
import io
import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import logs
from gateway.core import redaction

ID_NUMBER = "11010519491231002X"  # the example of GB 11643-1999
PEM = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEG\n-----END PRIVATE KEY-----"


@pytest.fixture
def configured():
    """Lines as they would stand in the file."""
    with contextlib.ExitStack() as undo:

        def configure(**options) -> io.StringIO:
            stream = io.StringIO()
            undo.enter_context(logs.configured(stream=stream, **options))
            return stream

        yield configure


def test_afterwards_the_log_is_as_it_was():
    root, chatty = logging.getLogger(), logging.getLogger("httpx")
    before = root.handlers[:], root.level, chatty.level
    with logs.configured(level="error", stream=io.StringIO()):
        assert root.handlers != before[0] and root.level == logging.ERROR
    assert (root.handlers[:], root.level, chatty.level) == before


def test_a_line_of_json_says_when_who_how_grave_and_what(configured):
    stream = configured(as_json=True)
    logging.getLogger("gateway.reception").warning("refused from %s: %s", "w01", "bad_signature")
    (line,) = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "refused from w01: bad_signature", "level": "warning", "logger": "gateway.reception"}


def test_the_level_decides_and_chatty_libraries_stay_quiet(configured):
    stream = configured(level="warning", as_json=True)
    logging.getLogger("gateway").info("no")
    logging.getLogger("httpx").info("no")
    logging.getLogger("gateway").error("yes")
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["yes"]
    assert "yes" in stream.getvalue()


@pytest.mark.parametrize("as_json", [True, False])
def test_an_errors_own_text_is_redacted_too(configured, as_json):
    stream = configured(as_json=as_json)
    try:
        raise ValueError(f"no such applicant {ID_NUMBER}, phone 13800138000\n{PEM}")
    except ValueError:
        logging.getLogger("gateway").exception("from the queue system")
    said = stream.getvalue()
    assert "ValueError" in said and "[身份证号]" in said and "[手机号]" in said
    assert ID_NUMBER not in said and "13800138000" not in said and "MIGHAg" not in said


@pytest.mark.parametrize(
    ("words", "left"),
    [
        (f"申请人 {ID_NUMBER} 到窗", "申请人 [身份证号] 到窗"),
        ("电话+86 13912345678。", "电话[手机号]。"),
        ("Authorization: Bearer abcDEF123-_.~", "Authorization: Bearer [密钥]"),
        ("central_key=s3cr3t-value, batch=500", "central_key=[密钥], batch=500"),
        ("password: 'hunter2!'", "password: [密钥]"),
        (PEM, "[PRIVATE KEY]"),
        # what only looks like it stays: times, case numbers, hashes
        ("at 1795641184123 ms, case 330302202611250001", "at 1795641184123 ms, case 330302202611250001"),
        ("hash 5f13800138000aab", "hash 5f13800138000aab"),
        ("the key of w01 has 12 characters", "the key of w01 has 12 characters"),
    ],
)
def test_what_is_taken_out_and_what_stays(words, left):
    assert redaction.text(words) == left


def test_fields_named_like_secrets_lose_their_value_at_any_depth():
    said = redaction.event({"device": "w01", "downlink_key": b"1234", "sent": [{"Authorization": "x", "seq": 7}]})
    assert said == {"device": "w01", "downlink_key": "[隐去]", "sent": [{"Authorization": "[隐去]", "seq": 7}]}


@given(st.from_regex(r"\d{17}", fullmatch=True), st.text(max_size=20), st.text(max_size=20))
def test_every_id_number_goes_whatever_stands_around_it(digits, before, after):
    number = next(digits + check for check in "0123456789X" if redaction.is_id_number(digits + check))
    said = redaction.text(f"{before} {number} {after}")
    assert number not in said
