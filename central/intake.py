"""What citizens say without a device: a rating with a one-use token, and what they add to it afterwards.

Each is one transaction that ends in the same step as a device's ratings do (`Store.settle`), so a bad rating enters
the loop whichever way it came. A request that is sent again is answered as the first time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from central import voices
from central.clock import Clock
from central.core import deadlines, rating_token, spoken
from central.core.calendar import ZONE, Calendar
from central.core.deadline_words import explain
from central.core.deadlines import Counting
from central.core.rating import Channel, Status
from central.core.rating_token import Purpose, Token
from central.core.refusal import Refusal
from central.core.spoken import Word
from central.handlings import finished
from central.store import Store
from central.tables import ratings, supplements
from central.tokens import Tokens
from central.voices import Voice

#: What a citizen is told. Nothing in it depends on the level.
SAID = {
    Status.COUNTED: "评价已收到并计入",
    Status.ALREADY_RATED: "本次服务已有评价，以先前的评价为准；这一次的也已保存，不重复计入",
    Status.WAITING_SERVICE: "评价已收到，办件信息到达后计入",
}


@dataclass(frozen=True)
class Taken:
    """A rating that is on the disk. ``repeated``: it had been before."""

    id: int
    status: Status
    repeated: bool = False


class Intake:
    """Threads may share it."""

    def __init__(
        self, store: Store, tokens: Tokens, clock: Clock, calendar: Callable[[], Calendar], counting: Counting
    ):
        self._store = store
        self._tokens = tokens
        self._clock = clock
        self._calendar = calendar
        self._counting = counting

    def token_for(
        self, hall: str, channel: Channel, service: tuple[str, int], lasts_ms: int, identity: str | None = None
    ) -> str | Refusal:
        """A token for a citizen who was served. ``identity``: the number of the citizen's document, if it is known;
        only its keyed hash goes on."""
        case_no, service_no = service
        with self._store.read() as connection:
            if not voices.service_known(connection, hall, case_no, service_no):
                return Refusal(
                    "unknown_service", "没有这次服务的记录，不能签发评价凭证；请先上报办件和服务", rating_token.RULE
                )
            refusal = self._too_early(connection, hall, channel, case_no) or self._rated_online(
                connection, hall, channel, case_no
            )
        if refusal:
            return refusal
        rater = self._tokens.rater(identity) if identity else None
        return self._tokens.make(hall, channel, self._clock.now_ms() + lasts_ms, service, rater)

    def rate(self, text: str, word: Word, case_no: str | None = None, service_no: int | None = None) -> Taken | Refusal:
        """A citizen rates the service that the token is for."""
        token = self._tokens.read(text)
        if isinstance(token, Refusal):
            return token
        refused = rating_token.misuse(token, Purpose.SERVICE, case_no, service_no)
        if refused:
            return refused
        now_ms = self._clock.now_ms()
        with self._store.write() as connection:
            known = voices.find(connection, token.hall, token.origin, token.key)
            if known is not None:
                same = word.same_as(known.level, known.reasons, known.text)
                return Taken(known.id, known.status, repeated=True) if same else rating_token.USED
            ended = rating_token.over(token, now_ms)
            if ended:
                return ended
            voice = _voice(token, now_ms)
            number = voices.add(connection, self._store.rules, voice, word, now_ms)
            self._store.settle(connection, token.hall, now_ms, set(), {(voice.case_no, voice.service_no)})
            return Taken(number, voices.status_of(connection, number))

    def add_to(self, text: str, reasons: list[int], words: str | None) -> Taken | Refusal:
        """The citizen adds reasons or words 追评 to the rating of the service that the token is for; that stays.

        A token that was used for the rating itself shows as well as another who speaks.
        """
        token = self._tokens.read(text)
        if isinstance(token, Refusal):
            return token
        refused = rating_token.misuse(token, Purpose.SERVICE)
        if refused:
            return refused
        if self._store.rules.supplement is None:
            return self._store.rules.unsaid("no_supplement", "追评、补评", "C-22")
        now_ms = self._clock.now_ms()
        with self._store.write() as connection:
            rated = voices.counted(connection, token.hall, *_service(token))
            if rated is None:
                return Refusal("not_rated", "本次服务还没有评价，不能追评；请先作出评价", rating_token.RULE)
            word = Word(level=rated.level, reasons=reasons, text=words)
            if not word.reasons and not word.text:
                return Refusal("nothing_said", "追评须勾选理由或填写文字", spoken.RULE)
            return self._add(connection, token, rated, word, now_ms)

    def _add(self, connection: Connection, token: Token, rated: Any, word: Word, now_ms: int) -> Taken | Refusal:
        query = select(supplements).where(supplements.c.rating == rated.id)
        known = connection.execute(query).one_or_none()
        if known is not None:
            if known.key == token.key and word.same_as(word.level, known.reasons, known.text):
                return Taken(rated.id, rated.status, repeated=True)
            return Refusal(
                "added_before", "本次服务已有追评，每个评价只能追评一次；先前的内容已保存", "本系统规则：追评一次"
            )
        term = self._store.rules.supplement
        assert term is not None
        start = datetime.fromtimestamp((rated.wall_ms or rated.received_ms) / 1000, ZONE)
        deadline = deadlines.count(term, start, self._calendar(), self._counting)
        if now_ms >= deadline.due_ms:
            return Refusal("too_late", f"已过追评时限。{explain(deadline)}", term.article)
        row = {
            "rating": rated.id,
            "hall": token.hall,
            "key": token.key,
            "reasons": list(word.reasons),
            "text": word.text or None,
            "given_ms": now_ms,
        }
        connection.execute(insert(supplements), row)
        return Taken(rated.id, rated.status)

    def _too_early(self, connection: Connection, hall: str, channel: Channel, case_no: str) -> Refusal | None:
        rules = self._store.rules
        if channel is not Channel.SMS or rules.online != "per_finished_case" or finished(connection, hall, case_no):
            return None
        return Refusal(
            "not_finished", "线上评价在办结后进行：该办件尚未办结，不能签发线上评价凭证", rules.online_article or ""
        )

    def _rated_online(self, connection: Connection, hall: str, channel: Channel, case_no: str) -> Refusal | None:
        rules = self._store.rules
        if channel is not Channel.SMS or rules.online not in ("per_case", "per_finished_case"):
            return None
        online = (Channel.PC, Channel.MOBILE, Channel.SMS)
        query = select(ratings.c.id).where(
            ratings.c.hall == hall,
            ratings.c.case_no == case_no,
            ratings.c.status == Status.COUNTED,
            ratings.c.channel.in_(online),
        )
        if connection.execute(query.limit(1)).first() is None:
            return None
        return Refusal(
            "case_rated", "线上一事一评：该办件已有线上评价，不再签发线上评价凭证", rules.online_article or ""
        )


def _service(token: Token) -> tuple[str, int]:
    assert token.case_no is not None and token.service_no is not None  # a token for a service names it
    return token.case_no, token.service_no


def _voice(token: Token, now_ms: int) -> Voice:
    return Voice(token.hall, token.origin, token.channel, token.key, *_service(token), now_ms, token.rater)
