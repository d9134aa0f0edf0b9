"""A browser, for the tests that look at the page."""

from __future__ import annotations

from pathlib import Path

import pytest

from mapped import WIDE

CHROMIUM = Path("/usr/bin/chromium")
PATIENCE = 300_000  #: milliseconds after which a browser on a busy machine is given up


@pytest.fixture(scope="module")
def browser():
    """Chromium without a window; skipped where Debian's is not installed."""
    sync = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not installed: apt-get install chromium")
    with sync.sync_playwright() as play:
        started = play.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"], timeout=PATIENCE)
        yield started
        started.close()


@pytest.fixture
def opened(browser, tmp_path):
    """Opens a page from a file, and at the end sees that nothing went wrong on it and nothing was asked of anybody."""
    wrong, pages = [], []

    def show(text, viewport=WIDE, colours="light"):
        path = tmp_path / f"{len(pages)}.html"
        path.write_text(text, "utf-8")
        shown = browser.new_page(viewport=viewport, color_scheme=colours, reduced_motion="reduce")
        shown.set_default_timeout(PATIENCE)
        shown.on("console", lambda message: wrong.append(message.text))
        shown.on("pageerror", lambda error: wrong.append(str(error)))
        shown.on("dialog", lambda dialog: (wrong.append(dialog.message), dialog.dismiss()))
        shown.on("request", lambda request: wrong.append(request.url) if request.url != path.as_uri() else None)
        shown.goto(path.as_uri())
        pages.append(shown)
        return shown

    yield show
    for one in pages:
        one.close()
    assert wrong == []
