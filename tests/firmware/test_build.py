"""`make firmware`: what ships is what was tested, its manifest is true, and flash has a place for everything."""

import hashlib
import importlib.metadata
import json
import shutil

import pytest

from firmware import manifest as manifests
from firmware import update
from firmware.journal import Journal
from gateway import release
from simulator import build_firmware, bytecode, chip_types, resident
from simulator.vm import nor
from tests.builders import make_key
from tests.firmware.crypto_vm import ROOT
from tests.firmware.journal_life import KID

KEY = make_key()


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    return build_firmware.build(tmp_path_factory.mktemp("image") / "firmware", KEY.public_key())


def test_the_manifest_is_true_and_nothing_of_a_host_ships(image):
    folder = image.folder / build_firmware.SET
    told = {file.path: (file.size, file.sha256) for file in image.manifest.files}
    found = {
        path.relative_to(folder).as_posix(): (path.stat().st_size, hashlib.sha256(path.read_bytes()).digest())
        for path in folder.rglob("*")
        if path.is_file()
    }
    assert told == found
    assert {"hcp_board.mpy", "firmware/main.mpy", "firmware/drivers/tft.mpy", "firmware/assets/idle.bin"} <= set(told)
    assert not [
        name for name in told if "make_table" in name or "signature" in name or not name.endswith((".mpy", ".bin"))
    ]
    assert sorted(path.name for path in image.folder.iterdir()) == ["a", "main.py", "slots.mpy", "voice"]
    assert "partitions" not in "".join(told) and "import slots" in (image.folder / "main.py").read_text()


def test_the_files_are_those_that_simulated_devices_run(image):
    compiled = bytecode.compiled()
    own = {"hcp_board.mpy": "firmware/boards/entry.mpy", "firmware/release_key.mpy": None}
    for path in image.sizes:
        source = own.get(path, path)
        if path == "slots.mpy":
            assert (image.folder / path).read_bytes() == (compiled / "firmware/slots.mpy").read_bytes()
        elif source:
            assert (image.folder / build_firmware.SET / path).read_bytes() == (compiled / source).read_bytes(), path
    key = (image.folder / build_firmware.SET / "firmware/release_key.mpy").read_bytes()
    assert release.public_point(KEY.public_key()).hex() in key.decode("latin1")


def test_the_sizes_are_those_of_what_a_running_device_holds(image):
    held = image.resident({"firmware.app", "firmware.link", "protocol", "sys", "machine"})
    assert {"firmware/main.mpy", "firmware/app.mpy", "hcp_board.mpy", "firmware/boards/esp32s3.mpy"} <= set(held)
    assert {"slots.mpy", "protocol/__init__.mpy", "firmware/drivers/tft.mpy"} <= set(held)
    assert not {"firmware/update.mpy", "firmware/provision.mpy"} & set(held)
    assert 0 < sum(held.values()) < image.mpy_bytes
    text = build_firmware.table(image, held)
    assert f"{sum(held.values()):>7}  bytes of .mpy stay in memory" in text
    told = json.loads(build_firmware.as_json(image, held))
    assert told["version"] == build_firmware.version_number(build_firmware.project_version())
    assert told["files"] == [[file.path, file.size, file.sha256.hex()] for file in image.manifest.files]


def test_a_device_takes_the_set_as_an_update(image, tmp_path):
    key = make_key()
    data = release.sign(image.manifest, key)
    manifest = release.opened(data, key.public_key())
    assert len(data) <= update.MAX_MANIFEST and len(manifest.files) <= manifests.MAX_FILES
    assert all(manifests._is_path(file.path) for file in manifest.files)


