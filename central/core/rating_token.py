"""One-use tokens: what lets a citizen rate without a device, from a QR code or a text message.

A token is bound to one hall, one service and one channel, and ends at a time; only central can make one (HMAC-SHA-256
with a key that no hall has). It says who may speak, once: its id is the key of the rating it makes, so a second rating
with it has no place, whichever machine takes it. Nothing in it is secret from its holder, whose own case it names; the
citizen behind it, if central was told, is in it only as `rater` makes one (a keyed hash, see there).

As text it is base64url without padding: the CBOR of its fields and 16 bytes of MAC.
"""

import base64
import binascii
import hashlib
import hmac
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from central.core.rating import Channel, Origin
from central.core.refusal import Refusal
from protocol import cbor
from protocol.errors import ProtocolError

#: Longer than any token; bounded before anything is decoded.
MAX_TEXT = 600
ID_BYTES = 16
MAC_BYTES = 16
KEY_BYTES = 32
RULE = "本系统规则：评价凭证"

ORIGINS = {Channel.QR: Origin.CITIZEN_QR, Channel.SMS: Origin.CITIZEN_SMS}
_CHANNELS = (Channel.QR, Channel.SMS)


class Purpose(IntEnum):
    """What a token lets one do. One for a service does not rate the centre, nor the other way round."""

    SERVICE = 1
    CENTRE = 2


@dataclass(frozen=True)
class Token:
    """``case_no`` and ``service_no`` are those of a service, or None for the centre. ``rater``: see `rater`."""

    id: bytes
    purpose: Purpose
    hall: str
    channel: Channel
    expires_ms: int
    case_no: str | None = None
    service_no: int | None = None
    rater: str | None = None

    @property
    def key(self) -> str:
        """The key of what is said with it."""
        return self.id.hex()

    @property
    def origin(self) -> Origin:
        return ORIGINS[self.channel]


def seal(secret: bytes, token: Token) -> str:
    """The token as text."""
    rater = bytes.fromhex(token.rater) if token.rater else None
    fields = (token.id, int(token.purpose), token.hall, _CHANNELS.index(token.channel), token.expires_ms)
    body = cbor.encode([*fields, token.case_no, token.service_no, rater])
    return base64.urlsafe_b64encode(body + _mac(secret, body)).rstrip(b"=").decode()


def read(secrets: Iterable[bytes], text: str) -> Token | Refusal:
    """The token in a text that central made with one of these keys. It may have ended or been used."""
    forged = Refusal("token_invalid", "评价凭证无效：不是本系统签发的，或者不完整；请重新扫码或点击短信中的链接", RULE)
    if len(text) > MAX_TEXT or not text.isascii():
        return forged
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return forged
    body, mac = raw[:-MAC_BYTES], raw[-MAC_BYTES:]
    # every key is tried and nothing is decoded before one fits
    if sum(hmac.compare_digest(_mac(secret, body), mac) for secret in secrets) != 1:
        return forged
    try:
        name, purpose, hall, channel, expires_ms, case_no, service_no, rater = cbor.decode(body)
    except (ProtocolError, ValueError, TypeError):
        return forged
    rater = rater.hex() if rater else None
    return Token(name, Purpose(purpose), hall, _CHANNELS[channel], expires_ms, case_no, service_no, rater)


def misuse(token: Token, purpose: Purpose, case_no: str | None = None, service_no: int | None = None) -> Refusal | None:
    """Why this token is not for that; None if it is. ``case_no`` and ``service_no``: what the sender says it is about,
    None where it leaves that to the token."""
    if token.purpose is not purpose:
        return Refusal("token_purpose", "该评价凭证不能用于此项评价；请使用对应的二维码或链接", RULE)
    said = (
        case_no if case_no is not None else token.case_no,
        service_no if service_no is not None else token.service_no,
    )
    if said != (token.case_no, token.service_no):
        return Refusal("token_other_service", "该评价凭证不属于所填的办件和服务；请使用本次服务的二维码或链接", RULE)
    return None


def over(token: Token, now_ms: int) -> Refusal | None:
    """Whether it has ended."""
    if now_ms < token.expires_ms:
        return None
    return Refusal("token_expired", "该评价凭证已过有效期；如仍需评价，请向服务窗口索取新的二维码或链接", RULE)


USED = Refusal("token_used", "该评价凭证已经使用过，先前的评价已保存，不能再次评价或修改", RULE)


def rater(secret: bytes, identity: str) -> str:
    """Who this is, without saying who: a keyed hash (hex) of the number of an identity document.

    The same person has the same one everywhere in this deployment. Numbers of documents are few enough to be tried one
    by one, so the key is what protects them: it lies where no database and no backup of it does.
    """
    plain = "".join(unicodedata.normalize("NFKC", identity).split()).upper()
    return hmac.new(secret, b"hcp rater v1\0" + plain.encode(), hashlib.sha256).hexdigest()


def _mac(secret: bytes, body: bytes) -> bytes:
    return hmac.new(secret, b"hcp rating token v1\0" + body, hashlib.sha256).digest()[:MAC_BYTES]
