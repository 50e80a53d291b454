"""Work on many things, a few of them at once."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor


def in_parallel[Item, Result](
    work: Callable[[Item], Result], items: Iterable[Item], *, workers: int
) -> Iterator[Result]:
    """What `work` makes of each item, in their order; at most twice as many are held as there are workers.

    Raises: what `work` raises, once the items before have been answered; then no further one is begun. What `items`
    raises, or Ctrl-C, comes after the answers of all that was begun.
    """
    with ThreadPoolExecutor(workers) as pool:
        begun: deque[Future[Result]] = deque()
        try:
            for item in items:
                begun.append(pool.submit(work, item))
                if len(begun) >= 2 * workers:
                    yield _first_of(begun)
            while begun:
                yield _first_of(begun)
        except (Exception, KeyboardInterrupt):
            yield from _ended(begun)
            raise
        finally:
            for future in begun:
                future.cancel()


def _first_of[Result](begun: deque[Future[Result]]) -> Result:
    """The oldest answer; whatever interrupts the wait for it, it is not lost."""
    result = begun[0].result()
    begun.popleft()
    return result


def _ended[Result](begun: deque[Future[Result]]) -> Iterator[Result]:
    """The answers of what has been begun, up to the first that failed; what waits for its turn is not begun."""
    for future in begun:
        future.cancel()
    for future in begun:
        if future.cancelled() or future.exception() is not None:
            return
        yield future.result()
