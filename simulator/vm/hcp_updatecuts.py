"""A device's life with updates, and the power cut inside it, again and again (simulator.updatecuts starts this).

The file system, the slots record and the journal lie on the NOR model and are the firmware's own. The story: version 1
takes 2 and confirms it; takes 3, which crashes at every start and is rolled back; takes 4. At every start the set that
is chosen must be whole and the one that the record names, and every rating must be in the journal.

argv: folder, then the file to work in. One request per line comes in, one answer per line goes out, as JSON.
"""

import asyncio
import gc
import hashlib
import json
import os
import sys

import nor

from firmware import slots, update
from firmware.journal import Journal
from protocol import record

ROOT = "/life"
PARTITIONS = (("slots", 2 * nor.BLOCK), ("vfs", 40 * nor.BLOCK), ("journal", 8 * nor.BLOCK))
BAD = 3
LAST = 4
CHUNK = 700
SIGNATURE = b"\x01" * 64
STARTS = 40  # more would be a boot loop


class Broken(Exception):
    """A promise was not kept."""


class World:
    """What outlives a power cut: the gateway's plan, and what the device has promised so far."""

    def __init__(self, rated=0, told=(), powered=True):
        self.rated = rated
        self.told = list(told)
        self.powered = powered

    def copy(self):
        return World(self.rated, self.told, self.powered)

    def wanted(self, version):
        return LAST if (BAD, 2) in self.told else version + 1


