"""What the firmware allows, read from its text."""

import shutil
import struct
import wave

import pytest

from hardware.part import HardwareError
from hardware.power import firmware
from hcp import pinout

FILES = (firmware.PINS, firmware.STARS, firmware.VOICE, firmware.BOARD)


@pytest.fixture
def tree(tmp_path):
    for path in FILES:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(firmware.ROOT / path, tmp_path / path)
    shutil.copytree(firmware.ROOT / firmware.RECORDINGS, tmp_path / firmware.RECORDINGS)
    return tmp_path


def edit(tree, path, old, new):
    text = (tree / path).read_text(encoding="utf-8")
    assert old in text
    (tree / path).write_text(text.replace(old, new), encoding="utf-8")


def test_what_this_firmware_allows():
    allowed = firmware.read()
    stars = pinout.read().buses.stars
    assert (allowed.brightest, allowed.stars) == (stars.brightest, stars.count)
    assert allowed.quieter == 0
    assert 0 < allowed.loudness < 1
    assert 0 < allowed.backlight <= 1


def test_a_change_of_the_firmware_is_seen(tree):
    edit(tree, firmware.PINS, "STARS_BRIGHTEST = 64", "STARS_BRIGHTEST = 200")
    edit(tree, firmware.VOICE, "quieter: int = 0", "quieter: int = 2")
    allowed = firmware.read(tree)
    assert (allowed.brightest, allowed.quieter) == (200, 2)


@pytest.mark.parametrize(
    ("path", "old", "new", "complaint"),
    [
        (firmware.PINS, "STARS_BRIGHTEST = 64", "", "firmware/boards/pins.py has no STARS_BRIGHTEST"),
        (firmware.PINS, "STARS_BRIGHTEST = 64", "STARS_BRIGHTEST = 32 * 2", "STARS_BRIGHTEST is no plain number"),
        (firmware.VOICE, "quieter: int = 0", "softer: int = 0", "firmware/drivers/voice.py has no quieter"),
        (firmware.BOARD, "pins.BACKLIGHT_DUTY_PCT", "100", "esp32s3.py does not hold to BACKLIGHT_DUTY_PCT"),
    ],
)
def test_a_limit_that_is_gone_is_named(tree, path, old, new, complaint):
    edit(tree, path, old, new)
    with pytest.raises(HardwareError) as error:
        firmware.read(tree)
    assert complaint in str(error.value)


def test_stars_that_hold_to_no_limit_are_named(tree):
    edit(tree, firmware.STARS, "min(brightness, STARS_BRIGHTEST)", "brightness")
    with pytest.raises(HardwareError, match="stars.py does not hold to STARS_BRIGHTEST of pins.py any more"):
        firmware.read(tree)


def test_a_file_that_is_gone_is_named(tree):
    (tree / firmware.VOICE).unlink()
    with pytest.raises(HardwareError, match="firmware/drivers/voice.py cannot be read"):
        firmware.read(tree)


def test_no_recording_is_a_failure(tree):
    shutil.rmtree(tree / firmware.RECORDINGS)
    with pytest.raises(HardwareError, match="firmware/voice has no recording"):
        firmware.read(tree)


@pytest.mark.parametrize(("amplitude", "loudness"), [(32767, 2.0), (16384, 0.5), (0, 0.0)])
def test_loudness_is_against_a_sine_at_full_scale(tmp_path, amplitude, loudness):
    path = tmp_path / "square.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes(struct.pack("<200h", *(amplitude if at & 1 else -amplitude for at in range(200))))
    assert firmware.loudness(path) == pytest.approx(loudness, rel=1e-3)
