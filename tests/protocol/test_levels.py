import pytest

from protocol import levels


@pytest.mark.requirement("WZ-7a")
@pytest.mark.requirement("MOT-9a")
def test_the_five_labels_of_the_regulations():
    shown = [levels.label(levels.name(number)) for number in (5, 4, 3, 2, 1)]
    assert shown == ["非常满意", "满意", "基本满意", "不满意", "非常不满意"]


@pytest.mark.requirement("LZ-2.1.2a")
def test_two_label_sets_over_the_same_five_levels():
    first = [levels.label(name, 1) for name in levels.NAMES]
    second = [levels.label(name, 2) for name in levels.NAMES]
    assert first[::-1] == ["非常满意", "满意", "基本满意", "不满意", "非常不满意"]
    assert second[::-1] == ["很好", "好", "一般", "差", "很差"]
    # the last two of either set are 差评
    assert [levels.number(name) for name in levels.BAD] == [1, 2]


def test_a_number_and_its_name_and_nothing_else():
    assert [levels.number(levels.name(number)) for number in range(1, 6)] == [1, 2, 3, 4, 5]
    assert len(set(levels.NAMES)) == len(levels.ENGLISH) == 5
    assert all(len(labels) == len(set(labels)) == 5 for labels in levels.LABELS.values())


@pytest.mark.parametrize("wrong", [0, 6, -1, True, False, None, "5", 2.5])
def test_no_other_number(wrong):
    with pytest.raises(ValueError, match="1 to 5"):
        levels.name(wrong)


@pytest.mark.parametrize("wrong", ["", "satisfied ", "Satisfied", "5", None, 5])
def test_no_other_name(wrong):
    with pytest.raises(ValueError, match="unknown level"):
        levels.number(wrong)
