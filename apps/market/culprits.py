"""From crossings to findings: which are coherent and lasting, which leg is to blame, which one to show. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from apps.market.arbitrage import Claim
from apps.market.chain import Chain
from apps.market.coherence import STOCK_STILL_SECONDS, Coherence
from apps.market.findings import STOCK_ROW, Finding, FindingLeg
from apps.market.memory import ClaimKey, ScanMemory
from apps.market.settings import ScanSettings
from apps.market.severity import apply_caps, grade_arbitrage
from apps.market.statistical import Judged, dividend_in_life, flags_of
from apps.market.terms import Kind, MarketState
from apps.market.worth import arbitrage_worth

SIMPLEST_FIRST = (Kind.VERTICAL, Kind.PARITY, Kind.BUTTERFLY, Kind.BOUND, Kind.BOX)
"""One bad quote crosses in many ways. Shown is the one with the fewest legs, the least to go wrong; then this order."""

SAMPLING_ROUNDS = 1.25
"""A crossing must outlast this many sampling intervals: only then has every line had its chance to answer."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The findings, and how many crossings were seen and let go, by why."""

    findings: tuple[Finding, ...]
    seen: int
    incoherent: int
    dividend: int
    off: int


def crossings(
    chain: Chain,
    claims: list[Claim],
    judged: Judged,
    coherence: Coherence,
    *,
    memory: ScanMemory,
    state: MarketState,
    settings: ScanSettings,
) -> Verdict:
    """One finding per culprit, and one per set of legs in which nobody can be blamed."""
    dividend = dividend_in_life(chain, settings)
    allowed = [claim for claim in claims if _rule_is_on(claim, state, settings)]
    lawful = [claim for claim in allowed if not (dividend and _needs_parity(claim))]
    coherent = _lasting(chain, lawful, coherence, memory, settings)
    chosen = _choose(chain, coherent, judged, memory, settings)
    findings = tuple(
        _finding(chain, claim, row, blame, judged, state=state, settings=settings, dividend=dividend)
        for claim, row, blame in chosen
    )
    return Verdict(
        findings=findings,
        seen=len(claims),
        incoherent=len(lawful) - len(coherent),
        dividend=len(allowed) - len(lawful),
        off=len(claims) - len(allowed),
    )


def _rule_is_on(claim: Claim, state: MarketState, settings: ScanSettings) -> bool:
    """In the last five minutes only bounds are left."""
    return claim.kind in settings.kinds and (state is not MarketState.FINAL or claim.kind is Kind.BOUND)


def _needs_parity(claim: Claim) -> bool:
    """Whether the crossing rests on put-call parity, which a dividend in the life breaks for American options."""
    options = sum(leg.row != STOCK_ROW for leg in claim.legs)
    return claim.kind in {Kind.BOX, Kind.PARITY} or (claim.kind is Kind.BOUND and options > 1)


def _lasting(
    chain: Chain, claims: list[Claim], coherence: Coherence, memory: ScanMemory, settings: ScanSettings
) -> list[Claim]:
    """Crossings whose every leg is coherent, and which have stood long enough or were quoted in one instant."""
    now, kept = chain.market_time, []
    seen: dict[ClaimKey, float] = {}
    for claim in claims:
        options = [leg for leg in claim.legs if leg.row != STOCK_ROW]
        if not all((coherence.ask_ok if leg.buy else coherence.bid_ok)[leg.row] for leg in options):
            continue
        key = _key(chain, claim)
        stock = len(options) < len(claim.legs)
        newest = _newest(chain, options)
        if stock:
            newest = max(newest, chain.underlying.bid_time, chain.underlying.ask_time)
        since = min(memory.claims.get(key, now), newest)
        seen[key] = since
        needed = STOCK_STILL_SECONDS if stock else SAMPLING_ROUNDS * settings.sampling_seconds
        if now - since >= needed or _one_instant(chain, options, stock=stock):
            kept.append(claim)
    memory.claims = seen
    return kept


def _newest(chain: Chain, legs: list[FindingLeg]) -> float:
    """When the newest side of these legs was updated: since then the crossing has stood unchanged."""
    return max(float((chain.ask_time if leg.buy else chain.bid_time)[leg.row]) for leg in legs)


def lasting_bounds(
    chain: Chain, findings: Iterable[Finding], coherence: Coherence, memory: ScanMemory, settings: ScanSettings
) -> Iterator[Finding]:
    """Findings against the smile pass. One against the forward (BOUND) must be coherent and outlast a sampling round.

    While the forward jumps, lines that answered first look out of bounds against the forward of those that did not.
    """
    now, seen = chain.market_time, {}
    for finding in findings:
        if finding.kind is not Kind.BOUND:
            yield finding
            continue
        leg = finding.legs[0]
        since = min(memory.bounds.get((finding.strike, finding.is_call), now), _newest(chain, [leg]))
        seen[(finding.strike, finding.is_call)] = since
        together = bool((chain.bid_time == chain.bid_time[0]).all() and (chain.ask_time == chain.bid_time[0]).all())
        coherent = bool((coherence.ask_ok if leg.buy else coherence.bid_ok)[leg.row])
        if together or (coherent and now - since >= SAMPLING_ROUNDS * settings.sampling_seconds):
            yield finding
    memory.bounds = seen


