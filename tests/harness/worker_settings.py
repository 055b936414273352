"""Settings of a worker process started by a test: the product's own, at the broker the test has chosen."""

import json
import os

from config.settings import *  # noqa: F403

_broker = json.loads(os.environ["TEST_BROKER"])
CELERY_BROKER_URL = _broker["url"]
CELERY_BROKER_TRANSPORT_OPTIONS = _broker["options"]
