"""One Chromium for all page tests, one fake backend and one page for each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser import chromium
from tests.frontend.fake_backend import DIST, FakeBackend, fake_backend

WAIT_MS = 15_000
WATCH_VIOLATIONS = """
window.__violations = [];
document.addEventListener('securitypolicyviolation', (event) => window.__violations.push(event.violatedDirective));
"""


@dataclass
class Viewer:
    """A page on a fake backend, with what went wrong in it."""

    page: Page
    fake: FakeBackend
    errors: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def open(self, query: str = "", *, until: str = "live") -> Viewer:
        self.page.add_init_script(WATCH_VIOLATIONS)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda request: self.hosts.add(request.url.split("/")[2]))
        self.page.goto(self.fake.url + query)
        if until:
            expect(self.at("connection-state")).to_have_attribute("data-state", until, timeout=WAIT_MS)
        return self

    def at(self, testid: str) -> Locator:
        return self.page.get_by_test_id(testid)

    def spy(self, name: str) -> float:
        return self.page.evaluate("(name) => window.__spy[name]", name)

    def wait(self, condition: str) -> None:
        """Wait until an expression over `spy` holds."""
        # A function, not an expression: the page's policy forbids evaluating text.
        self.page.wait_for_function(f"() => {{ const spy = window.__spy; return {condition}; }}", timeout=WAIT_MS)

    def violations(self) -> list[str]:
        return self.page.evaluate("window.__violations")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    assert (DIST / "index.html").exists(), "the page is not built: run `make setup`"
    with chromium() as running:
        yield running


@pytest.fixture
def fake() -> Iterator[FakeBackend]:
    with fake_backend() as running:
        yield running


@pytest.fixture
def viewer(browser: Browser, fake: FakeBackend) -> Iterator[Viewer]:
    page = browser.new_page(viewport={"width": 1440, "height": 900}, locale="en-US")
    yield Viewer(page, fake)
    page.close()
