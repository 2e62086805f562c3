"""Does independent work in several processes at once, and gives what it made in order.

Workers are forks: they know all that this process knows, and nothing is copied to them. Each takes a few neighbours at
a time, so that what these have in common is found out once. What they make comes back through a pipe each; a worker is
ahead of who takes it by no more than that many results.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import pickle
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from portal.errors import PortalError

T = TypeVar("T")
R = TypeVar("R")

NEIGHBOURS = 8
"""Items in a row that one worker does."""
LEAST = 50
"""Items from which on a worker is worth its start, which costs some 20 ms."""


def each(work: Callable[[T], R], items: Sequence[T], workers: int | None = None, least: int = LEAST) -> Iterator[R]:
    """`work` done on every item, in order; `workers` is how many may be at it, by default one for each processor;
    `least` is for how many items one is worth its start.

    What a worker fails at is done here again, so it raises here.
    """
    count = min(workers or processors(), len(items) // least)
    if count < 2 or "fork" not in multiprocessing.get_all_start_methods():
        yield from map(work, items)
        return
    gc.freeze()  # or the first collection in a worker would copy everything that this process knows
    context = multiprocessing.get_context("fork")
    pipes = [context.Pipe(duplex=False) for _ in range(count)]
    started = []
    for number in range(count):
        share = (work, items, number, pipes)
        started.append(context.Process(target=_serve, args=share, daemon=True))
        started[-1].start()
    for _, sending in pipes:
        sending.close()
    try:
        for position, item in enumerate(items):
            done = _taken(pipes[position // NEIGHBOURS % count][0])
            yield work(item) if done is None else done[0]
    finally:
        for receiving, _ in pipes:
            receiving.close()  # whoever still works finds nobody at the other end
        for process in started:
            process.join()
        gc.unfreeze()


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _taken(pipe: Connection) -> tuple[Any] | None:
    """The next result in a pipe; None where the worker failed, or is gone."""
    try:
        done: tuple[Any] | None = pickle.loads(pipe.recv_bytes())  # noqa: S301 - from a fork of this process
    except (EOFError, OSError):
        return None
    return done


def _serve(work: Callable[[T], R], items: Sequence[T], number: int, pipes: list[tuple[Connection, Connection]]) -> None:
    """Do the items of one worker, and send what comes of them while the next is done."""
    for other, (receiving, sending) in enumerate(pipes):
        receiving.close()
        if other != number:
            sending.close()
    ready: queue.Queue[Any] = queue.Queue(2 * NEIGHBOURS)
    post = threading.Thread(target=_send, args=(ready, pipes[number][1]), daemon=True)
    post.start()
    for position, item in enumerate(items):
        if position // NEIGHBOURS % len(pipes) != number:
            continue
        try:
            done: tuple[R] | None = (work(item),)
        except (PortalError, OSError, ValueError, LookupError, RuntimeError, ArithmeticError, TypeError):
            done = None
        ready.put(pickle.dumps(done, pickle.HIGHEST_PROTOCOL))
    ready.put(None)
    post.join()


def _send(ready: queue.Queue[Any], pipe: Connection) -> None:
    """Send what is ready, until there is no more; what nobody takes any more is dropped."""
    while (data := ready.get()) is not None:
        with suppress(OSError):
            pipe.send_bytes(data)
