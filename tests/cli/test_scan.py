"""`spy scan` as a user runs it: the real SPY page, Lean minutes, the documented CSV, and every kind of bad file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import typer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from apps.cli import scan

DATA = Path(__file__).parents[2] / "apps" / "simulator" / "data"
SPY = DATA / "spy_quotedata_20250516.csv"
SPXW = DATA / "indexoption_usa_minute_spxw_20210106_quote_european.zip"
AS_OF = "2025-05-16T16:15-04:00"
HEADER = "expiry,strike,right,bid,ask,as_of"
MOMENT = "2025-05-19T11:00-04:00"

app = typer.Typer()
scan.register(app)


@app.command()
def other() -> None:
    """A second command, so that `scan` keeps its name."""


def spy_scan(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["scan", *map(str, arguments)], env={"COLUMNS": "200", "TERM": "dumb"})


def scanned(*arguments: object) -> dict[str, Any]:
    result = spy_scan(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def refused(*arguments: object) -> str:
    """The one sentence; never a traceback."""
    result = spy_scan(*arguments)
    assert result.exit_code == 2, result.output
    assert isinstance(result.exception, SystemExit)
    assert result.stdout == ""
    sentence = result.stderr.strip()
    assert "\n" not in sentence
    assert sentence.endswith(".")
    return sentence


def chain_csv(folder: Path, *lines: str, header: str = HEADER) -> Path:
    path = folder / "chain.csv"
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


def fair_lines(strikes: range, forward: float = 594.0) -> list[str]:
    """A smooth little chain: intrinsic value plus a hump, one cent each side."""
    lines = []
    for strike in strikes:
        hump = 1.8 * 0.62 ** abs(strike - forward)
        for right, intrinsic in (("C", max(forward - strike, 0)), ("P", max(strike - forward, 0))):
            mid = intrinsic + hump
            lines.append(f"2025-05-19,{strike},{right},{max(mid - 0.01, 0):.2f},{mid + 0.01:.2f},{MOMENT}")
    return lines


# ---- the real SPY page


def test_the_forward_is_the_options_own_and_not_the_after_hours_last() -> None:
    found = scanned(SPY, "--expiry", "2025-05-19", "--as-of", AS_OF)
    assert found["forward"] == pytest.approx(594.06, abs=0.03)
    assert found["parity_forward"]["value"] == pytest.approx(594.065, abs=0.001)
    assert any("589.25" in note and "not used" in note for note in found["notes"])
    assert found["seconds_to_expiry"] == pytest.approx(71.75 * 3600)


def test_without_expiry_the_first_unexpired_one_is_taken_and_named() -> None:
    result = spy_scan(SPY)
    assert result.exit_code == 0
    assert "2025-05-19 (the first unexpired one in the file)" in result.stdout
    assert "2025-05-16 16:15 EDT" in result.stdout


def test_an_expired_expiry_says_expired() -> None:
    sentence = refused(SPY, "--expiry", "2025-05-16")
    assert "expired at 16:00" in sentence
    assert "2025-05-19" in sentence


def test_the_clean_chain_shows_nothing_high_or_medium_and_at_most_one_low() -> None:
    found = scanned(SPY, "--expiry", "2025-05-19", "--as-of", AS_OF)
    severities = [finding["severity"] for finding in found["findings"]]
    assert "HIGH" not in severities
    assert "MEDIUM" not in severities
    assert severities.count("LOW") <= 1
    assert found["state"] == "CLOSED"
    assert found["smile"]["quality"] == "good"
    assert sum(contract["fair"] is not None for contract in found["contracts"]) >= 40


def test_an_error_of_ten_cents_in_the_real_chain_is_found(tmp_path: Path) -> None:
    text = SPY.read_text(encoding="utf-8")
    line = next(row for row in text.splitlines() if "SPY250519C00598000" in row)
    fields = line.split(",")
    fields[4], fields[5] = "0.57", "0.59"
    path = tmp_path / "spy_quotedata.csv"
    path.write_text(text.replace(line, ",".join(fields)), encoding="utf-8")
    found = scanned(path, "--expiry", "2025-05-19", "--as-of", AS_OF)
    assert any(item["strike"] == 598 and item["option_type"] == "CALL" for item in found["findings"])


def test_the_whole_chain_is_judged_by_bounds_and_arbitrage_beyond_four_deviations() -> None:
    found = scanned(SPY, "--expiry", "2025-05-19", "--as-of", AS_OF, "--window", "all")
    assert len(found["contracts"]) == 328
    deviation = found["smile"]["atm_vol"] * (found["seconds_to_expiry"] / (365 * 86_400)) ** 0.5
    far = [
        contract for contract in found["contracts"] if abs(contract["strike"] / found["forward"] - 1) > 4.3 * deviation
    ]
    assert len(far) > 200
    for contract in far:
        assert contract["judged_by"] == "bounds and arbitrage"
        assert contract["fair"] is None
        assert contract["z"] is None
    statistical = {"RESIDUAL"}
    beyond = {contract["strike"] for contract in far}
    assert not [f for f in found["findings"] if f["kind"] in statistical and f["strike"] in beyond]


def test_the_table_names_file_forward_smile_and_state() -> None:
    result = spy_scan(SPY, "--expiry", "2025-05-19", "--as-of", AS_OF, "--window", "1")
    assert result.exit_code == 0
    for text in ("Cboe quote page export, SPY", "594.0", "CLOSED (a file scan runs every rule", "±1 %", "594"):
        assert text in result.stdout


# ---- Lean minutes


def test_a_minute_of_a_lean_zip_is_a_chain_of_the_quotes_that_ended_it() -> None:
    found = scanned(SPXW, "--at", "11:55")
    assert found["symbol"] == "SPXW"
    assert found["expiry"] == "2021-01-06"
    assert found["as_of"] == "2021-01-06T11:55:00-05:00"
    assert found["state"] == "NORMAL"
    assert found["parity_forward"]["value"] == pytest.approx(3768.55, abs=0.01)
    assert found["smile"]["quality"] == "not_enough_strikes"
    assert found["findings"] == []


def test_a_lean_zip_without_a_minute_says_which_it_has() -> None:
    assert "09:31 to 16:15" in refused(SPXW)
    assert "no quotes at 08:00" in refused(SPXW, "--at", "08:00")
    assert "11:55" in refused(SPXW, "--at", "noon")
    assert "--at and --as-of" in refused(SPXW, "--at", "11:55", "--as-of", AS_OF)


def test_a_zip_of_something_else_and_a_damaged_one_are_refused(tmp_path: Path) -> None:
    other = tmp_path / "other.zip"
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("20230803_spy_minute_quote.csv", "34200000,1,1,1,1,1,1,1,1,1,1\n")
    assert "no option quote bars" in refused(other, "--at", "10:00")
    damaged = tmp_path / "damaged.zip"
    damaged.write_bytes(SPXW.read_bytes()[:5_000])
    assert "damaged or foreign zip" in refused(damaged, "--at", "10:00")
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("20210106_spxw_minute_quote_european_call_37000000_20210106.csv", "34200000,abc\n")
    assert "not a quote bar" in refused(other, "--at", "09:31")


# ---- the documented CSV


def test_a_csv_with_fair_quotes_is_read_in_any_column_order(tmp_path: Path) -> None:
    path = chain_csv(tmp_path, *fair_lines(range(588, 601)))
    found = scanned(path)
    assert found["forward"] == pytest.approx(594, abs=0.02)
    assert found["as_of"] == MOMENT.replace("11:00", "11:00:00")
    turned = tmp_path / "turned.csv"
    turned.write_text("\n".join(",".join(reversed(line.split(","))) for line in path.read_text().splitlines()))
    assert scanned(turned)["forward"] == pytest.approx(found["forward"], abs=1e-9)


def test_two_strikes_are_not_enough_for_a_smile_and_it_says_so(tmp_path: Path) -> None:
    path = chain_csv(tmp_path, *fair_lines(range(593, 595)))
    assert scanned(path)["smile"]["quality"] == "not_enough_strikes"
    assert "not enough quotes" in spy_scan(path).stdout


@pytest.mark.parametrize(
    "lines",
    [
        fair_lines(range(594, 595)),
        [line.replace(",C,", ",C,,,").rsplit(",", 3)[0] + "," + MOMENT for line in fair_lines(range(594, 595))[:1]],
        [f"2025-05-19,{k},{r},0,0.05,{MOMENT}" for k in range(590, 599) for r in "CP"],
        [f"2025-05-19,{k},{r},2.00,1.00,{MOMENT}" for k in range(590, 599) for r in "CP"],
        [f"2025-05-19,{k},{r},,,{MOMENT}" for k in range(590, 599) for r in "CP"],
    ],
    ids=["one strike", "one contract", "all bids zero", "all crossed", "no quotes at all"],
)
def test_too_few_usable_quotes_end_in_an_honest_answer(tmp_path: Path, lines: list[str]) -> None:
    path = chain_csv(tmp_path, *lines)
    found = scanned(path)
    assert found["smile"]["quality"] != "good"
    assert all(contract["fair"] is None for contract in found["contracts"]) or len(lines) == 2
    assert "not enough quotes" in spy_scan(path).stdout


def test_without_a_forward_no_window_is_claimed(tmp_path: Path) -> None:
    path = chain_csv(tmp_path, *(f"2025-05-19,{strike},C,2.50,1.50,{MOMENT}" for strike in (300, 594, 900)))
    printed = spy_scan(path).stdout
    assert scanned(path)["window_percent"] is None
    assert "3, all strikes" in printed
    assert "There is no forward to measure ±2 % from: every strike is taken in." in printed
    assert "of the forward" not in printed


def test_a_crossed_quote_among_good_ones_is_flagged_and_claims_nothing(tmp_path: Path) -> None:
    lines = fair_lines(range(588, 601))
    lines[12] = f"2025-05-19,594,C,2.50,1.50,{MOMENT}"
    found = scanned(chain_csv(tmp_path, *lines))
    crossed = next(c for c in found["contracts"] if c["strike"] == 594 and c["option_type"] == "CALL")
    assert "CROSSED" in crossed["flags"]
    assert not [f for f in found["findings"] if any("594 C" in leg for leg in f["legs"])]


@pytest.mark.parametrize(
    ("header", "line", "said"),
    [
        ("expiry,strike,right,bid", "2025-05-19,594,C,1.80", "lacks the column ask"),
        ("strike,right", "594,C", "lacks the columns expiry, bid, ask"),
        (HEADER, f"2025-05-19,594,C,cheap,1.90,{MOMENT}", "line 2: bid is 'cheap', not a number"),
        (HEADER, f"2025-05-19,594,C,1.80,nan,{MOMENT}", "ask is 'nan'"),
        (HEADER, f"2025-05-19,594,C,1.80,1e999,{MOMENT}", "ask is '1e999'"),
        (HEADER, f"2025-05-19,594,C,-3,1.90,{MOMENT}", "bid is '-3'"),
        (HEADER, f"2025-05-19,0,C,1.80,1.90,{MOMENT}", "the strike is '0'"),
        (HEADER, f"2025-05-19,594,X,1.80,1.90,{MOMENT}", "right is 'X'; write C or P"),
        (HEADER, f"19 May 2025,594,C,1.80,1.90,{MOMENT}", "not a date like 2025-05-19"),
        (HEADER, f"2025-05-18,594,C,1.80,1.90,{MOMENT}", "2025-05-18 is not a trading day"),
        (HEADER, f"2099-05-18,594,C,1.80,1.90,{MOMENT}", "more than 5 years"),
        (HEADER, "2025-05-19,594,C,1.80,1.90,2025-05-19T11:00", "not a time with an offset"),
        (HEADER, "2025-05-19,594,C,1.80,1.90,", "give --as-of"),
        (HEADER, "2025-05-19,594,C,1.80", "4 fields where the header has 6"),
        (HEADER, f"2025-05-16,594,C,1.80,1.90,{MOMENT}", "had expired"),
        (HEADER + ",style", f"2025-05-19,594,C,1.80,1.90,{MOMENT},asian", "american or european"),
        (HEADER + ",bid", f"2025-05-19,594,C,1.80,1.90,{MOMENT},1", "names a column twice"),
        (HEADER + ",bidSize", f"2025-05-19,594,C,1.80,1.90,{MOMENT},7", "call it bid_size"),
    ],
)
def test_a_wrong_csv_is_one_sentence_that_names_the_place(tmp_path: Path, header: str, line: str, said: str) -> None:
    assert said in refused(chain_csv(tmp_path, line, header=header))


def test_two_rows_of_one_contract_and_two_instants_are_refused(tmp_path: Path) -> None:
    line = f"2025-05-19,594,C,1.80,1.90,{MOMENT}"
    assert "594 call of 2025-05-19 twice" in refused(chain_csv(tmp_path, line, line))
    later = line.replace("C", "P").replace("11:00", "11:01")
    assert "one chain at one time" in refused(chain_csv(tmp_path, line, later))


# ---- files that are no chain


def test_files_that_are_no_chain_are_named_for_what_they_are(tmp_path: Path) -> None:
    def file(name: str, content: bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    assert "does not exist" in refused(tmp_path / "absent.csv")
    assert "is a folder" in refused(tmp_path)
    assert "is empty" in refused(file("empty.csv", b" \n"))
    assert "binary file" in refused(file("program", bytes(range(256)) * 20))
    assert "is JSON" in refused(file("list.json", b"[1, 2]"))
    anomalies = b'[{"PartitionKey": "SPY", "RowKey": "1", "strike": 676.0, "expected_price": 0.15}]'
    assert "stored anomaly records, not an option chain" in refused(file("anomalies.json", anomalies))
    assert "holds no option contracts" in refused(file("header.csv", HEADER.encode()))
    assert "--at picks a minute" in refused(SPY, "--at", "10:00")


def test_a_huge_file_is_refused_by_its_size_unread(tmp_path: Path) -> None:
    huge = tmp_path / "huge.csv"
    with huge.open("wb") as file:
        file.truncate(65_000_000)
    assert "65 MB" in refused(huge)


def test_a_cut_off_or_altered_page_is_refused(tmp_path: Path) -> None:
    text = SPY.read_text(encoding="utf-8")

    def altered(changed: str) -> Path:
        path = tmp_path / "page.csv"
        path.write_text(changed, encoding="utf-8")
        return path

    assert "cut off" in refused(altered(text[: len(text) // 2 - 17]))
    assert "lacks the column Strike" in refused(altered(text.replace(",Strike,", ",Level,")))
    assert "lacks the column Ask of the calls" in refused(
        altered(text.replace("Bid,Ask,Volume,IV", "Bid,Offer,Volume,IV", 1))
    )
    assert "not a number" in refused(altered(text.replace("SPY250519C00583000,", "SPY250519C00583000,eleven", 1)))
    assert "not like 'Mon May 19 2025'" in refused(altered(text.replace("Mon May 19 2025", "19 May 2025")))
    assert "give --as-of" in refused(altered(text.replace("Date: May 16, 2025 at 7:23 PM EDT", "no date")))


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--expiry", "tomorrow", "write a date"),
        ("--expiry", "2025-06-20", "has no expiry 2025-06-20; it has 2025-05-16, 2025-05-19"),
        ("--as-of", "yesterday", "write an ISO time"),
        ("--as-of", "2025-05-16T16:15", "with an offset"),
        ("--as-of", "2026-05-16T16:15-04:00", "had expired"),
        ("--as-of", "1901-05-16T16:15-04:00", "before SPY"),
        ("--window", "0", "percentage from above 0"),
        ("--window", "0.001", "widen --window"),
        ("--window", "wide", "or all"),
    ],
)
def test_a_wrong_option_says_what_to_write(option: str, value: str, said: str) -> None:
    assert said in refused(SPY, option, value)


def test_an_expiry_that_is_no_trading_day_is_left_out_and_said(tmp_path: Path) -> None:
    path = chain_csv(tmp_path, f"2025-05-18,594,C,1.80,1.90,{MOMENT}", *fair_lines(range(588, 601)))
    found = scanned(path)
    assert found["expiry"] == "2025-05-19"
    assert any("2025-05-18 is not a trading day" in note for note in found["notes"])
    assert "2025-05-18 is not a trading day" in refused(path, "--expiry", "2025-05-18")


def test_a_half_day_expiry_ends_at_one(tmp_path: Path) -> None:
    line = "2026-11-27,690,C,1.80,1.90,2026-11-27T12:30-05:00"
    assert scanned(chain_csv(tmp_path, line))["seconds_to_expiry"] == 30 * 60
    assert "expired at 13:00" in refused(
        chain_csv(tmp_path, line), "--as-of", "2026-11-27T13:00-05:00", "--expiry", "2026-11-27"
    )


@given(content=st.binary(max_size=400) | st.text(max_size=400).map(lambda text: (HEADER + "\n" + text).encode()))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_content_ends_in_a_traceback(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "any.csv"
    path.write_bytes(content)
    result = spy_scan(path, "--as-of", AS_OF)
    assert result.exit_code in {0, 2}
    assert result.exception is None or isinstance(result.exception, SystemExit)


def test_in_a_pipe_no_column_is_cut() -> None:
    # Named, because readline sets COLUMNS behind this process's back when pytest loads it.
    environment = {key: value for key, value in os.environ.items() if key != "COLUMNS"}
    words = [sys.executable, "-m", "apps.cli.main", "scan", str(SPY), "--expiry", "2025-05-19", "--as-of", AS_OF]
    piped = subprocess.run(words, env=environment, capture_output=True, text=True, check=True, timeout=60).stdout
    assert "…" not in piped
    [headings] = [line for line in piped.splitlines() if "Strike" in line and "Bid" in line]
    columns = ("Mid vol %", "Fair vol %", "Mid-fair c", "Outside c", "Flags")
    assert [column for column in columns if column not in headings] == []
    assert len(headings) > 80
