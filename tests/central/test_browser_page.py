"""The page for everybody, in a real browser."""

import httpx
import pytest

from central.app import create_app
from tests import browser
from tests.central.conftest import SENDER, Gateway, settings_for


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    """A centre to which a hall with one device and six ratings has spoken."""
    gateway = Gateway()
    device = gateway.device()
    batch = [gateway.enrolled(device, window="3 号综合窗口"), gateway.incident()]
    for number in range(6):
        batch += [gateway.service(f"C{number}"), gateway.record(device.rating(5), gateway.bound(device, f"C{number}"))]
    served = browser.Served(create_app(settings_for(tmp_path_factory.mktemp("central"), gateway)))
    httpx.post(f"{served.url}/api/v1/events", json=batch, headers=SENDER).raise_for_status()
    yield served.url
    served.stop()


@pytest.mark.parametrize("path", ["/", "/?lang=en"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(page, url, path, scheme):
    page.emulate_media(color_scheme=scheme)
    page.goto(url + path)
    assert browser.complaints(page) == []


def test_axe_would_find_something(page, url):
    page.goto(url)
    page.evaluate("document.querySelector('h1').innerHTML = '<img src=\"\">'")
    assert any("image-alt" in complaint for complaint in browser.complaints(page))


@pytest.mark.parametrize("path", ["/", "/?lang=en"])
def test_a_phone_shows_it_without_scrolling_sideways(page, url, path):
    page.set_viewport_size(browser.NARROW)
    page.goto(url + path)
    assert browser.too_wide(page) <= 0
    assert browser.small_targets(page) == []


def test_the_keyboard_reaches_everything_and_the_first_stop_leads_to_the_content(page, url):
    page.goto(url)
    assert browser.tabbed(page)[:2] == ["跳到正文", "English"]
    page.reload()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_without_javascript_it_says_the_same(chromium, page, url):
    page.goto(url)
    context = chromium.new_context(java_script_enabled=False)
    plain = context.new_page()
    plain.goto(url)
    assert plain.inner_text("main") == page.inner_text("main") and "3 号综合窗口" in plain.inner_text("main")
    context.close()
