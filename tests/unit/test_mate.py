"""A second pair of hands: what it is asked is done elsewhere, one after another; what it cannot do is done here."""

from __future__ import annotations

import errno
import os
import select
import signal
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from portal import parallel
from portal.parallel import Mate

MANY = 1 << 20


@pytest.fixture
def mate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mate]:
    monkeypatch.setattr(parallel, "processors", lambda: 2)
    one = Mate()
    yield one
    one.leave()


def twice(number: int) -> tuple[int, int]:
    return 2 * number, os.getpid()


def test_what_is_asked_is_done_elsewhere(mate: Mate) -> None:
    """Each answer is of its own question, in whatever order somebody wants them."""
    answers = [mate.ask(partial(twice, number)) for number in range(5)]
    found = {number: answers[number]() for number in (3, 0, 4, 2, 1)}
    assert {number: double for number, (double, _) in found.items()} == {0: 0, 1: 2, 2: 4, 3: 6, 4: 8}
    (pid,) = {pid for _, pid in found.values()}
    assert pid != os.getpid()


def test_long_questions_and_long_answers_do_not_wait_for_each_other(mate: Mate) -> None:
    """Though neither fits into a pipe, and nobody reads the answers before all is asked."""
    answers = [mate.ask(partial(bytes.upper, b"a" * MANY)) for _ in range(4)]
    assert all(answer() == b"A" * MANY for answer in answers)


def finished(seconds: float) -> float:
    """When this was done."""
    time.sleep(seconds)
    return time.monotonic()


def fail(number: int) -> None:
    raise ValueError(number)


def test_what_can_be_done_meanwhile_waits(mate: Mate) -> None:
    """However much of it there is, something else is done between."""
    some = [mate.ask(partial(finished, 0.1), meanwhile=True) for _ in range(5)]
    sooner = mate.ask(partial(finished, 0))
    assert sooner() < some[-1]()
    assert len({done() for done in some[:-1]}) == 4


def test_what_comes_afterwards_is_done_there(mate: Mate, tmp_path: Path) -> None:
    """Once the answer is told, with what it was; nobody is told what comes of it."""
    file = tmp_path / "said"
    answer = mate.ask(partial(str, 5), afterwards=file.write_text)
    fails = mate.ask(partial(int, 5), afterwards=fail)
    _, pid = mate.ask(partial(twice, 1))()
    assert (answer(), fails(), file.read_text()) == ("5", 5, "5")
    assert pid != os.getpid()


def test_what_somebody_asks_for_again_is_done_again(mate: Mate) -> None:
    """Here: who said it has said it."""
    answer = mate.ask(partial(twice, 4))
    assert answer()[1] != os.getpid()
    assert answer() == (8, os.getpid())


def test_what_fails_there_fails_here(mate: Mate) -> None:
    """So that it can be told; and the next thing is done as ever."""
    failing, fine = mate.ask(partial(int, "none")), mate.ask(partial(int, "7"))
    assert fine() == 7
    with pytest.raises(ValueError, match="none"):
        failing()


def test_when_it_is_killed_its_work_is_done_here(mate: Mate) -> None:
    """What it had said before, it has said."""
    done = mate.ask(partial(twice, 1))
    pid = done()[1]
    waiting = mate.ask(partial(time.sleep, 0.2))
    os.kill(pid, signal.SIGKILL)
    again = mate.ask(partial(twice, 2))
    assert waiting() is None
    assert again() == (4, os.getpid())


def test_in_a_worker_what_is_not_there_yet_is_done_again(mate: Mate) -> None:
    """It takes from nobody what he waits for: a worker is a fork, with the same pipe."""
    slow, coming = mate.ask(partial(time.sleep, 0.5)), mate.ask(partial(twice, 5))
    done = list(parallel.each(lambda _: coming(), [1, 2], workers=2, least=1))
    assert {double for double, _ in done} == {10}
    assert slow() is None
    assert coming()[1] not in {os.getpid(), *(pid for _, pid in done)}


def test_what_nobody_waits_for_any_more_ends() -> None:
    """A killed build leaves nobody behind who holds what it had locked, however much there is to say."""
    ends, holds = os.pipe()
    pid = os.fork()
    if pid == 0:
        parallel.processors = lambda: 2
        parallel.aside(partial(bytes, MANY))
        os._exit(0)
    os.waitpid(pid, 0)
    os.close(holds)
    ended, _, _ = select.select([ends], [], [], 20)
    assert ended
    assert os.read(ends, 1) == b""
    os.close(ends)


def test_with_one_processor_all_of_it_is_done_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """And only what somebody wants."""
    monkeypatch.setattr(parallel, "processors", lambda: 1)
    alone = Mate()
    alone.ask(partial(pytest.fail, "nobody wants it"))
    assert alone.ask(partial(twice, 3))() == (6, os.getpid())


def test_where_no_process_can_be_started_all_of_it_is_done_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that is full of them takes longer, and no more than that."""

    def full() -> int:
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(parallel, "processors", lambda: 2)
    monkeypatch.setattr(os, "fork", full)
    assert Mate().ask(partial(twice, 3))() == (6, os.getpid())
    assert parallel.aside(partial(twice, 4))() == (8, os.getpid())


def test_whoever_is_let_go_ends(mate: Mate) -> None:
    """At once, whatever it is at; nothing is left of its process."""
    pid = mate.ask(partial(twice, 1))()[1]
    mate.ask(partial(time.sleep, 60))
    begun = time.monotonic()
    mate.leave()
    assert time.monotonic() - begun < 30
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_worker_lets_nobody_go_but_itself(mate: Mate) -> None:
    """The second pair of hands is another's."""
    assert list(parallel.each(lambda _: mate.leave(), [1, 2], workers=2, least=1)) == [None, None]
    assert mate.ask(partial(twice, 4))()[1] != os.getpid()
