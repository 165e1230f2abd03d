"""One scan of one chain: fair values, crossings, findings with severity and reasons. Pure but for its memory.

The same code serves live quotes, a replay and a single file: `scan(chain, ScanMemory(), settings)` needs no past.
"""

from __future__ import annotations

import math

import numpy as np

from apps.market.arbitrage import SECONDS_PER_YEAR, american_allowance, executable, find_claims
from apps.market.chain import Array, BoolArray, Chain, IntArray
from apps.market.coherence import Coherence, late
from apps.market.coherence import judge as judge_coherence
from apps.market.contract_hours import ContractHours
from apps.market.culprits import Verdict, crossings, lasting_bounds
from apps.market.findings import Finding, ScanCounts, ScanResult
from apps.market.forward import pair_forward, two_sided
from apps.market.grid import StrikeGrid, grid_of
from apps.market.judgement import Judgement, judge
from apps.market.memory import ScanMemory
from apps.market.residuals import half_spreads, outside_edge, robust_z
from apps.market.settings import ScanSettings
from apps.market.spread_volume import calm, spread_ratio, wide
from apps.market.states import calm_enough, chain_state, row_states
from apps.market.statistical import Judged, activity_findings, residual_findings
from apps.market.temporal import JUMP_FRACTION, advance
from apps.market.terms import MarketState, QuoteBit, SmileQuality

SECONDS_FLOOR = 30.0
"""Time to expiry is never taken as less: vol per year loses its meaning before that."""

QUIET = frozenset({MarketState.PRE_OPEN, MarketState.CLOSED, MarketState.HALTED})


def scan(chain: Chain, memory: ScanMemory, settings: ScanSettings, hours: ContractHours | None = None) -> ScanResult:
    """Judge `chain` now. Changes `memory` in place; without `hours` (a file) no state switches any rule off.

    A crossing must have legs that speak of the same instant (coherence); whether a finding lasts is the episodes' task.
    """
    memory.align(chain)
    now = chain.market_time
    grid = grid_of(chain.strike, chain.is_call)
    half = half_spreads(chain.bid, chain.ask)
    memory.spreads.observe(half, now)
    memory.volumes.observe(chain.volume, grid, now)
    years = max(chain.seconds_to_expiry, SECONDS_FLOOR) / SECONDS_PER_YEAR
    carry = american_allowance(chain, settings, float(grid.strikes[-1])) if len(chain) else 0.0
    forward, usable = _forward_and_usable(chain, grid, memory, half, settings)
    judgement = judge(
        grid,
        chain.strike,
        chain.is_call,
        chain.bid,
        chain.ask,
        forward=forward,
        usable=usable,
        years=years,
        carry=carry,
        shape=memory.shape,
    )
    memory.delta, memory.shape = judgement.delta, judgement.shape
    coherence = _observe(chain, memory, judgement, half, settings)
    settled = calm(chain, half, memory.spreads)
    memory.opened = memory.opened or _has_opened(chain, hours, settled)
    state = chain_state(chain, hours, settings, settled, opened=memory.opened)
    if hours is not None and state not in QUIET:
        memory.opened_rows |= settled
    states = row_states(chain, state, memory.opened_rows if hours is not None else np.ones(len(chain), dtype=np.bool_))
    judged = _judged(chain, memory, judgement, coherence, states=states, settings=settings)
    sides = executable(chain)
    claims = find_claims(chain, grid, sides, settings) if state not in QUIET else []
    verdict = crossings(chain, claims, judged, coherence, memory=memory, state=state, settings=settings)
    findings: tuple[Finding, ...] = ()
    if state not in QUIET:
        ratio = spread_ratio(half, grid, memory.spreads)
        bounded = {finding.key for finding in verdict.findings}
        findings = (
            *verdict.findings,
            *(
                found
                for found in lasting_bounds(
                    chain, residual_findings(chain, judged, state, settings), coherence, memory, settings
                )
                if found.key not in bounded
            ),
            *activity_findings(chain, judged, ratio, memory.volumes.ratio, state=state, settings=settings),
        )
    flags = _quote_flags(chain, judged, coherence, wide(chain, settled))
    return _result(chain, judged, flags, coherence.stale, state=state, findings=findings, verdict=verdict)


def _usable(chain: Chain) -> BoolArray:
    """Quotes that may be fitted and judged: an ask, a bid or a real zero bid, not crossed, locked, halted or stale."""
    with np.errstate(invalid="ignore"):
        return (chain.bid >= 0) & (chain.ask > chain.bid) & ~chain.halted & ~chain.stale


def _forward_and_usable(
    chain: Chain, grid: StrikeGrid, memory: ScanMemory, half: Array, settings: ScanSettings
) -> tuple[float, BoolArray]:
    """(parity forward, rows to fit and judge): the sound quotes without those that are late to answer its last move.

    Should more than half be late, then the forward is what is wrong, and all are kept.
    """
    usable = _usable(chain)
    low, high = np.where(usable, chain.bid, np.nan), np.where(usable, chain.ask, np.nan)
    forward = pair_forward(grid.pairs, chain.strike, low, high, two_sided(low, high)).value
    if not math.isfinite(forward):
        return forward, usable
    sides = (memory.bid_side, memory.ask_side)
    behind = late(
        chain,
        sides,
        forward=forward,
        delta=memory.delta,
        half_spread=half,
        sampling_seconds=settings.sampling_seconds,
    )
    if not behind.any():
        return forward, usable
    fresh = usable & ~behind
    return forward, fresh if 2 * np.count_nonzero(fresh) >= np.count_nonzero(usable) else usable


