"""Taking a new set of firmware (update.md): a signed manifest, then its files, chunk by chunk, into the idle set.

Loaded when an update is commanded or goes on, and only then. Nothing is touched that runs: the idle set is first
declared void in the record, then wiped; only when every file on flash has the hash that the manifest names is the
record switched. The device asks for each chunk by hash and offset, so whoever answers needs no memory of it, and after
a power cut or a lost connection it simply asks for what it still lacks.
"""

import asyncio
import binascii
import hashlib
import os
from collections import namedtuple

from firmware import manifest as manifests
from firmware.crypto import slices
from firmware.manifest import Refused
from protocol import cbor, downlink
from protocol.errors import ProtocolError

MAX_MANIFEST = 8192
ASK_MS = 10000  # without an answer: ask again

#: What goes on: the command's id, hash and size of the manifest, and into which set.
Job = namedtuple("Job", ("id", "hash", "size", "slot"))


def judge(manifest, board: str, version: int) -> None:
    """Whether a board that runs ``version`` takes it. Raises Refused: ``foreign``, ``downgrade``, ``too_old``."""
    if manifest.board != board:
        raise Refused("foreign")
    if manifest.version <= version:
        raise Refused("downgrade")
    if manifest.needs > version:
        raise Refused("too_old")


def job_of(args) -> tuple:
    """(hash, size) of the manifest from the arguments of the command. Raises Refused ``bad_command``."""
    size = args.get("size")
    try:
        digest = binascii.unhexlify(args.get("manifest") or "")
    except (ValueError, TypeError):
        digest = b""
    if len(args) != 2 or len(digest) != 32 or not isinstance(size, int) or not 0 < size <= MAX_MANIFEST:
        raise Refused("bad_command")
    return digest, size


class Update:
    """An update of the sets under ``root`` with the record ``slots``, for a ``board`` that trusts ``key``.

    ``ask(hash, offset)`` is a coroutine that gives the next bytes of an asset, one or more; ``quiet()`` is one that
    returns when the flash may be written: an erase stalls the chip.
    """

    def __init__(self, slots, root: str, board: str, key: bytes, ask, quiet):
        self._slots = slots
        self._root = root
        self._board = board
        self._key = key
        self._ask = ask
        self._quiet = quiet
        self._file = root + "/update"

    def begin(self, command_id: int, digest: bytes, size: int) -> Job:
        """Make room for another set; one that went on before is given up unless it is the same. Raises Refused."""
        slots = self._slots
        if slots.trial:
            raise Refused("on_trial")
        slot = slots.active ^ 1
        old = self.pending()
        job = Job(command_id, digest, size, slot)
        if old is None or old.hash != digest:
            self.drop()
            if slots.versions[slot]:
                slots.versions[slot] = 0
                slots.save()
            _wipe(self._folder(slot))
        with open(self._file, "wb") as file:
            file.write(cbor.encode(list(job)))
        return job

    def pending(self) -> Job | None:
        """The update that a power cut or a restart interrupted."""
        try:
            with open(self._file, "rb") as file:
                job = Job(*cbor.decode(file.read()))
        except (OSError, ProtocolError, TypeError):
            return None
        if self._slots.trial or job.slot == self._slots.active or self._slots.versions[job.slot]:
            self.drop()  # it was done
            return None
        return job

    def drop(self) -> None:
        try:
            os.remove(self._file)
        except OSError:
            pass

    async def run(self, job: Job) -> int:
        """Fetch what is missing, check all of it, switch. Gives the new version; it runs from the next start on.

        Raises Refused, and then the update is over: ``bad_hash`` and all that manifest.opened and judge raise.
        """
        folder = self._folder(job.slot)
        slots = self._slots
        try:
            path = await self._fetch(folder, manifests.NAME, job.size, job.hash)
            manifest = await manifests.opened(path, job.size, self._key)
            judge(manifest, self._board, slots.version)
            for name, size, digest in manifests.files(path, manifest):
                await self._fetch(folder, name, size, digest)
        except Refused:
            self.drop()
            raise
        await self._quiet()
        slots.versions[job.slot] = manifest.version
        slots.active = job.slot
        slots.trial = 1
        slots.tries = slots.alive = 0
        slots.save()
        self.drop()
        return manifest.version

    def _folder(self, slot):
        return self._root + "/" + "ab"[slot]

    async def _fetch(self, folder, name, size, digest):
        path = folder + "/" + name
        _make_folders(path)
        have = _size(path)
        with open(path, "ab") as file:
            while have < size:
                data = await self._ask(digest, have)
                await self._quiet()
                file.write(data[: size - have])
                have += len(data)
                if have & 4095 < len(data):
                    file.flush()  # what a power cut leaves; more often would copy the last block each time
        # read back from flash: also what an earlier start wrote
        if _size(path) != size or await _hash(path) != digest:
            raise Refused("bad_hash")
        return path


