"""A handler in a real browser looks up whom to call back."""

import pytest
from playwright.sync_api import expect

from protocol.identity import Callee, Contact
from tests import browser
from tests.central.desk import Desk


@pytest.fixture
def desk(tmp_path):
    served = Desk(tmp_path / "central")
    served.name("330302-0017", Callee(Contact("欧阳思齐", "13800002222"), Contact("司徒代办")))
    yield served
    served.stop()


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("width", [1280, 360])
def test_with_a_reason_and_without_javascript(chromium, desk, lang, width):
    number = desk.rate(1, case_no="330302-0017")
    context = desk.signed_in(chromium, "handler", java_script_enabled=True, viewport={"width": width, "height": 800})
    page = context.new_page()
    page.goto(f"/worklist/{number}?lang={lang}")
    page.locator(f'a[href="/worklist/{number}/contact"]').click()
    assert browser.complaints(page) == [] and browser.too_wide(page) <= 0 and browser.small_targets(page) == []
    page.locator("main form button").click()
    expect(page.locator("#errors-title")).to_be_visible()
    assert browser.complaints(page) == []
    page.locator("#reason").fill("差评回访")
    page.locator("main form button").click()
    expect(page.locator(".phone")).to_have_text("13800002222")
    assert browser.complaints(page) == [] and browser.too_wide(page) <= 0
    page.goto(f"/worklist/{number}/contact")
    expect(page.get_by_text("差评回访")).to_be_visible()
    assert "13800002222" not in page.content()
