"""Words for people stay out of what ships, and with them the parameters that only carried them."""

from simulator.terse import terse

CHECKS = """
class ProtocolError(Exception):
    pass
def check(ok, detail):
    if not ok:
        raise ProtocolError("bad_packet", detail)
def uint(fields, key, name, most, least=0):
    if key not in fields:
        raise ProtocolError("bad_field", "%s (%d) is missing" % (name, key))
    return least <= fields[key] <= most
def held(value, words):
    raise ProtocolError("bad_field", words)
TABLE = (held,)
"""
USER = """
from lib import checks
from lib.checks import check, uint
def read(fields, log):
    check(len(fields) == 2, "two, got %d" % len(fields))
    checks.check(log.write("x"), log.name)
    return uint(fields, 1, "seq", 9, 1)
def refuse():
    raise OSError("the broker does not answer")
"""


def out():
    return terse({"lib/checks.py": CHECKS, "protocol/user.py": USER})


def test_an_error_keeps_its_code_and_loses_its_words():
    assert "raise ProtocolError('bad_packet')" in out()["lib/checks.py"]
    assert "is missing" not in out()["lib/checks.py"] and "two, got" not in out()["protocol/user.py"]


def test_a_parameter_that_nothing_reads_goes_with_its_arguments():
    assert "def check(ok):" in out()["lib/checks.py"] and "checks.check(log.write('x'))" in out()["protocol/user.py"]
    assert "def uint(fields, key, most, least=0):" in out()["lib/checks.py"]
    assert "uint(fields, 1, 9, 1)" in out()["protocol/user.py"]


def test_a_function_that_somebody_holds_keeps_its_parameters():
    assert "def held(value, words):" in out()["lib/checks.py"]


def test_an_argument_that_does_something_stays():
    text = "def note(ok, words):\n    return ok\ndef run(log):\n    return note(1, log.take())"
    assert "note(1, log.take())" in terse({"a.py": text})["a.py"]
    assert "note(1)" in terse({"a.py": text.replace("log.take()", "log.taken")})["a.py"]


def test_what_a_technician_reads_stays():
    assert "the broker does not answer" in out()["protocol/user.py"]
    wrong = "def parse(text):\n    raise ValueError('expected one line of base64')"
    assert "base64" in terse({"firmware/provision.py": wrong})["firmware/provision.py"]
    assert "base64" not in terse({"firmware/crypto/p256.py": wrong})["firmware/crypto/p256.py"]


def test_a_call_that_may_mean_two_functions_keeps_its_arguments():
    one = "def check(ok, words):\n    return ok"
    two = "def check(ok, words):\n    return words"
    user = "if big:\n    from one import check\nelse:\n    from two import check\nprint(check(1, 'why'))"
    assert terse({"one.py": one, "two.py": two, "user.py": user})["user.py"].endswith("print(check(1, 'why'))")
