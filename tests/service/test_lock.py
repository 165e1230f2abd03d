"""The symbol's lock: one holder, an epoch that only rises, takeover however the holder dies."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from apps.service.leadership import LeadershipLost
from apps.service.lock import SymbolLock
from tests.detector.helpers import until

HOLDER = """
import asyncio, sys
from pathlib import Path
from apps.service.lock import SymbolLock
async def main():
    lock = SymbolLock(Path(sys.argv[1]), "SPY")
    print(await lock.acquire(), flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""


def test_each_holder_gets_a_higher_epoch(tmp_path: Path) -> None:
    async def hold() -> int:
        lock = SymbolLock(tmp_path, "SPY")
        epoch = await lock.acquire()
        await lock.release()
        return epoch

    assert [asyncio.run(hold()) for _ in range(3)] == [1, 2, 3]


async def test_a_second_holder_waits_until_the_first_lets_go(tmp_path: Path) -> None:
    first, second = SymbolLock(tmp_path, "SPY"), SymbolLock(tmp_path, "SPY")
    await first.acquire()
    waiting = asyncio.create_task(second.acquire())
    await until(lambda: second.waited, what="the second is a standby")
    assert not waiting.done()
    await first.release()
    assert await waiting == 2
    assert (first.waited, second.waited) == (False, True)


async def test_two_symbols_do_not_wait_for_each_other(tmp_path: Path) -> None:
    await SymbolLock(tmp_path, "SPY").acquire()
    assert await SymbolLock(tmp_path, "QQQ").acquire() == 1


async def test_the_lock_of_a_killed_process_is_free_at_once(tmp_path: Path) -> None:
    holder = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLDER, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert holder.stdout is not None
    assert (await holder.stdout.readline()).strip() == b"1"
    lock = SymbolLock(tmp_path, "SPY")
    waiting = asyncio.create_task(lock.acquire())
    await until(lambda: lock.waited, what="we are a standby")
    holder.kill()
    assert await waiting == 2
    await holder.wait()


async def test_a_deleted_or_replaced_lock_file_is_noticed(tmp_path: Path) -> None:
    lock = SymbolLock(tmp_path, "SPY")
    await lock.acquire()
    lock.check()
    (tmp_path / "SPY.lock").unlink()
    with pytest.raises(LeadershipLost, match="deleted"):
        lock.check()
    (tmp_path / "SPY.lock").touch()
    with pytest.raises(LeadershipLost, match="replaced"):
        await lock.next_epoch()


async def test_the_epoch_goes_above_what_is_asked_and_never_back(tmp_path: Path) -> None:
    lock = SymbolLock(tmp_path, "SPY")
    await lock.acquire()
    assert await lock.next_epoch(above=40) == 41
    (tmp_path / "SPY.epoch").write_text("nonsense")
    assert await lock.next_epoch() == 42


async def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="Not a directory"):
        await SymbolLock(tmp_path / "file" / "locks", "SPY").acquire()
