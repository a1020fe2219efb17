"""A short run of ``hcp sim updatecuts``, and that its judge sees what it is there to see."""

import pytest

from simulator import bytecode, updatecuts
from simulator.vm import nor


@pytest.mark.requirement("LZ-2.1.4c")
def test_wherever_the_power_goes_a_good_set_starts_and_no_rating_is_lost():
    result = updatecuts.run(60, seed=3)
    assert result.complaints == []
    assert result.ok and result.cuts == 60 and result.second_cuts > 10 and result.lives_to_end == 30
    assert set(result.flavours) == set(nor.FLAVOURS) and min(result.flavours.values()) > 5
    assert result.operations > 400


SPOILT = {
    # both copies of the record share one block
    "slots": {"ioctl(6, self._generation & 1)": "ioctl(6, 0)", "(self._generation & 1, data": "(0, data"},
    # what lies on flash is not looked at again before the switch
    "update": {"or await _hash(path) != digest": "", "have = _size(path)\n": "have = size - 1 if _size(path) else 0\n"},
}  # fmt: skip


@pytest.mark.parametrize("module", SPOILT)
def test_the_judge_sees_a_broken_promise(module, tmp_path, monkeypatch):
    """The same cuts with one safeguard taken out of the firmware."""
    text = (bytecode.ROOT / "firmware" / f"{module}.py").read_text()
    for old, new in SPOILT[module].items():
        assert old in text
        text = text.replace(old, new)
    (tmp_path / "firmware" / "crypto").mkdir(parents=True)
    honest = bytecode.search_path().split(":")[1]
    bytecode.shutil.copytree(f"{honest}/firmware", tmp_path / "firmware", dirs_exist_ok=True)
    bytecode.compile_module(f"firmware/{module}.py", text, tmp_path / "firmware" / f"{module}.mpy")
    path = bytecode.search_path().replace(f":{honest}:", f":{tmp_path}:{honest}:")
    monkeypatch.setattr(bytecode, "search_path", lambda: path)
    assert updatecuts.run(40, seed=3).broken
