"""Personal numbers: encrypted at rest, found by keyed hash, masked on screen.

AES-256-GCM with a random nonce per value; the key comes from the setting FIELD_KEY (64 hexadecimal digits).
Encryption key and hash key are derived from it separately.
"""

import base64
import hashlib
import hmac
import os
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.utils.translation import gettext as _

from members.errors import Refused

NONCE_BYTES = 12


@lru_cache(maxsize=4)
def _derived(field_key: str, purpose: bytes) -> bytes:
    return hmac.digest(bytes.fromhex(field_key), purpose, hashlib.sha256)


@lru_cache(maxsize=4)
def _cipher(field_key: str) -> AESGCM:
    return AESGCM(_derived(field_key, b"personal numbers: encryption"))


def seal_bytes(value: bytes) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + _cipher(settings.FIELD_KEY).encrypt(nonce, value, None)


def unseal_bytes(sealed: bytes) -> bytes:
    """Raise Refused when the key is not the one the value was sealed with."""
    try:
        return _cipher(settings.FIELD_KEY).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], None)
    except InvalidTag:
        raise Refused(
            _("身份证号和电话无法解密：FIELD_KEY 不是写入这些数据时所用的密钥。请恢复原来的密钥。")
        ) from None


def seal(value: str) -> str:
    """Encrypt a number; the empty text stays empty."""
    return base64.b64encode(seal_bytes(value.encode())).decode() if value else ""


def unseal(sealed: str) -> str:
    return unseal_bytes(base64.b64decode(sealed)).decode() if sealed else ""


def lookup_hash(value: str) -> str | None:
    """The same value gives the same hash, only with the key. None for the empty text."""
    if not value:
        return None
    key = _derived(settings.FIELD_KEY, b"personal numbers: lookup")
    return hmac.new(key, value.upper().encode(), hashlib.sha256).hexdigest()


def key_fingerprint() -> str:
    """Names the key without giving it away; a backup carries it so that a restore can tell."""
    return _derived(settings.FIELD_KEY, b"personal numbers: fingerprint").hex()[:16]


def mask(value: str, *, head: int, tail: int) -> str:
    hidden = len(value) - head - tail
    return value if hidden <= 0 else value[:head] + "*" * hidden + value[-tail:]
