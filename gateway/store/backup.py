"""Backup and restore: the database as of one moment, with the register, keys and settings that belong to it.

One tar archive of mode 600. In it: ``gateway.db``, ``devices/``, ``pki/``, ``*.toml``, and ``manifest.json`` with the
SHA-256 of each. Never in it: the keys that seal identities (whoever finds the backup finds no name), published assets
and logs.
"""

import contextlib
import hashlib
import io
import json
import os
import sqlite3
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from gateway import schema
from gateway.store import meta
from gateway.store.connection import open_reader, open_writer
from gateway.store.room import sync_folder

DATABASE = "gateway.db"
MANIFEST = "manifest.json"
VERSION = 1
FOLDERS = ("devices", "pki")
#: Without these the archive holds no secret but the database itself; a hall cannot be restored from it alone.
SECRETS = ("*.key",)
_MOST_FILES = 20_000
_MOST_FILE_BYTES = 1 << 20
_PAGES = 4096


class BackupError(Exception):
    """It cannot be backed up or restored; the text says what to do."""


def backup(data: Path, out: Path, now_ms: int, keys: bool = True, progress: Callable[[int, int], object] | None = None):
    """Write an archive, while the gateway may be at work. Gives its manifest. Raises BackupError."""
    database = data / DATABASE
    if not database.exists():
        raise BackupError(f"no database in {data}; expected {DATABASE}")
    if out.exists():
        raise BackupError(f"{out} is there already; give another name, or remove it")
    folder = out.absolute().parent
    try:
        with tempfile.TemporaryDirectory(prefix=".hcp-backup-", dir=folder) as work:
            copy = Path(work) / DATABASE
            steps = _copy(database, copy, progress)
            names = [(DATABASE, copy), *_files(data, keys)]
            manifest = {
                "version": VERSION,
                "made_ms": now_ms,
                "keys": keys,
                "steps": steps,
                "files": {name: _digest(path) for name, path in names},
            }
            archive = Path(work) / "archive"
            with open(os.open(archive, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
                with tarfile.open(fileobj=file, mode="w") as tar:
                    _add(tar, MANIFEST, json.dumps(manifest, indent=1).encode())
                    for name, path in names:
                        entry = tar.gettarinfo(path, name)
                        entry.uid = entry.gid = 0
                        entry.uname = entry.gname = ""
                        with path.open("rb") as content:
                            tar.addfile(entry, content)
                file.flush()
                os.fsync(file.fileno())
            os.link(archive, out)
        sync_folder(folder)
    except (OSError, sqlite3.Error) as error:
        raise BackupError(f"the backup was not made: {error}; is there room in {folder}?") from error
    return manifest


def restore(archive: Path, data: Path, now_ms: int) -> dict:
    """Put a backup into a folder that has no database. Gives its manifest. Raises BackupError.

    What the devices got receipts for since then is asked for again, or declared lost, as after a salvage (spec 4.6).
    """
    if (data / DATABASE).exists():
        raise BackupError(f"{data} has a database; move it away first (it may be needed), or give another folder")
    try:
        data.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".hcp-restore-", dir=data) as work:
            manifest = _unpack(archive, Path(work))
            _reborn(Path(work) / DATABASE, now_ms)
            names = sorted(manifest["files"], key=lambda name: name == DATABASE)  # the database last: then it is done
            for name in names:
                target = data / name
                target.parent.mkdir(parents=True, exist_ok=True)
                os.replace(Path(work) / name, target)
                sync_folder(target.parent)
    except (OSError, tarfile.TarError, sqlite3.Error, schema.NewerSchemaError) as error:
        raise BackupError(f"{archive} was not restored: {error}") from error
    return manifest


def _copy(database: Path, copy: Path, progress: Callable[[int, int], object] | None) -> list[str]:
    """A consistent copy by SQLite's backup interface, checked. Gives the steps of its schema."""
    copy.touch(mode=0o600)
    with contextlib.closing(open_reader(database)) as source, contextlib.closing(sqlite3.connect(copy)) as target:
        # in one go, as of one moment: in steps it would begin again with every commit of the gateway
        source.backup(target, progress=lambda _, rest, total: progress(total - rest, total) if progress else None)
        found = target.execute("PRAGMA quick_check").fetchall()
        if found != [("ok",)]:
            raise BackupError(f"the database is damaged: {found[0][0]}; run `hcp gateway fsck`")
        target.execute("PRAGMA journal_mode = DELETE").fetchall()
        return [name for (name,) in target.execute("SELECT name FROM _sqlite_migrations ORDER BY name")]


def _files(data: Path, keys: bool) -> Iterator[tuple[str, Path]]:
    paths = sorted(data.glob("*.toml"))
    for folder in FOLDERS:
        paths += sorted(path for path in (data / folder).rglob("*") if path.is_file())
    for path in paths:
        secret = any(path.match(pattern) for pattern in SECRETS)
        hidden = any(part.startswith(".") for part in path.relative_to(data).parts)
        if (keys or not secret) and not hidden:
            yield path.relative_to(data).as_posix(), path


def _unpack(archive: Path, work: Path) -> dict:
    """Take out exactly what the manifest names, with the sizes and sums that it names."""
    with tarfile.open(archive, "r:") as tar:
        first = tar.next()
        if first is None or first.name != MANIFEST or first.size > _MOST_FILE_BYTES * 8:
            raise BackupError(f"{archive} is no backup of a gateway: expected {MANIFEST} first")
        manifest = _manifest(archive, tar.extractfile(first))
        wanted = dict(manifest["files"])
        for entry in tar:
            if entry.name == MANIFEST:
                continue
            if entry.name not in wanted or not entry.isfile() or not _allowed(entry):
                raise BackupError(f"{archive} holds {entry.name!r}, which no backup has")
            target = work / entry.name
            target.parent.mkdir(parents=True, exist_ok=True)
            secret = entry.name == DATABASE or any(PurePosixPath(entry.name).match(p) for p in SECRETS)
            mode = 0o600 if secret else entry.mode & 0o644 | 0o600
            content = tar.extractfile(entry)
            assert content
            with open(os.open(target, os.O_WRONLY | os.O_CREAT, mode), "wb") as file:
                while part := content.read(1 << 20):
                    file.write(part)
                file.flush()
                os.fsync(file.fileno())
            if _digest(target) != wanted.pop(entry.name):
                raise BackupError(f"{archive} is damaged: {entry.name} does not have its sum")
    if wanted:
        raise BackupError(f"{archive} is not whole: {', '.join(sorted(wanted)[:5])} missing")
    return manifest


def _manifest(archive: Path, file) -> dict:
    try:
        manifest = json.loads(file.read())
        if manifest["version"] != VERSION or DATABASE not in manifest["files"]:
            raise ValueError(f"version {manifest['version']}, expected {VERSION}")
        if len(manifest["files"]) > _MOST_FILES:
            raise ValueError("too many files")
        return manifest
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BackupError(f"{archive}: its manifest cannot be read: {error}") from error


def _allowed(entry: tarfile.TarInfo) -> bool:
    path = PurePosixPath(entry.name)
    if path.is_absolute() or ".." in path.parts or any(part.startswith(".") for part in path.parts):
        return False
    if entry.name == DATABASE:
        return True
    top = path.parts[0] in FOLDERS if len(path.parts) > 1 else path.suffix == ".toml"
    return top and entry.size <= _MOST_FILE_BYTES


def _reborn(database: Path, now_ms: int) -> None:
    """Check it, bring it up to date, and give it a new epoch: devices may have been told more than it knows."""
    connection = open_writer(database)
    try:
        found = connection.execute("PRAGMA quick_check").fetchall()
        if found != [("ok",)]:
            raise BackupError(f"the database in it is damaged: {found[0][0]}")
        schema.migrate(connection)
        connection.execute("BEGIN IMMEDIATE")
        meta.put(connection, "reborn", now_ms)
        meta.put(connection, "epoch", meta.fresh_epoch())
        meta.put_most(connection, "lease", now_ms)
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    finally:
        connection.close()
    for left in ("-wal", "-shm"):
        database.with_name(database.name + left).unlink(missing_ok=True)


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), 0o600
    tar.addfile(entry, io.BytesIO(content))


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