def _key(chain: Chain, claim: Claim) -> ClaimKey:
    legs = (
        (float(chain.strike[leg.row]), bool(chain.is_call[leg.row]), leg.buy)
        if leg.row != STOCK_ROW
        else (0.0, True, leg.buy)
        for leg in claim.legs
    )
    return claim.kind.value, tuple(legs)


def _one_instant(chain: Chain, legs: list[FindingLeg], *, stock: bool) -> bool:
    """All these sides were received together (a snapshot file, one packet), or have no times at all."""
    times = {float((chain.ask_time if leg.buy else chain.bid_time)[leg.row]) for leg in legs}
    if stock:
        times |= {chain.underlying.bid_time, chain.underlying.ask_time}
    return len(times) == 1


def _blame(chain: Chain, claim: Claim, judged: Judged) -> tuple[int, float]:
    """(row, z in the crossing's direction) of the leg that gives most of the edge.

    The edge is the sum over legs of what each quote is outside fair, less the fair value of what one holds. So the leg
    farthest outside is to blame, and its z says how sure that is; tight innocent legs have the larger z by chance.
    """
    options = [leg for leg in claim.legs if leg.row != STOCK_ROW]
    given = [_outside(chain, judged, leg) * leg.ratio for leg in options]
    worst = options[int(np.argmax(given))]
    z = float(judged.z[worst.row])
    return worst.row, -z if worst.buy else z


def _outside(chain: Chain, judged: Judged, leg: FindingLeg) -> float:
    """What this leg alone earns against fair, $/share; -inf without a fair value."""
    fair = float(judged.judgement.fair[leg.row])
    edge = fair - float(chain.ask[leg.row]) if leg.buy else float(chain.bid[leg.row]) - fair
    return edge if math.isfinite(edge) else -math.inf


def _choose(
    chain: Chain, claims: list[Claim], judged: Judged, memory: ScanMemory, settings: ScanSettings
) -> list[tuple[Claim, int, float]]:
    """(claim, culprit's row, blame): the simplest kind per culprit, or the kind already shown while it still holds."""
    rank = {kind: place for place, kind in enumerate(SIMPLEST_FIRST)}
    blamed = [(claim, *_blame(chain, claim, judged)) for claim in claims]
    chosen: dict[int, tuple[Claim, int, float]] = {}
    kinds: dict[tuple[float, bool], str] = {}

    def order(item: tuple[Claim, int, float]) -> tuple[bool, int, int, float]:
        claim, row, _ = item
        shown = memory.claim_kinds.get((float(chain.strike[row]), bool(chain.is_call[row])))
        return claim.kind.value != shown, len(claim.legs), rank[claim.kind], -claim.edge_net

    taken: set[int] = set()
    guilty = sorted((item for item in blamed if item[2] >= settings.threshold), key=order)
    for item in guilty:
        if item[1] not in chosen:
            chosen[item[1]] = item
            taken.add(item[1])
    for item in sorted((item for item in blamed if not item[2] >= settings.threshold), key=order):
        rows = {leg.row for leg in item[0].legs if leg.row != STOCK_ROW}
        if not rows & taken:
            chosen[item[1]] = item
            taken |= rows
    for row, (claim, _, _) in chosen.items():
        kinds[(float(chain.strike[row]), bool(chain.is_call[row]))] = claim.kind.value
    memory.claim_kinds = kinds
    return list(chosen.values())


def _finding(
    chain: Chain,
    claim: Claim,
    row: int,
    blame: float,
    judged: Judged,
    *,
    state: MarketState,
    settings: ScanSettings,
    dividend: bool,
) -> Finding:
    worth = arbitrage_worth(chain, claim, settings)
    graded = grade_arbitrage(blame, worth, settings)
    severity, reasons = apply_caps(graded, judged.around(row, state), executable=True)
    if severity is None:
        raise ValueError("a crossing always has a severity")
    return Finding(
        kind=claim.kind,
        row=row,
        strike=float(chain.strike[row]),
        is_call=bool(chain.is_call[row]),
        severity=severity,
        has_culprit=blame >= settings.threshold,
        cheap=next(leg.buy for leg in claim.legs if leg.row == row),
        z=float(judged.z[row]),
        z_temporal=float(judged.z_temporal[row]),
        fair=float(judged.judgement.fair[row]),
        outside=float(judged.outside[row]),
        worth=worth,
        legs=claim.legs,
        reasons=reasons,
        flags=flags_of(chain, claim.legs, claim.kind, judged, dividend=dividend),
    )
