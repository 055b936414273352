"""`make demo`: migrate, load the sample organisation once, then web and background jobs until Ctrl-C.

With --own (`make run`) nothing is loaded: the same servers on one's own data.

Two children, one parent: when either child ends, or the parent is told to end, both end.
"""

import contextlib
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Collection, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VAR_DIR = Path(os.environ.get("VAR_DIR", ROOT / "var"))
FIRST_PORT = 8000
START_SECONDS = 30
STOP_SECONDS = 15


class Ended(Exception):
    """Somebody asked us to end."""


def free_port() -> int:
    """The first port from 8000 on that nobody listens at."""
    for port in range(FIRST_PORT, FIRST_PORT + 100):
        with socket.socket() as probe:
            # A port that was in use a moment ago is free; one that is listened at is not.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return port
    raise SystemExit("8000–8099 端口都被占用，请先停掉其中一个程序。")


@contextlib.contextmanager
def only_one(address: str) -> Iterator[None]:
    """A second demonstration on the same data would only fight with the first one's jobs."""
    VAR_DIR.mkdir(parents=True, exist_ok=True)
    with open(VAR_DIR / "demo.lock", "a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise SystemExit(f"演示已在运行：{lock.read().strip()}") from None
        lock.truncate(0)
        lock.write(address)
        lock.flush()
        yield


def manage(*arguments: str) -> None:
    """Run a management command; its own message explains a failure."""
    finished = subprocess.run([sys.executable, "manage.py", *arguments], cwd=ROOT)
    if finished.returncode:
        raise SystemExit(finished.returncode)


def web(port: int) -> subprocess.Popen[bytes]:
    return start(
        *("gunicorn", "config.wsgi:application", "--bind", f"127.0.0.1:{port}"),
        *("--workers", "1", "--threads", "8", "--timeout", "120", "--log-level", "warning"),
    )


def jobs() -> subprocess.Popen[bytes]:
    return start(
        *("celery", "--quiet", "-A", "config", "worker", "-B", "--concurrency", "1", "--loglevel", "WARNING"),
        *("--schedule", str(VAR_DIR / "beat-schedule")),
    )


def start(module: str, *arguments: str) -> subprocess.Popen[bytes]:
    """A child in its own session: Ctrl-C reaches the parent alone, which ends the children in order."""
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, start_new_session=True)


def stop(children: Collection[subprocess.Popen[bytes]]) -> None:
    for child in children:
        child.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for child in children:
        try:
            child.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def wait_until_answering(port: int, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise SystemExit("网站没有启动，原因见上方信息。")


def watch(children: dict[str, subprocess.Popen[bytes]]) -> None:
    """Return never: raise when a child has ended."""
    while True:
        for name, child in children.items():
            if child.poll() is not None:
                raise SystemExit(f"{name}进程意外退出（代码 {child.returncode}），演示已停止。")
        time.sleep(0.5)


def ask_to_end(*_: object) -> None:
    raise Ended


def main() -> None:
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, ask_to_end)
    children: dict[str, subprocess.Popen[bytes]] = {}
    port = free_port()
    address = f"http://127.0.0.1:{port}/"
    try:
        with only_one(address):
            manage("migrate", "--verbosity", "0")
            if "--own" not in sys.argv[1:]:
                manage("demo")
            children["网站"] = web(port)
            children["后台"] = jobs()
            wait_until_answering(port, children["网站"])
            print(f"\n网站地址：{address}    停止：Ctrl-C", flush=True)
            watch(children)
    except Ended:
        print("\n正在停止……", flush=True)
    finally:
        # From here on a second Ctrl-C must not leave a child behind.
        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(name, signal.SIG_IGN)
        stop(children.values())


if __name__ == "__main__":
    main()