class Life:
    def __init__(self, folder, path):
        self.path = path
        with open(folder + "/life.json") as file:
            facts = json.load(file)
        self.key = bytes.fromhex(facts["key"])
        self.manifests = {int(version): bytes.fromhex(data) for version, data in facts["manifests"].items()}
        self.sets = {int(version): files for version, files in facts["sets"].items()}
        self.assets = {}
        for text in facts["assets"]:
            data = bytes.fromhex(text)
            self.assets[hashlib.sha256(data).digest()] = data
        for data in self.manifests.values():
            self.assets[hashlib.sha256(data).digest()] = data
        self.flash = None
        self.system = None

    def open(self):
        self.flash = nor.Flash(self.path, PARTITIONS)

    def mount(self):
        self.system = os.VfsLfs2(self.flash.partition("vfs"))
        os.mount(self.system, ROOT)

    def close(self):
        """Without power: what the file system still holds in RAM is gone."""
        if self.system is not None:
            try:
                os.umount(ROOT)
            except (OSError, nor.PowerCut):
                pass
            self.system = None
        gc.collect()
        if self.flash is not None:
            self.flash.close()
            self.flash = None
        asyncio.new_event_loop()

    def birth(self):
        try:
            os.remove(self.path)
        except OSError:
            pass
        self.open()
        os.VfsLfs2.mkfs(self.flash.partition("vfs"))
        self.mount()
        for path, digest in self.sets[1].items():
            update._make_folders(ROOT + "/a/" + path)
            with open(ROOT + "/a/" + path, "wb") as file:
                file.write(self.assets[bytes.fromhex(digest)])
        found = slots.Slots(self.flash.partition("slots"))
        found.versions[0] = found.told = 1
        found.save()
        self.close()

    # --- one start of the device; the power may go anywhere in it ---

    def start(self, world):
        """True when the life is at its end."""
        chosen = slots.Slots(self.flash.partition("slots"))
        name = chosen.choose(world.powered)
        self.mount()
        version = chosen.version
        if name != slots.NAMES[chosen.active]:
            raise Broken("set %s was chosen, the record names %d" % (name, chosen.active))
        self.check_set(name, version)
        self.rate(world)
        if version == BAD:
            world.powered = False
            return False
        world.powered = True
        if chosen.told != version:
            world.told.append((chosen.told, version))  # the event is in the journal
            chosen.told = version
            chosen.save()
        if chosen.trial:
            chosen.trial = chosen.tries = chosen.alive = 0
            chosen.save()
        if version == LAST:
            return True
        asyncio.run(self.update(chosen, world))
        world.powered = False
        return False

    def check_set(self, name, version):
        if version not in self.sets:
            raise Broken("version %d runs" % version)
        for path, digest in self.sets[version].items():
            try:
                with open(ROOT + "/" + name + "/" + path, "rb") as file:
                    data = file.read()
            except OSError:
                raise Broken("version %d lacks %s" % (version, path))
            if hashlib.sha256(data).digest() != bytes.fromhex(digest):
                raise Broken("version %d: %s is damaged" % (version, path))

    def rate(self, world):
        journal = Journal(self.flash.partition("journal"), "life")
        mount = journal.mount()
        if mount.lost or mount.next_seq - 1 not in (world.rated, world.rated + 1):
            raise Broken("%d ratings were kept, the journal holds %d" % (world.rated, mount.next_seq - 1))
        world.rated = mount.next_seq - 1
        journal.start_boot()
        head = record.Head(journal.next_seq, journal.head_hash, journal.boot, 5, None, None)
        payload = record.rating_payload(head, record.Rating(1, (), None, 0, (), 1))
        journal.append(payload, SIGNATURE)
        world.rated += 1
        if world.rated % 8 == 0:
            journal.receipt(world.rated)
        journal.prepare()

    async def update(self, chosen, world):
        work = update.Update(chosen, ROOT, "sim", self.key, self.ask, self.quiet)
        job = work.pending()
        if job is None:
            manifest = self.manifests[world.wanted(chosen.version)]
            job = work.begin(7, hashlib.sha256(manifest).digest(), len(manifest))
        await work.run(job)

    async def ask(self, digest, offset):
        return self.assets[digest][offset : offset + CHUNK]

    async def quiet(self):
        pass

    # --- lives ---

    def script(self, save):
        """The uncut life; ``save(index, world, operations)`` after each start. Gives the operations of each start."""
        world = World()
        counts = []
        while True:
            save(len(counts), world)
            self.open()
            done = self.start(world)
            counts.append(self.flash.operations)
            self.close()
            if done:
                return counts
            if len(counts) > STARTS:
                raise Broken("the life does not end")

    def cut(self, world, operation, flavour, seed, second, to_end):
        """From a saved start: the power goes at ``operation``; then live on. Gives (cuts, starts)."""
        cuts = starts = 0
        told = len(world.told)
        pending = [(operation, flavour)] + ([second] if second else [])
        while True:
            starts += 1
            if starts > STARTS:
                raise Broken("a boot loop")
            self.open()
            armed = bool(pending)
            if armed:
                at, how = pending.pop(0)
                self.flash.cut_in(at, how, seed)
            try:
                done = self.start(world)
            except nor.PowerCut:
                cuts += 1
                world.powered = True
                done = False
            finally:
                self.close()
            if done or not to_end and not pending and len(world.told) > told and not armed:
                break
        if done:
            # an event may come twice if the power went right after it; none may be missing
            distinct = []
            for change in world.told:
                if not distinct or distinct[-1] != change:
                    distinct.append(change)
            if distinct != [(1, 2), (BAD, 2), (2, LAST)]:
                raise Broken("told %r" % (distinct,))
        return cuts, starts


def copy(source, target):
    buffer = bytearray(16384)
    with open(source, "rb") as old, open(target, "wb") as new:
        while True:
            count = old.readinto(buffer)
            if not count:
                return
            new.write(memoryview(buffer)[:count])


def main():
    folder, path = sys.argv[1:3]
    life = Life(folder, path)
    worlds = []

    def save(index, world):
        copy(path, "%s-%d" % (path, index))
        worlds.append(world.copy())

    life.birth()
    counts = life.script(save)
    print(json.dumps({"operations": counts}))
    while True:
        line = sys.stdin.readline()
        if not line:
            return
        start, operation, flavour, seed, second, to_end = json.loads(line)
        copy("%s-%d" % (path, start), path)
        try:
            cuts, starts = life.cut(worlds[start].copy(), operation, flavour, seed, second, to_end)
            print(json.dumps({"cuts": cuts, "starts": starts}))
        except (Broken, update.Refused, OSError) as error:
            print(json.dumps({"broken": "%s %s" % (type(error).__name__, error)}))
        life.close()


if __name__ == "__main__":
    main()
