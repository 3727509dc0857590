"""Threads that make batches ahead of who consumes them, in order."""

from __future__ import annotations

import atexit
import collections
import contextvars
import functools
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any

PATIENCE = 1.0  # seconds for which the end of the program waits for what threads are in the middle of
END = object()  # what a fetch gives when there is nothing more


class Worker(threading.Thread):
    """Fetches what is asked for until it is told to stop. It does not know the consumer, who may go away."""

    def __init__(
        self,
        number: int,
        tasks: SimpleQueue[Any],
        stopped: threading.Event,
        fetch: Callable[[Any], Any],
        on_start: Callable[[int], Any] | None,
    ) -> None:
        # a daemon: a fetch that never comes back must not keep the program from ending
        super().__init__(name=f"DataLoader worker {number}", daemon=True)
        self.number = number
        self.tasks = tasks
        self.stopped = stopped
        self._fetch = fetch
        self._on_start = on_start
        self._modes = contextvars.copy_context()  # the consumer's modes, and its error handling in NumPy

    def run(self) -> None:
        self._modes.run(self._work)

    def _work(self) -> None:
        broken = self._prepared()
        while (task := self.tasks.get()) is not None and not self.stopped.is_set():
            item, future = task
            if broken is not None:
                future.set_exception(broken)
            else:
                self._settle(item, future)
            del task, item, future  # nothing is kept while it waits

    def _prepared(self) -> BaseException | None:
        """What went wrong in the user's own function for a start: each batch will say so."""
        try:
            if self._on_start is not None:
                self._on_start(self.number)
        except BaseException as error:
            error.add_note(f"in worker_init_fn({self.number}) of a DataLoader")
            return error
        return None

    def _settle(self, item: Any, future: Future[Any]) -> None:
        try:
            future.set_result(self._fetch(item))
        except BaseException as error:  # whatever it is, the consumer gets it
            error.add_note(
                f"in thread {self.number} of a DataLoader" + ("" if item is None else f", for {item}")
            )
            future.set_exception(error)


class Prefetched(Iterator[Any]):
    """The results of `fetch` for each task, in order, `ahead` of them in the making.

    The threads end when all is fetched, at the first exception, on `close()`, and when this is thrown away,
    as by a `break` in the loop over it; nobody waits for what they are in the middle of.
    """

    def __init__(
        self,
        tasks: Iterator[Any],
        fetch: Callable[[Any], Any],
        workers: int,
        ahead: int,
        timeout: float,
        on_start: Callable[[int], Any] | None,
    ) -> None:
        _stop_at_exit()
        self._tasks = tasks
        self._timeout = timeout
        self._queue: SimpleQueue[Any] = SimpleQueue()
        self._waiting: collections.deque[Future[Any]] = collections.deque()
        self._is_exhausted = False
        stopped = threading.Event()
        self._stop = weakref.finalize(self, _stop, self._queue, stopped, workers)
        self._stop.atexit = False
        for number in range(workers):
            Worker(number, self._queue, stopped, fetch, on_start).start()
        for _ in range(ahead):
            self._ask()

    def __next__(self) -> Any:
        if not self._waiting:
            self.close()
            raise StopIteration
        future = self._waiting.popleft()
        try:
            result = self._result(future)
        except BaseException:
            self.close()
            raise
        if result is END:
            self.close()
            raise StopIteration
        self._ask()
        return result

    def close(self) -> None:
        """Let the threads end; there is nothing more to come."""
        self._is_exhausted = True
        self._waiting.clear()
        self._stop()

    def _result(self, future: Future[Any]) -> Any:
        try:
            return future.result(self._timeout or None)
        except TimeoutError:
            if future.done():  # it was the dataset's own
                raise
            raise RuntimeError(f"DataLoader timed out after {self._timeout} seconds") from None
        except StopIteration as error:  # it would end the loop, as if all had been seen
            raise RuntimeError("a sample or batch could not be made: StopIteration was raised") from error

    def _ask(self) -> None:
        """Have the next task done; what goes wrong in finding it is the result in its place."""
        if self._is_exhausted:
            return
        future: Future[Any] = Future()
        try:
            item = next(self._tasks, END)
        except BaseException as error:
            self._is_exhausted = True
            future.set_exception(error)
        else:
            if item is END:
                self._is_exhausted = True
                return
            self._queue.put((item, future))
        self._waiting.append(future)


def _stop(tasks: SimpleQueue[Any], stopped: threading.Event, workers: int) -> None:
    """Waits for nobody: it may run in any thread, at any time, when what is not used is cleared away."""
    stopped.set()
    for _ in range(workers):
        tasks.put(None)


@functools.cache
def _stop_at_exit() -> None:
    atexit.register(_end_all)


def _end_all() -> None:
    """At the end of the program: no thread may be within NumPy when the interpreter is taken down."""
    workers = [thread for thread in threading.enumerate() if isinstance(thread, Worker)]
    for worker in workers:
        worker.stopped.set()
        worker.tasks.put(None)
    until = time.monotonic() + PATIENCE
    for worker in workers:
        worker.join(max(0.0, until - time.monotonic()))
