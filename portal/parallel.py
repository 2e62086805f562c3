"""Does independent work in several processes at once, and gives what it made in order.

Workers are forks: they know all that this process knows, and nothing is copied to them. Each takes a few neighbours at
a time, so that what these have in common is found out once, and the next few when it is done: where one item takes
long, the others do the rest meanwhile. What they make comes back through a pipe each.
"""

from __future__ import annotations

import gc
import os
import pickle
import signal
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkContext, ForkProcess

T = TypeVar("T")
R = TypeVar("R")

NEIGHBOURS = 8
"""Items in a row that one worker does, at least where there are many."""
LEAST = 50
"""Items from which on a worker is worth its start, which costs some 20 ms."""

_TURNS = 1000
"""Shares that work is cut into, at most: what says which is next must fit into the smallest pipe there is, 4 KiB."""
_NUMBER = 4
"""Bytes of the number of a share."""


def each(
    work: Callable[[T], R],
    items: Sequence[T],
    workers: int | None = None,
    least: int = LEAST,
    prepare: Callable[[], None] | None = None,
) -> Generator[R, None, None]:
    """`work` done on every item, in order; `workers` is how many may be at it, by default one for each processor;
    `least` is for how many items one is worth its start. `prepare` finds out what all of them shall know; it is done
    before they start, if any do.

    What a worker fails at is done here again, so it raises here. Closing this ends the workers, whatever they do.
    """
    count = min(workers or processors(), len(items) // least)
    context = _forking() if count >= 2 else None
    if context is None:
        yield from map(work, items)
        return
    if prepare is not None:
        prepare()
    share = max(1, -(-len(items) // _TURNS), min(NEIGHBOURS, len(items) // (NEIGHBOURS * count)))
    turns, said = os.pipe()
    os.write(said, b"".join(at.to_bytes(_NUMBER, "big") for at in range(-(-len(items) // share))))
    os.close(said)
    gc.freeze()  # or the first collection in a worker would copy everything that this process knows
    pipes = [context.Pipe(duplex=False) for _ in range(count)]
    job = _Job(work, items, share, turns, os.getpid())
    started = []
    try:
        for number in range(count):
            process = context.Process(target=_serve, args=(job, pipes, number), daemon=True)
            process.start()
            started.append(process)
        os.close(turns)
        for _, sending in pipes:
            sending.close()
        arriving = _Arriving([receiving for receiving, _ in pipes])
        for position, item in enumerate(items):
            done = arriving.next(position)
            yield work(item) if done is None else done[0]
    finally:
        for process in started:
            process.kill()
            process.join()
        for receiving, _ in pipes:
            receiving.close()
        gc.unfreeze()


def aside(work: Callable[[], R]) -> Callable[[], R]:
    """Begin some work on another processor, and go on; what is given back waits for what came of it.

    What fails there is done here once somebody asks for it, so it raises here.
    """
    context = _forking() if processors() >= 2 else None
    if context is None:
        return work
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_tell, args=(work, sending, receiving), daemon=True)
    if not _started(process):
        return work
    sending.close()

    def answer() -> R:
        try:
            done = pickle.loads(receiving.recv_bytes())  # noqa: S301 - from a fork of this process
        except (EOFError, OSError):
            done = None
        finally:
            process.join()
            receiving.close()
        return work() if done is None else done[0]

    return answer


class Mate:
    """Another processor that does one thing after another, from now on, while this process goes on.

    What can be done meanwhile waits while there is anything else to do. What it fails at is done by who asks for it, so
    it raises here; with one processor, all of it, and in a worker what nobody had asked for before that was started.
    """

    def __init__(self) -> None:
        self._owner = os.getpid()
        self._asked = 0
        self._open: set[int] = set()
        """The numbers of what nobody has asked for yet."""
        self._said: dict[int, tuple[Any] | None] = {}
        """What came of some of them."""
        self._line = _line_to_a_fork(_follow) if processors() >= 2 else None

    def ask(
        self, work: Callable[[], R], *, meanwhile: bool = False, afterwards: Callable[[R], object] | None = None
    ) -> Callable[[], R]:
        """Have something done, of which it is enough to know the name and what it takes; gives what waits for it.

        What comes `afterwards` is done there once that is told, with what came of it; nobody is told what comes of it.
        """
        if self._line is None:
            return work
        self._asked += 1
        number, order = self._asked, pickle.dumps((work, afterwards), pickle.HIGHEST_PROTOCOL)
        try:
            self._line.say((meanwhile, number, order))
        except OSError:
            return work
        self._open.add(number)

        def answer() -> R:
            done = self._answer(number)
            return work() if done is None else done[0]

        return answer

    def _answer(self, number: int) -> tuple[Any] | None:
        if os.getpid() != self._owner:  # a fork, which would take from the pipe what others wait for
            return self._said.get(number)
        if number not in self._open:
            return None
        self._open.remove(number)
        while number not in self._said and self._line is not None:
            try:
                told, done = self._line.hear()
            except (EOFError, OSError, pickle.UnpicklingError):
                return None
            self._said[told] = done
        return self._said.pop(number, None)

    def leave(self) -> None:
        """Let it go, whatever it is at."""
        if self._line is not None and os.getpid() == self._owner:
            self._line.hang_up()
        self._line = None


class _Line(NamedTuple):
    """One end of a line between two processes: two pipes. multiprocessing has one; to import it takes longer than most
    of what a mate is asked for.
    """

    hearing: BinaryIO
    saying: BinaryIO
    other: int = 0
    """The process at the other end, for who started it."""

    def say(self, what: object) -> None:
        """Raises OSError where nobody hears it."""
        pickle.dump(what, self.saying, pickle.HIGHEST_PROTOCOL)
        self.saying.flush()

    def hear(self) -> Any:
        """Waits for what the other says. Raises EOFError, OSError, UnpicklingError where nobody says anything more."""
        return pickle.load(self.hearing)  # noqa: S301 - from a fork of this process, or what this is a fork of

    def hang_up(self) -> None:
        """End the call and the other process, of which nobody else would take notice."""
        self.hearing.close()
        with suppress(OSError):  # what nobody heard
            self.saying.close()
        with suppress(OSError):  # somebody was faster
            os.kill(self.other, signal.SIGKILL)
            os.waitpid(self.other, 0)


def _line_to_a_fork(work: Callable[[_Line], None]) -> _Line | None:
    """One end of a line; a fork of this process has the other, and works. None where the system cannot fork."""
    if not hasattr(os, "fork"):
        return None
    hearing, their_saying = os.pipe()
    their_hearing, saying = os.pipe()
    try:
        fork = os.fork()
    except OSError:
        for end in (hearing, saying, their_hearing, their_saying):
            os.close(end)
        return None
    if fork == 0:
        try:
            os.close(hearing)
            os.close(saying)
            line = _Line(os.fdopen(their_hearing, "rb"), os.fdopen(their_saying, "wb"))  # open to the end
            work(line)
        finally:
            os._exit(0)  # what this process has still to write, and to do when it ends, is not the fork's
    os.close(their_hearing)
    os.close(their_saying)
    return _Line(os.fdopen(hearing, "rb"), os.fdopen(saying, "wb"), fork)


def _follow(line: _Line) -> None:
    """Do what is asked until nobody asks any more.

    Orders are read while others are carried out, or each end might wait for the other to read.
    """
    import threading
    from queue import PriorityQueue

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    waiting: PriorityQueue[tuple[bool, int, bytes]] = PriorityQueue()

    def read() -> None:
        with suppress(EOFError, OSError, pickle.UnpicklingError):
            while True:
                waiting.put(line.hear())
        waiting.put(_NO_MORE)

    threading.Thread(target=read, daemon=True).start()
    with suppress(OSError):
        while (waited := waiting.get()) != _NO_MORE:
            _, number, order = waited
            made = _tried(_carried_out_order, order)
            done, afterwards = made[0] if made else (None, None)
            line.say((number, done))
            if afterwards is not None:
                _tried(_carried_out, afterwards)


_NO_MORE = (False, 0, b"")
"""Comes before any order that still waits: nobody wants to know any more."""


def _carried_out_order(order: bytes) -> tuple[tuple[Any], Callable[[], object] | None]:
    """What came of it, and what is to be done afterwards."""
    work, afterwards = pickle.loads(order)  # noqa: S301 - as above
    done = work()
    return (done,), partial(afterwards, done) if afterwards else None


def _started(process: ForkProcess) -> bool:
    """Whether the system lets one more process be; where it does not, who asks does the work."""
    try:
        process.start()
    except OSError:
        return False
    return True


def _forking() -> ForkContext | None:
    """What starts workers; None where the system cannot fork. Imported here: few runs have work for them."""
    import multiprocessing

    return multiprocessing.get_context("fork") if "fork" in multiprocessing.get_all_start_methods() else None


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Arriving:
    """What workers send, by the position of its item."""

    def __init__(self, pipes: list[Connection]) -> None:
        self._pipes = pipes
        """Those at whose other end there is still somebody."""
        self._done: dict[int, tuple[Any] | None] = {}

    def next(self, position: int) -> tuple[Any] | None:
        """What came of an item; None where its worker failed, or is gone."""
        while position not in self._done and self._pipes:
            self._wait()
        return self._done.pop(position, None)

    def _wait(self) -> None:
        """Take whatever has come, once something has."""
        from multiprocessing.connection import Connection, wait

        for pipe in wait(self._pipes):
            assert isinstance(pipe, Connection)
            self._take(pipe)

    def _take(self, pipe: Connection) -> None:
        try:
            first, done = pickle.loads(pipe.recv_bytes())  # noqa: S301 - from a fork of this process
        except (EOFError, OSError):
            self._pipes.remove(pipe)
        else:
            self._done.update(enumerate(done, first))


class _Job(NamedTuple, Generic[T, R]):
    """What all workers have before them."""

    work: Callable[[T], R]
    items: Sequence[T]
    share: int
    """Neighbours that one takes at a time."""
    turns: int
    """The reading end of the pipe with the numbers of shares: who reads one does it."""
    master: int
    """The process that waits for it."""


def _serve(job: _Job[T, R], pipes: list[tuple[Connection, Connection]], own: int) -> None:
    """Do shares until none is left, or nobody waits for them any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it goes to all at the terminal, and who started this one ends it
    for number, (receiving, sending) in enumerate(pipes):
        receiving.close()
        if number != own:
            sending.close()
    while turn := os.read(job.turns, _NUMBER):
        first = int.from_bytes(turn, "big") * job.share
        done: list[tuple[R] | None] = []
        for item in job.items[first : first + job.share]:
            if os.getppid() != job.master:
                return
            done.append(_tried(job.work, item))
        try:
            pipes[own][1].send_bytes(pickle.dumps((first, done), pickle.HIGHEST_PROTOCOL))
        except OSError:
            return


def _tell(work: Callable[[], R], sending: Connection, other_end: Connection) -> None:
    """Do some work, and send what came of it to who waits for it, if anybody does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    other_end.close()  # or whoever is not waited for any more would never know, and hold what the other had locked
    gc.freeze()  # as in each
    with suppress(OSError):
        sending.send_bytes(pickle.dumps(_tried(_carried_out, work), pickle.HIGHEST_PROTOCOL))


def _carried_out(work: Callable[[], R]) -> R:
    return work()


def _tried(work: Callable[[T], R], item: T) -> tuple[R] | None:
    """What came of an item; None for a failure: done again by who waits for it, it is told there."""
    try:
        return (work(item),)
    except Exception:
        return None
