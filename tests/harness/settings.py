"""Settings of the test run: the product's own, in a folder of their own, with a cheap password hash."""

import atexit
import os
import shutil
import tempfile

# Every test process has its own folder: database file, keys, uploads. Nothing of a real installation is touched.
_folder = tempfile.mkdtemp(prefix="party-points-test-")
atexit.register(shutil.rmtree, _folder, ignore_errors=True)
os.environ |= {
    "VAR_DIR": _folder,
    "DJANGO_ENV": "embedded",
    "SECRET_KEY": "a key for tests",
    "FIELD_KEY": "7e57" * 16,
    # Playwright's loop runs in the main thread, and Django takes that for asynchronous code.
    "DJANGO_ALLOW_ASYNC_UNSAFE": "1",
}

from config.settings import *  # noqa: E402, F403
from config.settings import DATABASES  # noqa: E402

PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.MD5PasswordHasher",
    # First passwords name their hasher themselves (members/services/users.py).
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
# A message in an ordinary test goes nowhere; tests of real workers use the fixture `start_worker`.
CELERY_BROKER_URL = "memory://"
CELERY_BROKER_TRANSPORT_OPTIONS = {}
# Tests move between databases; a kept connection would go on speaking to the old one.
DATABASES["default"]["CONN_MAX_AGE"] = 0
