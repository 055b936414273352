"""PostgreSQL and Redis to throw away: free loopback ports, own data folder, no privileges, gone at the end.

    services.py serve              start them, print the exports, wait for Ctrl-C
    services.py run COMMAND...     start what DATABASE_URL / REDIS_URL leave unset, run COMMAND, stop them

Nothing is durable here (fsync off): it is for tests and trials only. POSTGRES_SETTINGS adds settings of PostgreSQL,
"shared_buffers=2GB max_wal_size=8GB".
"""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SERVICES_DIR = Path(os.environ.get("VAR_DIR", ROOT / "var")) / "services"
START_SECONDS = 30
STOP_SECONDS = 20


class Missing(Exception):
    """A server program is not installed; the message says which package has it."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def program(name: str, package: str) -> str:
    """Where a server program lives. Debian keeps PostgreSQL's out of PATH, one folder per version."""
    versions = Path("/usr/lib/postgresql").glob(f"*/bin/{name}")
    newest_first = sorted(versions, key=lambda path: int(path.parts[-3].split(".")[0]), reverse=True)
    found = shutil.which(name) or next((str(path) for path in newest_first), None)
    if found is None:
        raise Missing(f"{name} not found: install the package {package}")
    return found


def servant() -> pwd.struct_passwd | None:
    """The account the servers run as when root calls: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise Missing("neither the account postgres nor nobody exists; run this as an ordinary user")


def as_servant(account: pwd.struct_passwd | None) -> dict[str, Any]:
    """Arguments of subprocess that drop root's rights; its own session keeps Ctrl-C for us alone."""
    dropped: dict[str, Any] = {"start_new_session": True, "stdin": subprocess.DEVNULL}
    if account is not None:
        dropped |= {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    return dropped


def data_folder(account: pwd.struct_passwd | None) -> Path:
    """A new folder below var/, or below the temporary folder where the account cannot enter var/."""
    SERVICES_DIR.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=SERVICES_DIR))
    if account is not None:
        os.chown(folder, account.pw_uid, account.pw_gid)
        entered = subprocess.run(["test", "-w", str(folder)], **as_servant(account))
        if entered.returncode != 0:
            folder.rmdir()
            folder = Path(tempfile.mkdtemp(prefix="party-points-services-"))
            os.chown(folder, account.pw_uid, account.pw_gid)
    return folder


def wait_for_port(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            break
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"{server.args!r} did not start:\n{log.read_text(errors='replace')[-2000:]}")


def wait_for_postgresql(port: int) -> None:
    """The port opens a moment before the server lets anyone in ("the database system is starting up")."""
    probe = [program("pg_isready", "postgresql-client"), "--quiet", "-h", "127.0.0.1", "-p", str(port)]
    deadline = time.monotonic() + START_SECONDS
    while subprocess.run(probe).returncode != 0:
        if time.monotonic() > deadline:
            raise RuntimeError(f"PostgreSQL on port {port} does not let anyone in")
        time.sleep(0.05)


@contextlib.contextmanager
def running(command: list[str], port: int, folder: Path, account: pwd.struct_passwd | None) -> Iterator[None]:
    """One server, from the moment it accepts connections to its end. Only this process id is signalled."""
    log = folder / f"{Path(command[0]).name}.log"
    with log.open("wb") as output:
        server = subprocess.Popen(command, cwd=folder, stdout=output, stderr=output, **as_servant(account))
    try:
        wait_for_port(port, server, log)
        yield
    finally:
        # SIGINT is PostgreSQL's fast shutdown (clients are sent away) and Redis' ordinary one.
        server.send_signal(signal.SIGINT)
        try:
            server.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


@contextlib.contextmanager
def postgresql(folder: Path, account: pwd.struct_passwd | None) -> Iterator[str]:
    initdb, postgres = (program(name, "postgresql") for name in ("initdb", "postgres"))
    cluster = folder / "postgresql"
    subprocess.run(
        [initdb, "-D", str(cluster), "-U", "points", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"],
        check=True,
        cwd=folder,
        stdout=subprocess.DEVNULL,
        **as_servant(account),
    )
    port = free_port()
    careless = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "max_connections": "200"}
    wanted = dict(setting.split("=", 1) for setting in os.environ.get("POSTGRES_SETTINGS", "").split())
    options = {"listen_addresses": "127.0.0.1", "port": str(port), "unix_socket_directories": "", **careless, **wanted}
    arguments = [text for name, value in options.items() for text in ("-c", f"{name}={value}")]
    with running([postgres, "-D", str(cluster), *arguments], port, folder, account):
        wait_for_postgresql(port)
        yield f"postgres://points@127.0.0.1:{port}/postgres"


@contextlib.contextmanager
def redis(folder: Path, account: pwd.struct_passwd | None) -> Iterator[str]:
    server = program("redis-server", "redis-server")
    port = free_port()
    options = ["--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no", "--dir", str(folder)]
    with running([server, *options], port, folder, account):
        yield f"redis://127.0.0.1:{port}/0"


@contextlib.contextmanager
def services(given: dict[str, str]) -> Iterator[dict[str, str]]:
    """The addresses of both servers; those in `given` are used as they are, the others are started."""
    account = servant()
    folder = data_folder(account)
    try:
        with contextlib.ExitStack() as stack:
            addresses = dict(given)
            for name, start in (("DATABASE_URL", postgresql), ("REDIS_URL", redis)):
                if not addresses.get(name):
                    addresses[name] = stack.enter_context(start(folder, account))
            yield addresses
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def serve() -> int:
    with services({}) as addresses:
        for name, address in addresses.items():
            print(f"export {name}={address}")
        print("# running until Ctrl-C", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            signal.pause()
    return 0


def run(command: list[str]) -> int:
    given = {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL") if os.environ.get(name)}
    with services(given) as addresses:
        print("services:", " ".join(f"{name}" for name in addresses if name not in given) or "as given", flush=True)
        return subprocess.call(command, env=os.environ | addresses)


def main() -> int:
    # A terminated or hung-up run cleans up like an interrupted one.
    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        match sys.argv[1:]:
            case ["serve"]:
                return serve()
            case ["run", *command] if command:
                return run(command)
    except Missing as missing:
        print(missing, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
