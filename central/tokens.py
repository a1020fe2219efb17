"""The keys of one-use tokens: a file for its owner alone, made at the first start, never in the database.

The newest signs; what an older one signed stays good until it ends. Whoever loses the file loses the tokens that are
out, and the keyed hashes of raters can no longer be compared: keep it, away from backups of the database.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from central.core import rating_token
from central.core.rating import Channel
from central.core.rating_token import Purpose, Token
from central.core.refusal import Refusal
from central.settings import Settings, SettingsError
from gateway import keyfile

CREDENTIAL = "hcp-token-keys"
FILE = "token.keys"
_COMMENT = """\
Keys of central for rating tokens and for the keyed hashes of raters: id, 32 bytes in base64. The last one signs tokens,
the first one hashes raters. Keep this file away from backups of the database."""


@dataclass(frozen=True)
class Tokens:
    """``keys`` by id, the newest last; at least one."""

    keys: Mapping[str, bytes] = field(repr=False)

    def make(
        self,
        hall: str,
        channel: Channel,
        expires_ms: int,
        service: tuple[str, int] | None = None,
        rater: str | None = None,
    ) -> str:
        """A new one, for a service, or for the centre if there is none."""
        purpose = Purpose.CENTRE if service is None else Purpose.SERVICE
        name = secrets.token_bytes(rating_token.ID_BYTES)
        case_no, service_no = service or (None, None)
        token = Token(name, purpose, hall, channel, expires_ms, case_no, service_no, rater)
        return rating_token.seal(list(self.keys.values())[-1], token)

    def read(self, text: str) -> Token | Refusal:
        """The token that central made, or why it did not."""
        return rating_token.read(self.keys.values(), text)

    def rater(self, identity: str) -> str:
        """The keyed hash of a person (`core.rating_token.rater`). Nothing keeps ``identity``."""
        return rating_token.rater(next(iter(self.keys.values())), identity)


def path_of(settings: Settings) -> Path:
    """Where the keys are: systemd's credential, or a file in the data folder."""
    return keyfile.default_path(CREDENTIAL, settings.data_dir / FILE)


def load(path: Path) -> Tokens:
    """The keys of the file, which is made with a first one if there is none. Raises SettingsError."""
    try:
        if not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                keyfile.create(path, _COMMENT, secrets.token_hex(4), secrets.token_bytes(rating_token.KEY_BYTES))
            except FileExistsError:
                pass  # another process was faster, and its key is as good
        keys = keyfile.read(path, rating_token.KEY_BYTES)
    except OSError as error:
        raise SettingsError(f"{path} cannot be written: {error.strerror}") from None
    except keyfile.KeyFileError as error:
        raise SettingsError(str(error)) from None
    if not keys:
        raise SettingsError(f"{path} holds no key; remove it and a new one is made")
    return Tokens(keys)
