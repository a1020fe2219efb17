"""The broker's memory and its rules: sessions, subscriptions, retained messages, who gets what. Pure.

Everything here runs to its end without waiting, so no table ever changes under a loop that reads it.
"""

from gateway.broker.acl import Role
from gateway.broker.session import Link, Message, Session
from gateway.broker.settings import BrokerSettings, BrokerStats
from protocol import mqtt

_CACHED_TOPICS = 16_384


class Hub:
    """All sessions of one broker."""

    def __init__(self, settings: BrokerSettings, stats: BrokerStats):
        self._settings = settings
        self._stats = stats
        self._sessions: dict[tuple[str, str], Session] = {}  # (CN, client id): no certificate reaches another's session
        self._retained: dict[str, Message] = {}
        self._exact: dict[str, dict[Session, int]] = {}  # topic -> granted QoS
        self._patterns: dict[str, tuple[list[str], dict[Session, int]]] = {}  # filter -> its levels, granted QoS
        self._targets: dict[str, tuple[tuple[Session, int], ...]] = {}  # cache of the two above

    # --- sessions ----------------------------------------------------------------------------------------------------

    def attach(self, name: str, role: Role, packet: mqtt.Connect, link: Link) -> tuple[Session, bool] | None:
        """Give a client its session, and whether it had one already (MQTT 3.1.2.4); None if there are too many.

        An older connection with the same client id is closed (MQTT-3.1.4-2). The caller answers with CONNACK, then
        calls ``resume``.
        """
        key = name, packet.client_id
        old = self._sessions.get(key)
        if old is not None and old.link is not None:
            self._stats.takeovers += 1
            old.link.close("taken over by a newer connection")
            old = self._sessions.get(key)  # a clean session ended with its connection
        if old is not None and (packet.clean or old.role is not role):
            self._drop(key)
            old = None
        if old is not None:
            old.clean = False
            old.link = link
            return old, True
        if len(self._sessions) >= self._settings.sessions:
            return None
        limits = self._settings.gateway_queue if role is Role.GATEWAY else self._settings.device_queue
        session = self._sessions[key] = Session(packet.client_id, role, packet.clean, limits)
        session.link = link
        self._stats.sessions = len(self._sessions)
        return session, False

    def expect(self, name: str, client_id: str, filters: tuple[str, ...]) -> None:
        """A gateway will connect and subscribe these: what devices publish before it does waits for it.

        Without its session a record that comes first would get its PUBACK and reach nobody, and its device would wait
        10 s before it sends it again (spec 6.4).
        """
        session = Session(client_id, Role.GATEWAY, False, self._settings.gateway_queue)
        self._sessions[name, client_id] = session
        self.subscribe(session, tuple((filter_, 1) for filter_ in filters))
        self._stats.sessions = len(self._sessions)

    def resume(self, session: Session) -> None:
        """Send what was in flight again, marked DUP and in its old order, then what waits."""
        if session.link is None:
            return
        for packet_id, message in session.in_flight():
            self._stats.redelivered += 1
            session.link.send(mqtt.publish(message.topic, message.payload, 1, packet_id, message.retain, dup=True))
        self.pump(session)

    def detach(self, name: str, session: Session, link: Link, will: Message | None) -> None:
        """A connection is gone; ``will`` if it did not say goodbye."""
        if session.link is link:
            session.link = None
            if session.clean:
                self._drop((name, session.client_id))
        if will is not None:
            self._stats.wills_published += 1
            self.publish(will)

    def forget(self, name: str) -> None:
        """End the sessions that a certificate left behind."""
        for key in [key for key, session in self._sessions.items() if key[0] == name and session.link is None]:
            self._drop(key)

    def _drop(self, key: tuple[str, str]) -> None:
        session = self._sessions.pop(key)
        self.unsubscribe(session, tuple(session.subscriptions))
        self._stats.queued -= len(session)
        self._stats.sessions = len(self._sessions)

    # --- subscriptions -----------------------------------------------------------------------------------------------

    def subscribe(self, session: Session, filters: tuple[tuple[str, int], ...]) -> None:
        for filter_, qos in filters:
            session.subscriptions[filter_] = qos
            if "+" in filter_ or "#" in filter_:
                self._patterns.setdefault(filter_, (filter_.split("/"), {}))[1][session] = qos
            else:
                self._exact.setdefault(filter_, {})[session] = qos
        self._targets.clear()

    def send_retained(self, session: Session, filters: tuple[tuple[str, int], ...]) -> None:
        """Retained messages for new or renewed subscriptions (MQTT-3.3.1-6), each once, after the SUBACK."""
        granted: dict[str, int] = {}
        for filter_, qos in filters:
            if "+" in filter_ or "#" in filter_:
                levels = filter_.split("/")
                found = [topic for topic in self._retained if matches(levels, topic.split("/"))]
            else:
                found = [filter_] if filter_ in self._retained else []
            for topic in found:
                granted[topic] = max(qos, granted.get(topic, 0))
        before = len(session)
        session.drop_replays(granted)
        for topic, qos in granted.items():
            # Replays are no publisher's fault and never more than there are retained topics: they need no room.
            session.hold(self._retained[topic]._replace(qos=min(qos, self._retained[topic].qos), publisher=""))
        self._stats.queued += len(session) - before
        self.pump(session)

    def unsubscribe(self, session: Session, filters: tuple[str, ...]) -> None:
        for filter_ in filters:
            if session.subscriptions.pop(filter_, None) is None:
                continue
            if "+" in filter_ or "#" in filter_:
                holders = self._patterns[filter_][1]
                del holders[session]
                if not holders:
                    del self._patterns[filter_]
            else:
                holders = self._exact[filter_]
                del holders[session]
                if not holders:
                    del self._exact[filter_]
        self._targets.clear()

    def _targets_of(self, topic: str) -> tuple[tuple[Session, int], ...]:
        targets = self._targets.get(topic)
        if targets is None:
            granted = dict(self._exact.get(topic, {}))
            levels = topic.split("/")
            for pattern, holders in self._patterns.values():
                if matches(pattern, levels):
                    for session, qos in holders.items():
                        granted[session] = max(qos, granted.get(session, 0))
            if len(self._targets) >= _CACHED_TOPICS:
                self._targets.clear()
            targets = self._targets[topic] = tuple(granted.items())
        return targets

    # --- messages ----------------------------------------------------------------------------------------------------

    def publish(self, message: Message) -> bool:
        """Take a message for everybody who subscribed it. True: it is queued for all of them and may be acknowledged.

        If a gateway's session has no room for it nobody gets it now and the answer is False: there is no PUBACK for
        what is dropped, and a device sends its record again (spec 6.4). A device without room is too slow: its
        connection and its session end, and the others get the message; what matters to it is retained.
        """
        if message.retain:
            if message.payload:
                self._retained[message.topic] = message
            else:
                self._retained.pop(message.topic, None)
            self._stats.retained = len(self._retained)
            message = message._replace(retain=False)
        targets = self._targets_of(message.topic)
        full = [s for s, qos in targets if min(qos, message.qos) and not s.has_room(message)]
        if any(session.role is Role.GATEWAY for session in full):
            self._stats.not_acknowledged += 1
            return False
        for session, qos in targets:
            if session not in full:
                self._offer(session, message if qos >= message.qos else message._replace(qos=qos))
        for session in full:
            self._end_slow(session)
        return True

    def acknowledge(self, session: Session, packet_id: int) -> None:
        if session.acknowledge(packet_id):
            self._stats.queued -= 1
        self.pump(session)

    def pump(self, session: Session) -> None:
        before = len(session)
        self._stats.messages_out += session.pump()
        self._stats.queued += len(session) - before

    def _offer(self, session: Session, message: Message) -> None:
        if message.qos:
            session.hold(message)
            self._stats.queued += 1
            self.pump(session)
        elif session.link is not None and session.link.writable:
            session.link.send(mqtt.publish(message.topic, message.payload))
            self._stats.messages_out += 1
        else:
            self._stats.dropped_qos0 += 1

    def _end_slow(self, session: Session) -> None:
        self._stats.slow_consumers += 1
        session.clean = True
        if session.link is not None:
            session.link.close("its queue is full")
        else:
            for key in [key for key, other in self._sessions.items() if other is session]:
                self._drop(key)


def matches(pattern: list[str], levels: list[str]) -> bool:
    """Whether a topic matches a topic filter, both split at ``/`` (MQTT 4.7.1, 4.7.2)."""
    if levels[0][:1] == "$" and pattern[0] in ("+", "#"):
        return False
    for i, level in enumerate(pattern):
        if level == "#":
            return True
        if i >= len(levels) or level not in ("+", levels[i]):
            return False
    return len(pattern) == len(levels)
