"""The feed posted to a business system: signed, in order, again until it is taken, and nowhere else."""

import base64
import hashlib
import hmac
import json
import threading

import httpx
import pytest

from gateway.feed import Feed
from gateway.web import systems
from gateway.web.systems import System, Webhook
from gateway.webhook import LaterError, Poster, signature

SECRET = bytes(range(32))
URL = "https://queue.example.org/hcp"


class Receiver:
    """A business system that answers as it is told, and keeps what it got."""

    def __init__(self):
        self.answers: list[httpx.Response | Exception] = []
        self.got: list[httpx.Request] = []
        self.changed = threading.Condition()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        request.read()
        with self.changed:
            self.got.append(request)
            self.changed.notify_all()
        answer = self.answers.pop(0) if self.answers else httpx.Response(204)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def wait(self, count: int) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.got) >= count, 10)


@pytest.fixture
def receiver():
    return Receiver()


@pytest.fixture
def poster(desk, receiver):
    system = System("queue", b"", frozenset({"feed"}), frozenset({"A1", "A2"}), webhook=Webhook(URL, SECRET))
    poster = Poster(system, desk.feed, desk.clock, httpx.MockTransport(receiver))
    yield poster
    poster.stop()


def rated(desk, *windows: str) -> None:
    for window in windows:
        desk.store.run(
            lambda c, w=window: c.execute(
                "INSERT INTO feed (at_ms, type, window, case_no, service_no) VALUES (0, 'rated', ?, 'C1', 1)", (w,)
            )
        )


def events(request: httpx.Request) -> list[tuple]:
    return [(event.get("id"), event["type"]) for event in json.loads(request.content)["events"]]


def test_what_is_told_is_posted_signed_and_once(desk, poster, receiver):
    assert poster.post_next() is False and receiver.got == []
    rated(desk, "A1", "A9", "A2")
    assert poster.post_next() is True and poster.post_next() is False
    (request,) = receiver.got
    assert events(request) == [(1, "rated"), (3, "rated")]
    # checked as the document of the standard says, not by our own function
    signed = b".".join([request.headers["webhook-id"].encode(), request.headers["webhook-timestamp"].encode()])
    digest = hmac.new(SECRET, signed + b"." + request.content, hashlib.sha256).digest()
    assert request.headers["webhook-signature"] == "v1," + base64.b64encode(digest).decode()
    assert int(request.headers["webhook-timestamp"]) == desk.clock.now_ms() // 1000


def test_the_signature_is_the_standards_own_example():
    # Standard Webhooks 1.0.0, the vector of its reference libraries
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    assert (
        signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
        == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(500),
        httpx.Response(404),
        httpx.Response(410),
        httpx.Response(302, headers={"location": "http://169.254.169.254/"}),
        httpx.ConnectError("down"),
        httpx.ReadTimeout("slow"),
    ],
)
def test_what_is_not_taken_comes_again_and_no_redirect_is_followed(desk, poster, receiver, answer):
    poster.post_next()
    rated(desk, "A1")
    receiver.answers.append(answer)
    with pytest.raises(LaterError):
        poster.post_next()
    rated(desk, "A2")
    assert poster.post_next() is True
    assert [str(request.url) for request in receiver.got] == [URL, URL]
    assert events(receiver.got[1]) == [(1, "rated"), (2, "rated")]


def test_it_waits_as_long_as_it_is_asked_to(poster, desk, receiver):
    poster.post_next()
    rated(desk, "A1")
    receiver.answers.append(httpx.Response(429, headers={"retry-after": "120"}))
    with pytest.raises(LaterError) as caught:
        poster.post_next()
    assert caught.value.retry_after_ms == 120_000


def test_after_a_restart_it_goes_on_where_it_was(desk, poster, receiver):
    poster.post_next()
    rated(desk, "A1")
    poster.post_next()
    rated(desk, "A2")
    again = Poster(poster._system, Feed(desk.store, desk.clock), desk.clock, httpx.MockTransport(receiver))
    again.post_next()
    again.stop()
    assert [events(request) for request in receiver.got] == [[(1, "rated")], [(2, "rated")]]


def test_a_new_webhook_begins_with_what_comes_next(desk, poster, receiver):
    rated(desk, "A1")
    assert poster.post_next() is False
    assert receiver.got == []


def test_what_was_dropped_meanwhile_is_said(desk, poster, receiver):
    poster.post_next()
    rated(desk, "A1", "A1", "A2")
    desk.store.run(lambda c: c.execute("DELETE FROM feed WHERE id <= 2"))
    poster.post_next()
    assert events(receiver.got[0]) == [(None, "gap"), (3, "rated")]


def test_the_thread_posts_when_there_is_news_and_tries_again(desk, poster, receiver, monkeypatch):
    monkeypatch.setattr("gateway.webhook.backoff_ms", lambda *_: 1)
    desk.feed.cursor("queue")
    receiver.answers.append(httpx.Response(503))
    rated(desk, "A1")
    poster.start()
    receiver.wait(2)
    assert events(receiver.got[0]) == events(receiver.got[1]) == [(1, "rated")]


@pytest.mark.parametrize(
    "lines",
    [
        'webhook = "https://x.example"',
        f'webhook_secret = "whsec_{base64.b64encode(SECRET).decode()}"',
        'webhook = "https://x.example"\nwebhook_secret = "short"',
        'webhook = "https://x.example"\nwebhook_secret = "whsec_AAAA"',
        *(
            f'webhook = "{url}"\nwebhook_secret = "whsec_{base64.b64encode(SECRET).decode()}"'
            for url in ("ftp://x", "file:///etc/passwd", "https://", "https://u:p@x.example", "https://[", "x")
        ),
        "windows = []",
        "windows = [1]",
        "rate = 0",
        "colour = 1",
    ],
)
def test_a_system_that_is_described_wrongly_is_refused(tmp_path, lines):
    path = tmp_path / "systems.toml"
    path.write_text(f'[[system]]\nname = "q"\nkey = "{"k" * 30}"\nscopes = ["feed"]\n{lines}\n')
    with pytest.raises(systems.SystemsError, match="systems.toml") as caught:
        systems.load(path)
    assert base64.b64encode(SECRET).decode() not in str(caught.value)


def test_a_systems_secret_is_never_shown(tmp_path):
    text = base64.b64encode(SECRET).decode()
    path = tmp_path / "systems.toml"
    path.write_text(
        f'[[system]]\nname = "q"\nkey = "{"k" * 30}"\nscopes = []\nwebhook = "{URL}"\nwebhook_secret = "whsec_{text}"\n'
    )
    (system,) = systems.load(path).webhooks()
    assert system.webhook.secret == SECRET
    assert text not in repr(system) and repr(SECRET) not in repr(system)