class Updating:
    """The update beside the application: chunks come in through ``take``, questions and the end go out by ``link``.

    ``calm()`` says whether the flash may be written; ``switched()`` is called when the next start runs the new set.
    """

    def __init__(self, board, link, calm, switched):
        self._board = board
        self._link = link
        self._calm = calm
        self._switched = switched
        self._arrived = asyncio.Event()
        self._task = None
        self._id = 0
        self._want = self._chunk = None

    def start(self, command) -> None:
        """What a command asks for; None: what a restart interrupted."""
        if self._task is not None:
            self._task.cancel()
        self._task = asyncio.create_task(self._run(command))

    def take(self, asset) -> None:
        """A chunk; whatever was not asked for is left aside."""
        if self._want == (asset.hash, asset.offset) and asset.bytes:
            self._want = None
            self._chunk = asset.bytes
            self._arrived.set()

    async def _run(self, command):
        if command is not None:
            self._id = command.id
        status, text = downlink.FAILED, "no_slots"
        update = None
        try:
            import slots

            from firmware.release_key import KEY

            if slots.record is None:
                raise Refused("no_slots")
            update = Update(slots.record, slots.root, self._board.kind, KEY, self._ask, self._quiet)
            job = update.pending() if command is None else update.begin(self._id, *job_of(command.args))
            if job is None:
                return
            self._id = job.id
            text = str(await update.run(job))
            status = downlink.DONE
        except ImportError:
            pass
        except Refused as error:
            text = error.args[0]
        except (OSError, MemoryError) as error:
            self._board.log("update: %r" % error)
            text = "no_room"
            if update is not None:
                update.drop()
        self._link.result(downlink.Result(self._id, status, text))
        if status == downlink.DONE:
            self._switched()

    async def _ask(self, digest, offset):
        self._want = digest, offset
        self._chunk = None
        text = "%s %d" % (binascii.hexlify(digest).decode(), offset)
        while self._chunk is None:
            self._link.result(downlink.Result(self._id, downlink.WANTS, text))
            await self._board.wait(self._arrived, ASK_MS)
        return self._chunk

    async def _quiet(self):
        while not self._calm():
            await self._board.wait(self._arrived, 1000)


async def _hash(path):
    digest = hashlib.sha256()
    buffer = bytearray(512)
    with open(path, "rb") as file:
        while True:
            count = file.readinto(buffer)
            if not count:
                return digest.digest()
            digest.update(memoryview(buffer)[:count])
            await slices.sleep_ms(0)


def _size(path):
    try:
        return os.stat(path)[6]
    except OSError:
        return 0


def _make_folders(path):
    at = 1
    while True:
        at = path.find("/", at) + 1
        if not at:
            return
        try:
            os.mkdir(path[: at - 1])
        except OSError:
            pass  # it is there; else the file cannot be opened


def _wipe(path):
    try:
        names = os.listdir(path)
    except OSError:
        return
    for name in names:
        name = path + "/" + name
        try:
            os.remove(name)
        except OSError:
            _wipe(name)
            os.rmdir(name)
