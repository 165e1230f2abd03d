"""The dashboard as a person reads it: what is shown, by the names frontend/README.md documents."""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import Browser, Locator, Page, expect

SECOND = 1000


class Dashboard:
    """An open dashboard. Collects script errors and Content-Security-Policy violations while it is open."""

    def __init__(self, browser: Browser, url: str, *, width: int = 1440, height: int = 900) -> None:
        self.page: Page = browser.new_page(viewport={"width": width, "height": height})
        self.troubles: list[str] = []
        self.page.on("pageerror", lambda error: self.troubles.append(f"script error: {error}"))
        self.page.on("console", lambda message: self._listen(message.type, message.text))
        self.page.goto(url)

    def _listen(self, kind: str, text: str) -> None:
        if "Content Security Policy" in text or "TrustedHTML" in text:
            self.troubles.append(f"{kind}: {text}")

    def by_id(self, name: str) -> Locator:
        """The element with this data-testid."""
        return self.page.get_by_test_id(name)

    def wait_until_live(self, seconds: float = 20) -> None:
        """Wait for the live channel and live data."""
        expect(self.by_id("connection-state")).to_have_attribute("data-state", "live", timeout=seconds * SECOND)

    def anomaly(self, anomaly_id: str) -> Locator:
        """The list row of one anomaly."""
        return self.page.locator(f'[data-testid="anomaly-row"][data-id="{anomaly_id}"]')

    def anomalies(self, **data: str) -> Locator:
        """List rows by their data attributes, such as kind or status."""
        wanted = "".join(f'[data-{key}="{value}"]' for key, value in data.items())
        return self.page.locator(f'[data-testid="anomaly-row"]{wanted}')

    def gaps(self, **data: str) -> Locator:
        """Gap list entries by kind (gateway, channel), state (open, closed, filled) and reason."""
        wanted = "".join(f'[data-{key}="{value}"]' for key, value in data.items())
        return self.by_id("gap-list").locator(f"li{wanted}")

    def counters(self) -> dict[str, Any]:
        """The page's own counters (frontend/README.md, window.__spy)."""
        found: dict[str, Any] = json.loads(self.page.evaluate("JSON.stringify(window.__spy)"))
        return found

    def close(self) -> None:
        """Close it; any script error or policy violation on the way is a failure."""
        self.page.close()
        assert self.troubles == []
