"""A real browser for tests: Debian's Chromium, driven by Playwright, with the font that our pictures use.

Playwright's own download is never used. Its loop lives in the thread that started it, and no `asyncio.run` works
there meanwhile: tests with a browser have files of their own and speak to a real server (`Served`).
"""

import os
import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, sync_playwright

from gateway.screens.text import FONT_FILE, FONT_PACKAGE

_MISSING = "Chromium is not installed; on Debian and Ubuntu: sudo apt-get install -y chromium"
_FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
).split()
#: Noto Sans SC for every family that a style sheet may name: the same picture on every machine.
_FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig><dir>{fonts}</dir><cachedir>{cache}</cachedir></fontconfig>
"""
#: A phone that is narrow for today.
NARROW = {"width": 360, "height": 640}


def program() -> str:
    """Chromium's program. Without it the test is skipped, or fails where everything has to be run (CI is set)."""
    found = shutil.which("chromium")
    if found is None:
        if os.environ.get("CI"):
            pytest.fail(_MISSING, pytrace=False)
        pytest.skip(_MISSING)
    return found


@contextmanager
def chromium(folder: Path) -> Iterator[Browser]:
    """A browser of its own; ``folder`` keeps its font cache."""
    settings = folder / "fonts.conf"
    with as_file(files(FONT_PACKAGE).joinpath(FONT_FILE)) as font:
        settings.write_text(_FONTS.format(fonts=font.parent, cache=folder / "fonts"), encoding="utf-8")
    environment: dict[str, str | float | bool] = {**os.environ, "FONTCONFIG_FILE": str(settings)}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program(), args=_FLAGS, env=environment)
        yield browser
        browser.close()


class Served:
    """An app on a free port of this machine until ``stop``. It takes connections as soon as it is made."""

    def __init__(self, app: FastAPI):
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]})
        self._thread.start()

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()


def complaints(page: Page) -> list[str]:
    """What axe finds wrong with the page as it is now: rule, help and the first place."""
    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [f"{one['id']}: {one['help']}: {one['nodes'][0]['html'][:200]}" for one in found]


def too_wide(page: Page) -> int:
    """By how many pixels the page is wider than the window: what one would have to scroll sideways."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def small_targets(page: Page, least: int = 44) -> list[str]:
    """Buttons, fields and links that stand alone and are lower than ``least`` pixels."""
    return list(
        page.evaluate(
            """least => [...document.querySelectorAll('button, input:not([type=hidden]), select, textarea, nav a')]
              .filter(one => one.checkVisibility())
              .filter(one => (['radio', 'checkbox'].includes(one.type) ? one.closest('label') : one)
                .getBoundingClientRect().height < least - 0.5)
              .map(one => one.outerHTML.slice(0, 120))""",
            least,
        )
    )


def tabbed(page: Page, most: int = 100) -> list[str]:
    """What the Tab key comes to, from the start of the page until it leaves it: the text or name of each."""
    page.evaluate("document.activeElement && document.activeElement.blur()")
    seen: list[str] = []
    for _ in range(most):
        page.keyboard.press("Tab")
        name = page.evaluate(
            "(() => { const one = document.activeElement; return one === document.body ? null :"
            " (one.getAttribute('aria-label') || one.innerText || one.name || one.id).trim() })()"
        )
        if name is None:
            break
        seen.append(name)
    return seen
