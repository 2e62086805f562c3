"""Does independent work in several processes at once, and gives what it made in order.

Workers are forks: they know all that this process knows, and nothing is copied to them. What they make comes back
through a pipe each, which holds them up when nobody takes it, so that no more than a few results lie around.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from portal.errors import PortalError

T = TypeVar("T")
R = TypeVar("R")

LEAST = 50
"""Items from which on a worker is worth its start, which costs some 20 ms."""


def each(work: Callable[[T], R], items: Sequence[T], workers: int | None = None) -> Iterator[R]:
    """`work` done on every item, in order; `workers` is how many may be at it, by default one for each processor.

    What a worker fails at is done here again, so it raises here.
    """
    count = min(workers or processors(), len(items) // LEAST)
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
            done = _taken(pipes[position % count][0])
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
        done: tuple[Any] | None = pipe.recv()
    except (EOFError, OSError):
        return None
    return done


def _serve(work: Callable[[T], R], items: Sequence[T], number: int, pipes: list[tuple[Connection, Connection]]) -> None:
    """Do every so-manieth item, and send what comes of it."""
    for other, (receiving, sending) in enumerate(pipes):
        receiving.close()
        if other != number:
            sending.close()
    own = pipes[number][1]
    for item in items[number :: len(pipes)]:
        try:
            done: tuple[R] | None = (work(item),)
        except (PortalError, OSError, ValueError, LookupError, RuntimeError, ArithmeticError, TypeError):
            done = None
        try:
            own.send(done)
        except OSError:  # nobody takes it any more
            return
