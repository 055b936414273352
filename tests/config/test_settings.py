"""What a production start asks for, in a process of its own, as systemd would start it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COMPLETE = {
    "DJANGO_ENV": "production",
    "SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "FIELD_KEY": "7e57" * 16,
    "ALLOWED_HOSTS": "points.example.cn",
    "DATABASE_URL": "postgres://points:secret@127.0.0.1:1/points",
    "REDIS_URL": "redis://127.0.0.1:1/0",
}


def manage(tmp_path: Path, environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "VAR_DIR": str(tmp_path), **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize("name", ["SECRET_KEY", "FIELD_KEY", "ALLOWED_HOSTS", "DATABASE_URL", "REDIS_URL"])
def test_production_refuses_to_start_without(name, tmp_path):
    incomplete = {key: value for key, value in COMPLETE.items() if key != name}
    finished = manage(tmp_path, incomplete, "check")
    assert finished.returncode != 0
    assert (
        finished.stderr.strip()
        .splitlines()[-1]
        .endswith(f"生产环境缺少环境变量 {name}。请在 .env 或 systemd 单元中设置后再启动。")
    )
    assert list(tmp_path.glob("keys/*")) == []


def test_production_refuses_sqlite(tmp_path):
    finished = manage(tmp_path, COMPLETE | {"DATABASE_URL": f"sqlite:///{tmp_path}/db.sqlite3"}, "check")
    assert finished.returncode != 0
    assert (
        finished.stderr.strip()
        .splitlines()[-1]
        .endswith("生产环境须使用 PostgreSQL。请把 DATABASE_URL 设为 postgres:// 开头的地址。")
    )


def test_production_passes_the_deployment_check(tmp_path):
    finished = manage(tmp_path, COMPLETE, "check", "--deploy", "--fail-level", "WARNING")
    assert (finished.returncode, finished.stderr) == (0, "")


PRINT = (
    "from django.conf import settings as s; "
    "print(s.SECURE_SSL_REDIRECT, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.SECURE_HSTS_SECONDS)"
)


@pytest.mark.parametrize(
    ("https", "expected"), [("1", "True True True 31536000"), ("0", "False False False 0")], ids=["on", "off"]
)
def test_https_is(https, expected, tmp_path):
    finished = manage(tmp_path, COMPLETE | {"HTTPS": https}, "shell", "--no-imports", "-c", PRINT)
    assert finished.stdout.strip() == expected


MAIL = (
    "from django.conf import settings as s; "
    "print(s.MAIL_IS_ON, s.EMAIL_BACKEND.split('.')[-2], s.EMAIL_HOST, s.EMAIL_PORT, s.EMAIL_HOST_USER, "
    "s.EMAIL_HOST_PASSWORD, s.EMAIL_USE_TLS, s.EMAIL_USE_SSL, s.DEFAULT_FROM_EMAIL, s.SITE_ADDRESS)"
)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("", "False dummy localhost 25   False False points@example.cn https://points.example.cn"),
        (
            "smtp+tls://points:p%40ss@mail.example.cn:587",
            "True smtp mail.example.cn 587 points p@ss True False points@example.cn https://points.example.cn",
        ),
        (
            "smtp+ssl://mail.example.cn:465",
            "True smtp mail.example.cn 465 None None False True points@example.cn https://points.example.cn",
        ),
    ],
    ids=["off", "tls", "ssl"],
)
def test_mail_server_comes_from_the_environment(url, expected, tmp_path):
    given = {"EMAIL_URL": url, "EMAIL_FROM": "points@example.cn", "SITE_ADDRESS": "https://points.example.cn/"}
    finished = manage(tmp_path, COMPLETE | given, "shell", "--no-imports", "-c", MAIL)
    assert finished.stdout.rstrip("\n") == expected


def test_mail_server_without_a_sender_refuses_to_start(tmp_path):
    finished = manage(tmp_path, {"EMAIL_URL": "smtp://mail.example.cn"}, "check")
    assert finished.returncode != 0
    assert finished.stderr.strip().endswith("设置了 EMAIL_URL，还须用 EMAIL_FROM 写明发件地址。")


def test_embedded_default_makes_its_own_keys_once(tmp_path):
    shown = "from django.conf import settings as s; print(s.SECRET_KEY, s.FIELD_KEY)"
    first, second = (manage(tmp_path, {}, "shell", "--no-imports", "-c", shown).stdout for _ in range(2))
    assert first == second
    secret, field = first.split()
    assert (len(secret), len(bytes.fromhex(field))) == (64, 32)
    assert secret != field
    assert sorted((path.name, oct(path.stat().st_mode & 0o777)) for path in (tmp_path / "keys").iterdir()) == [
        ("field", "0o600"),
        ("secret", "0o600"),
    ]