def _observe(chain: Chain, memory: ScanMemory, judgement: Judgement, half: Array, settings: ScanSettings) -> Coherence:
    """Let the memories of the forward see this scan, then judge every side's coherence."""
    forward = judgement.forward
    if math.isfinite(forward):
        memory.trail.add(chain.market_time, forward)
        memory.bid_side.observe(chain.bid_time, forward, chain.market_time, settings.sampling_seconds)
        memory.ask_side.observe(chain.ask_time, forward, chain.market_time, settings.sampling_seconds)
    return judge_coherence(
        chain,
        memory.bid_side,
        memory.ask_side,
        memory.trail,
        forward=forward,
        delta=judgement.delta,
        half_spread=half,
        sampling_seconds=settings.sampling_seconds,
    )


def _has_opened(chain: Chain, hours: ContractHours | None, settled: BoolArray) -> bool:
    """Inside the session, once 80 % of the chain is calm."""
    return hours is not None and chain.market_time >= hours.open and calm_enough(chain, settled)


def _judged(
    chain: Chain,
    memory: ScanMemory,
    judgement: Judgement,
    coherence: Coherence,
    *,
    states: tuple[MarketState, ...],
    settings: ScanSettings,
) -> Judged:
    """Residuals, both z and the outside edge."""
    judged = judgement.judged
    residual = np.where(judged, judgement.residual, np.nan)
    z = robust_z(residual, judged)
    seconds = memory.trail.range_over(chain.market_time, 1.0)
    jumped = math.isfinite(seconds) and seconds > JUMP_FRACTION * judgement.forward
    memory.temporal, z_temporal = advance(memory.temporal, residual, chain.market_time, jumped=jumped)
    low = judgement.quality is not SmileQuality.GOOD
    outside = outside_edge(chain.bid, chain.ask, judgement.fair)
    with np.errstate(invalid="ignore"):
        outlier = (np.abs(z) >= settings.threshold) & (outside >= settings.tick - 1e-9)
    return Judged(
        judgement=judgement,
        z=z,
        z_temporal=z_temporal,
        outside=outside,
        outlier=outlier,
        stale=coherence.stale,
        states=states,
        low_confidence=low,
        few_strikes=judgement.live < 5,
        precision_capped=precision_capped(chain, judgement.forward, settings),
    )


def precision_capped(chain: Chain, forward: float, settings: ScanSettings) -> bool:
    """Whether this window and time left are a cell whose measured precision is too low to speak up live."""
    if not settings.capped_cells or not math.isfinite(forward) or not len(chain):
        return False
    width = float(np.max(np.abs(chain.strike - forward))) / forward
    hours = chain.seconds_to_expiry / 3600.0
    windows = sorted({window for window, _, _ in settings.capped_cells})
    nearest = min(windows, key=lambda window: abs(window - width))
    return any(window == nearest and low <= hours < high for window, low, high in settings.capped_cells)


def _quote_flags(chain: Chain, judged: Judged, coherence: Coherence, too_wide: BoolArray) -> IntArray:
    """What the page shows beside each quote; nothing is judged by these bits."""
    bits = np.full(len(chain), int(QuoteBit.LOW_CONFIDENCE) if judged.low_confidence else 0, dtype=np.int64)
    with np.errstate(invalid="ignore"):
        masks = (
            (QuoteBit.STALE, coherence.stale),
            (QuoteBit.CROSSED, chain.bid > chain.ask),
            (QuoteBit.LOCKED, (chain.bid == chain.ask) & (chain.bid > 0)),
            (QuoteBit.ZERO_BID, (chain.bid == 0) & np.isfinite(chain.ask)),
            (QuoteBit.ONE_SIDED, np.isfinite(chain.bid) != np.isfinite(chain.ask)),
            (QuoteBit.WIDE, too_wide),
            (QuoteBit.HALTED, chain.halted),
            (QuoteBit.DELAYED, np.zeros(len(chain), dtype=np.bool_) if chain.delayed is None else chain.delayed),
            (QuoteBit.OUTLIER, judged.outlier),
        )
    for bit, mask in masks:
        if mask.any():
            bits[mask] |= int(bit)
    return bits


def _result(
    chain: Chain,
    judged: Judged,
    quote_flags: IntArray,
    stale: BoolArray,
    *,
    state: MarketState,
    findings: tuple[Finding, ...],
    verdict: Verdict,
) -> ScanResult:
    judgement = judged.judgement
    mid = (chain.bid + chain.ask) / 2
    return ScanResult(
        market_time=chain.market_time,
        seconds_to_expiry=chain.seconds_to_expiry,
        state=state,
        row_state=judged.states,
        forward=judgement.forward,
        atm_vol=judgement.atm_vol,
        smile=judgement.quality,
        degree=judgement.degree,
        share_inside=judgement.share_inside,
        low_confidence=judged.low_confidence,
        fair=judgement.fair,
        fair_iv=judgement.fair_iv,
        iv=judgement.iv,
        bid_iv=judgement.bid_iv,
        ask_iv=judgement.ask_iv,
        delta=judgement.delta,
        z=judged.z,
        z_temporal=judged.z_temporal,
        deviation=mid - judgement.fair,
        outside=judged.outside,
        half_spread=judgement.half_spread,
        quote_flags=quote_flags,
        outlier=judged.outlier,
        findings=findings,
        counts=ScanCounts(
            contracts=len(chain),
            judged=int(np.count_nonzero(np.isfinite(judged.z))),
            claims=verdict.seen,
            claims_incoherent=verdict.incoherent,
            claims_dividend=verdict.dividend,
            claims_off=verdict.off,
            residuals_stale=int(np.count_nonzero(judged.outlier & stale)),
        ),
    )


__all__ = ["ContractHours", "ScanMemory", "ScanResult", "ScanSettings", "StrikeGrid", "scan"]
