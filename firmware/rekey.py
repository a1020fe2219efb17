"""The next key by command (SPEC 7.6): made here, certified over the device's own connection, turned to at a restart.

Loaded when it is commanded. A command without arguments is answered with the request of the next key, which is on
flash before anyone hears of it. A command that names a certificate makes the device fetch and store it and restart;
`rotation` turns. What a power cut leaves is what the next repetition of the command finds, so each step may happen
twice:

    no next key ──▶ next key ──▶ next key with its certificate ──restart──▶ it is the key: answer 0
"""

import asyncio
import binascii
import hashlib

from firmware import certificate, entropy
from firmware import identity_changes as identities
from firmware.crypto import es256, keygen
from firmware.crypto.csr import request_steps
from firmware.crypto.slices import run_async
from firmware.rotation import key_id
from protocol import downlink

ASK_MS = 10000  # without an answer: ask again


class Refused(Exception):
    """It is not done; the text is the code."""


class Rekey:
    """``calm()`` says whether the flash may be written; ``restart()`` restarts the device once no citizen is there."""

    def __init__(self, board, link, calm, restart, partition=None):
        self._board = board
        self._link = link
        self._calm = calm
        self._restart = restart
        self._partition = partition or _find()
        self._arrived = asyncio.Event()
        self._task = None
        self._want = self._chunk = None
        self._stored = False

    def start(self, command) -> None:
        if self._stored:
            return  # the restart is on its way; the repetition after it is answered
        if self._task is not None:
            self._task.cancel()
        self._task = asyncio.create_task(self.run(command))

    def take(self, asset) -> None:
        """A chunk; whatever was not asked for is left aside."""
        if self._want == (asset.hash, asset.offset) and asset.bytes:
            self._want = None
            self._chunk = asset.bytes
            self._arrived.set()

    async def run(self, command) -> None:
        status, text = downlink.FAILED, ""
        try:
            if not command.args:
                status, text = downlink.REQUESTS, await self._request()
            else:
                text = await self._install(command.id, *_job_of(command.args))
                if text is None:
                    return
                status = downlink.DONE
        except Refused as error:
            text = error.args[0]
        except MemoryError:
            text = "no_memory"
        except (OSError, ValueError) as error:
            self._board.log("next key: %r" % error)
            text = "not_stored"
        self._link.result(downlink.Result(command.id, status, text))

    async def _request(self):
        keys = identities.next_keys(self._partition)
        if keys is None:
            private_key = keygen.make_private_key(entropy.chip_id(), entropy.jitter())
            public_key = await run_async(es256.public_key_steps(private_key))
            await self._quiet()
            identities.save_next_keys(self._partition, private_key, public_key)
            keys = private_key, public_key
        return await run_async(request_steps(keys[0], "hcp-" + key_id(keys[1])))

    async def _install(self, command_id, digest, size):
        """The id of the key in force if the certificate is its own; None if it was stored and the device restarts."""
        who = identities.load(self._partition)
        if hashlib.sha256(who.certificate).digest() == digest:
            return key_id(who.public_key)
        following = identities.next_keys(self._partition)
        if following is None:
            raise Refused("bad_certificate")
        data = await self._fetch(command_id, digest, size)
        if hashlib.sha256(data).digest() != digest:
            raise Refused("bad_hash")
        if not certificate.has_key(data, following[1]) or not certificate.names(data, who.device):
            raise Refused("bad_certificate")
        await self._quiet()
        fields = following + tuple(who[2:6]) + (data,) + tuple(who[7:])
        if not identities.save_next(self._partition, identities.Identity(*fields)):
            raise Refused("no_room")  # an earlier life stored it, and its next start had no room for the event
        self._stored = True
        self._restart()

    async def _fetch(self, command_id, digest, size):
        data = b""
        while len(data) < size:
            self._want = digest, len(data)
            self._chunk = None
            text = "%s %d" % (binascii.hexlify(digest).decode(), len(data))
            while self._chunk is None:
                self._link.result(downlink.Result(command_id, downlink.WANTS, text))
                await self._board.wait(self._arrived, ASK_MS)
            data += self._chunk
        return data[:size]

    async def _quiet(self):
        while not self._calm():
            await self._board.wait(self._arrived, 1000)


def _job_of(args):
    """(hash, size) of the certificate. Raises Refused."""
    size = args.get("size")
    try:
        digest = binascii.unhexlify(args.get("certificate") or "")
    except (ValueError, TypeError):
        digest = b""
    if len(args) != 2 or len(digest) != 32 or not isinstance(size, int) or not 0 < size <= certificate.MAX_SIZE:
        raise Refused("bad_command")
    return digest, size


def _find():
    # imported here: what decides above runs without a chip
    from esp32 import Partition

    return Partition.find(Partition.TYPE_DATA, label="identity")[0]
