"""A process of its own that does one thing and is killed at a random moment: `kill -9` between any two steps."""

from __future__ import annotations

import os
import random
import select
import signal
import time
from collections.abc import Callable

from django.db import connection, connections

from tests.harness.threads import wait_until


def killed_while(act: Callable[[], object], *, within: float, chance: random.Random) -> bool:
    """Run `act` in a child process and kill it at a moment up to `within` seconds after it has begun.

    Needs the fixture `real_db`. Out: whether it was killed; False: it had come to its end before. When this returns
    the database has done with the child: what it had not committed is gone.
    """
    # A connection is no property of two processes.
    connections.close_all()
    begun, child_begun = os.pipe()
    pid = os.fork()
    if not pid:
        _child(act, child_begun)
    os.close(child_begun)
    ready, *_rest = select.select([begun], [], [], 60)
    os.close(begun)
    assert ready, "the child did not begin"
    time.sleep(chance.uniform(0, within))
    os.kill(pid, signal.SIGKILL)
    _pid, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, "the child failed, see its traceback above"
    wait_until(_is_alone)
    return os.WIFSIGNALED(status)


_OTHERS: list[object] = []


def connect_child() -> None:
    """Give a forked child a connection of its own to the database the test writes to now.

    While a browser's loop runs, Django keeps the connections of the main thread in another place than before; a child,
    which has no loop, finds those from before, open on the database that every copy is made of. They are set aside and
    not closed: they are the parent's.
    """
    _OTHERS.append(connections["default"])
    del connections["default"]
    connection.ensure_connection()


def _child(act: Callable[[], object], begun: int) -> None:
    code = 1
    try:
        connect_child()
        os.write(begun, b".")
        act()
        code = 0
    finally:
        # Nothing of the parent's may be run down here: no fixtures, no temporary files, no buffers.
        os._exit(code)


def _is_alone() -> bool:
    """Whether the server has noticed that the child is gone; a file has no server."""
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return bool(cursor.fetchone() == (0,))
