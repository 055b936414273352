"""Several threads at the same door, and waiting with an end."""

import threading
import time
from collections.abc import Callable
from typing import Any

from django.db import connections

RACE_SECONDS = 60


def race(count: int, act: Callable[[int], Any]) -> list[Any]:
    """Call `act(0)` … `act(count - 1)` at the same moment, each in its own thread.

    Out: what each returned, or the exception it raised, in order. Needs the fixture `real_db`:
    threads see only what is committed.
    """
    barrier = threading.Barrier(count, timeout=RACE_SECONDS)
    outcomes: list[Any] = [TimeoutError(f"no answer after {RACE_SECONDS} s")] * count

    def run(number: int) -> None:
        try:
            barrier.wait()
            outcomes[number] = act(number)
        except Exception as error:
            outcomes[number] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[number], daemon=True) for number in range(count)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + RACE_SECONDS
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return outcomes


def wait_until(condition: Callable[[], Any], *, seconds: float = 30, what: Callable[[], str] = str) -> Any:
    """Ask until the answer is true and return it; fail after `seconds` with the text of `what`."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s. {what()}")
        time.sleep(0.05)
    return answer
