"""The scores panel in a real browser, on sums that the contracts' own code made."""

from __future__ import annotations

from playwright.sync_api import expect

from apps.contracts.anomalies import Markout, Score
from apps.contracts.enums import Kind, Mover, Severity
from tests.frontend.conftest import Viewer
from tests.frontend.synthetic_market import SyntheticMarket

SCORE = Score(
    markouts=[Markout(after_seconds=1, executable=True, edge_net=0.024, hedged_mid=0.011), Markout(after_seconds=60)],
    moved=Mover.QUOTE,
)


def rated(market: SyntheticMarket) -> None:
    """Two episodes that have their score and one that waits for it."""
    market.open(Kind.RESIDUAL, 596, Severity.LOW)
    market.open(Kind.RESIDUAL, 597, Severity.MEDIUM)
    market.open(Kind.VERTICAL, 600, Severity.HIGH)
    for identity, anomaly in list(market.anomalies.items())[:2]:
        market.anomalies[identity] = anomaly.model_copy(update={"score": SCORE})


def test_the_scores_of_the_day_are_shown_by_what_a_reader_chooses_and_read_only_while_open(viewer: Viewer) -> None:
    rated(viewer.fake.market)
    viewer.open()
    assert "scores" not in viewer.fake.requests
    viewer.at("scores-toggle").click()
    residual = viewer.at("score-group-RESIDUAL")
    expect(residual).to_contain_text("Off the smile · 2 of 2 scored · quote moved 2, fair 0, neither 0")
    expect(viewer.at("score-RESIDUAL-edge")).to_contain_text("+2.4")
    expect(viewer.at("score-RESIDUAL-executable")).to_contain_text("100%")
    expect(viewer.at("score-group-VERTICAL")).to_contain_text("0 of 1 scored")
    viewer.at("scores-by").select_option("severity")
    expect(viewer.at("score-group-HIGH")).to_contain_text("HIGH")
    viewer.at("scores-by").select_option("half_hour")
    expect(viewer.at("score-group-10:00")).to_contain_text("10:00 · 2 of 3 scored")
    viewer.at("scores-toggle").click()
    expect(viewer.at("scores-table")).to_be_hidden()
    assert viewer.violations() == []
    assert viewer.errors == []


def test_the_scores_panel_speaks_spanish(viewer: Viewer) -> None:
    rated(viewer.fake.market)
    viewer.open("?lang=es")
    viewer.at("scores-toggle").click()
    expect(viewer.at("score-group-RESIDUAL")).to_contain_text("Fuera de sonrisa · 2 de 2 puntuados")
    expect(viewer.at("score-RESIDUAL-edge")).to_contain_text("+2,4")
    viewer.at("scores-by").select_option("moneyness")
    expect(viewer.at("score-group-otm")).to_contain_text("Fuera de dinero")
