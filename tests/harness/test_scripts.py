"""The scripts behind `make`."""

import importlib.util
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def script(name):
    spec = importlib.util.spec_from_file_location(f"script_{name}", ROOT / "bin" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# The forbidden words are put together here, so that this file passes the check it tests.
BAD_LINES = {
    "index address": ("--index-url https://py" + "pi.org/simple", "address of a package registry"),
    "image address": ("image: docker" + ".io/library/redis:7", "address of a package registry"),
    "path of a checkout": ("cd /wo" + "rk/main", "path of one machine"),
    "path of a person": ("open('/ho" + "me/anna/x')", "path of one machine"),
}
GOOD_LINES = [
    "image: redis:7",
    "path('work/', home)",
    "see docs/workflow/x",
    "/srv/points",
    "https://points.example.cn/",
]


def check(tmp_path, name, text):
    """Run the check in a repository with this one file."""
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    (tmp_path / name).write_text(text)
    return subprocess.run(
        [sys.executable, ROOT / "bin/check_tree.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("case", BAD_LINES)
def test_check_tree_names_file_and_line_of(case, tmp_path):
    line, complaint = BAD_LINES[case]
    finished = check(tmp_path, "some.txt", f"fine\n{line}\n")
    assert (finished.returncode, finished.stdout) == (1, f"some.txt:2: {complaint}: {line}\n")


def test_check_tree_lets_ordinary_lines_pass(tmp_path):
    finished = check(tmp_path, "some.txt", "\n".join(GOOD_LINES))
    assert (finished.returncode, finished.stdout) == (0, "tree: nothing forbidden\n")


def test_check_tree_refuses_lock_files(tmp_path):
    finished = check(tmp_path, "uv.lock", "")
    assert (finished.returncode, finished.stdout) == (1, "uv.lock: a lock file records download addresses\n")


def test_demo_takes_the_next_free_port(monkeypatch):
    demo = script("demo")
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        monkeypatch.setattr(demo, "FIRST_PORT", port)
        assert port < demo.free_port() < port + 100


def test_demo_runs_once_on_the_same_data(monkeypatch, tmp_path):
    demo = script("demo")
    monkeypatch.setattr(demo, "VAR_DIR", tmp_path)
    with demo.only_one("http://first/"), pytest.raises(SystemExit, match="演示已在运行：http://first/"):
        demo.only_one("http://second/").__enter__()
    with demo.only_one("http://third/"):
        assert (tmp_path / "demo.lock").read_text() == "http://third/"


def test_services_name_the_package_that_is_missing(monkeypatch, tmp_path):
    services = script("services")
    monkeypatch.setattr(services.shutil, "which", lambda name: None)
    monkeypatch.setattr(services, "SERVICES_DIR", tmp_path)
    with pytest.raises(services.Missing, match="redis-server not found: install the package redis-server"):
        services.program("redis-server", "redis-server")