def test_too_much_bytecode_in_memory_is_refused(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(resident, "at_work", lambda root, say: frozenset(("firmware.app",)))
    monkeypatch.setattr(resident, "MOST", 1000)
    assert build_firmware.main(["--out", str(tmp_path / "firmware")]) == 1
    assert "1000 may" in capsys.readouterr().err
    monkeypatch.setattr(resident, "MOST", 10**6)
    assert build_firmware.main(["--out", str(tmp_path / "firmware")]) == 0
    assert (tmp_path / "firmware.json").is_file()
    assert "make_private_key" in json.loads((tmp_path / "firmware.names.json").read_text())


@pytest.mark.parametrize(
    "missing", ["protocol/cbor.mpy", "firmware/assets/not_enrolled.bin", "firmware/drivers/tft.mpy"]
)
def test_an_image_that_does_not_run_does_not_ship(image, tmp_path, missing):
    copy = tmp_path / "firmware"
    shutil.copytree(image.folder, copy)
    names = [file.path for file in image.manifest.files if file.path.endswith(".mpy")]
    assert {"slots", "hcp_board", "firmware.start"} <= build_firmware._check(copy, names)
    (copy / "a" / missing).unlink()
    with pytest.raises(build_firmware.BuildError, match="does not (run|start)"):
        build_firmware._check(copy, names)


def test_without_the_stubs_of_the_port_no_image_is_built_but_devices_are_simulated(monkeypatch, tmp_path):
    def nothing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    bytecode.known_names.cache_clear()
    monkeypatch.setattr(importlib.metadata, "files", nothing)
    try:
        assert {"queue_read", "StopIteration"} <= bytecode.known_names() and "PHY_W5500" not in bytecode.known_names()
        with pytest.raises(build_firmware.BuildError, match="stubs"):
            build_firmware.build(tmp_path / "firmware")
    finally:
        bytecode.known_names.cache_clear()


def test_a_folder_of_somebody_else_is_not_emptied(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(build_firmware.BuildError, match="something else"):
        build_firmware.build(tmp_path)
    assert (tmp_path / "thesis.txt").exists()


@pytest.mark.parametrize(("text", "number"), [("0.1.0", 100), ("0.1.1", 101), ("2.10.3", 21003)])
def test_versions_grow(text, number):
    assert build_firmware.version_number(text) == number


@pytest.mark.parametrize("text", ["0.0.0", "1.2", "1.100.0", "1.2.3rc1", ""])
def test_versions_that_cannot_be_compared_are_refused(text):
    with pytest.raises(build_firmware.BuildError):
        build_firmware.version_number(text)


# --- the places in flash ---

STOCK_APP = (0x10000, 0x1F0000)  # where MicroPython's own table for the ESP32-S3 has its image, and its room


def partitions(name):
    rows = {}
    for line in (ROOT / "firmware" / name).read_text().splitlines():
        if line and not line.startswith("#"):
            label, kind, subtype, offset, size = [field.strip() for field in line.split(",")]
            rows[label] = (kind, subtype, int(offset, 16), int(size, 16))
    return rows


@pytest.mark.parametrize(("name", "flash"), [("partitions-8mb.csv", 8 << 20), ("partitions-16mb.csv", 16 << 20)])
def test_the_partition_table_adds_up(name, flash, image):
    rows = partitions(name)
    assert set(rows) == {"nvs", "phy_init", "factory", "identity", "slots", "vfs", "journal"}
    end = 0x9000  # behind the bootloader and the table
    for label, (kind, subtype, offset, size) in rows.items():
        assert offset >= end and size > 0 and offset % nor.BLOCK == size % nor.BLOCK == 0, label
        assert kind == ("app" if label == "factory" else "data")
        if subtype.startswith("0x"):
            assert 0x40 <= int(subtype, 16) <= 0xFE  # what the format leaves to applications
        end = offset + size
    assert end == flash
    custom = [subtype for _, subtype, _, _ in rows.values() if subtype.startswith("0x")]
    assert len(custom) == len(set(custom))
    kind, _, offset, size = rows["factory"]
    assert offset == STOCK_APP[0] and size >= STOCK_APP[1] and offset % 0x10000 == 0
    assert rows["identity"][3] >= 2 * nor.BLOCK and rows["slots"][3] == 2 * nor.BLOCK
    assert rows["journal"][3] >= 4.5 * (1 << 20)
    # two sets, a third being fetched, and room for littlefs to breathe
    assert rows["vfs"][3] >= 4 * sum(file.size for file in image.manifest.files)


def test_the_journal_of_the_table_holds_twenty_thousand_ratings(tmp_path):
    size = partitions("partitions-8mb.csv")["journal"][3]
    flash = nor.Flash(str(tmp_path / "flash"), (("journal", size),))
    journal = Journal(flash.partition("journal"), KID)
    assert journal.mount().next_seq == 1
    room = size // nor.BLOCK - 4  # blocks that are kept free, generously
    assert room * (nor.BLOCK - 256) // 192 >= 20000


# --- the types ---


def test_board_and_drivers_use_what_the_port_offers(tmp_path, capsys):
    assert chip_types.main() == 0, capsys.readouterr().out


def test_a_call_that_the_port_does_not_offer_is_seen(tmp_path):
    chip_types.typings(tmp_path / "typings")
    bad = tmp_path / "bad.py"
    bad.write_text("from machine import Pin, PWM\nPWM(Pin(1), freq=1, duty_u17=0)\nPin(1).colour()\n")
    done = chip_types.check([str(bad)], tmp_path / "typings")
    assert done.returncode == 1 and "duty_u17" in done.stdout and '"colour"' in done.stdout
