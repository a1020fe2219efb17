"""The files of the panel: outlines only, 1:1, the same each time."""

import shutil
import subprocess

import pytest

from hardware import dimensions
from hardware.panel import build, front, labels, pdf, svg
from hardware.part import HardwareError
from hardware.tool import ToolMissing

D = dimensions.read()


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    out = tmp_path_factory.mktemp("panel")
    return out, build.build(out)


def test_there_is_a_front_a_tactile_layer_and_a_proof_for_each_wording_and_a_back(written):
    out, sentence = written
    names = {path.name for path in out.iterdir()}
    for wording in labels.wordings():
        for kind in ("", "-zh", "-tactile"):
            assert {f"panel-{wording.name}{kind}.svg", f"panel-{wording.name}{kind}.pdf"} <= names
        assert f"panel-{wording.name}-proof.txt" in names
    assert {"back-label.svg", "back-label.pdf"} <= names
    assert sentence.startswith("2 fronts for labels-1 (jiaxiang") and "contrast" in sentence


def test_a_second_build_gives_the_same_bytes(written, tmp_path):
    out, _ = written
    build.build(tmp_path)
    for path in out.iterdir():
        assert (tmp_path / path.name).read_bytes() == path.read_bytes(), path.name


def test_no_drawing_needs_a_font_or_anything_from_elsewhere(written):
    out, _ = written
    for path in out.glob("*.svg"):
        text = path.read_text(encoding="utf-8")
        assert "<text" not in text and "href" not in text and "<image" not in text
        assert text.count("http") == 1, "the name space alone"


def test_pages_are_as_large_as_the_panel_and_its_bleed(written):
    out, _ = written
    wide, high = D.panel.x[1] - D.panel.x[0], D.panel.y[1] - D.panel.y[0]
    for path in out.glob("panel-*.pdf"):
        page = path.read_bytes()
        assert build.pdf_box(page, "TrimBox") == pytest.approx((wide, high), abs=0.01)
        assert build.pdf_box(page, "MediaBox") == pytest.approx((wide + 6, high + 6), abs=0.01)


def test_cutter_and_embosser_find_their_layers_by_name(written):
    out, _ = written
    assert b"/Separation /CutContour" in (out / "panel-labels-1.pdf").read_bytes()
    assert b"/Separation /Raised" in (out / "panel-labels-1-tactile.pdf").read_bytes()
    assert b"/Separation /Raised" not in (out / "panel-labels-1.pdf").read_bytes()


@pytest.mark.skipif(not shutil.which("pdftoppm"), reason="poppler-utils is not installed")
def test_another_program_draws_the_pdf_in_its_size(written, tmp_path):
    from PIL import Image

    out, _ = written
    command = ["pdftoppm", "-r", "101.6", "-png", "-singlefile", out / "panel-labels-1.pdf", tmp_path / "page"]
    subprocess.run(command, check=True)
    with Image.open(tmp_path / "page.png") as picture:
        assert picture.size == pytest.approx((164 * 4, 118 * 4), abs=1)
        at = {name: picture.getpixel((round((x + 7) * 4), round((y + 7) * 4))) for name, x, y in (
            ("ground", 0.0, 0.0), ("field", 145.0, 50.0),
        )}  # fmt: skip
        assert at == {"ground": (0x12, 0x30, 0x4F), "field": (255, 255, 255)}


def test_a_file_that_is_not_fit_for_a_printer_is_named():
    sheet = front.front(D, labels.wordings()[0])
    page = pdf.document(sheet).replace(b"/TrimBox [8.504", b"/TrimBox [9.504")
    files = {f"{sheet.name}.svg": svg.document(sheet).replace("<path", "<text", 1).encode(), f"{sheet.name}.pdf": page}
    one, two = build.file_problems(sheet, files)
    assert one == "panel-labels-1.svg: it has <text, and may be made of outlines only"
    assert two.startswith("panel-labels-1.pdf: TrimBox is 157.65 x 112.00 mm, not 158.0 x 112.0")


def test_a_wrong_panel_is_not_written(tmp_path, monkeypatch):
    monkeypatch.setattr(front, "PALE", "#3A5A7C")
    with pytest.raises(HardwareError, match="窗口号 .*has a contrast of"):
        build.build(tmp_path / "panel")
    assert not (tmp_path / "panel").exists()


def test_without_the_program_for_pictures_the_rest_is_made(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolMissing, match="everything is made but the pictures: rsvg-convert is not installed"):
        build.build(tmp_path / "panel")
    assert (tmp_path / "panel" / "back-label.pdf").exists()
    assert not list((tmp_path / "panel").glob("*.preview.svg"))


def test_no_ink_lies_over_the_display():
    sheet = front.front(D, labels.wordings()[0]).of("print")
    for mark in sheet.marks[:2]:
        outer, hole = svg.steps(mark.outline).count("M"), mark.outline.steps[-2][1][-1]
        assert outer == 2, f"{mark.name} has a hole"
        assert front.window_of(D).grown(0.01).left <= hole[0] <= front.window_of(D).right
