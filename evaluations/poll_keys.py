"""The private half of a poll's key: a file of its own, outside the database and outside the backup (trust.md §2).

The server keeps it as it is, or wrapped with the passphrases of two scrutineers, of whom neither can open it alone.
Sealing is HPKE (RFC 9180): X25519, HKDF-SHA256, ChaCha20-Poly1305. There is no way back from a destroyed key.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from django.conf import settings
from django.utils.translation import gettext as _

from members.errors import Refused

_SUITE = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.CHACHA20_POLY1305)
PASSPHRASE_LENGTH = 10


def key_file(poll: object) -> Path:
    """Where the private half of a poll lies while it is open."""
    return Path(settings.POLL_KEYS) / f"{poll}.key"


def make_key(poll: object, passphrases: tuple[str, str] | None = None) -> str:
    """A new pair for a poll; the private half goes to its file. Out: the public half, hexadecimal.

    With two passphrases the file holds nothing that opens without both. Raise Refused when they are too short.
    """
    private = X25519PrivateKey.generate()
    content: dict[str, str] = {"key": private.private_bytes_raw().hex()}
    if passphrases is not None:
        content = _wrapped(private.private_bytes_raw(), passphrases)
    path = key_file(poll)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Never there with other rights, not even for a moment.
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    return private.public_key().public_bytes_raw().hex()


def _wrapped(private: bytes, passphrases: tuple[str, str]) -> dict[str, str]:
    if min(map(len, passphrases)) < PASSPHRASE_LENGTH or passphrases[0] == passphrases[1]:
        raise Refused(_("两名监票人的口令各不少于 %d 个字符，且不能相同。") % PASSPHRASE_LENGTH)
    body, salts = private, []
    for passphrase in passphrases:
        salt, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
        body = nonce + ChaCha20Poly1305(_stretched(passphrase, salt)).encrypt(nonce, body, None)
        salts.append(salt.hex())
    return {"wrapped": body.hex(), "first": salts[0], "second": salts[1]}


def _stretched(passphrase: str, salt: bytes) -> bytes:
    return hashlib.scrypt(passphrase.encode(), salt=salt, n=2**15, r=8, p=1, maxmem=64 * 2**20, dklen=32)


class LostKey(Exception):
    """There is no file any more: the ballots cannot be opened by anybody."""


def read_key(poll: object, passphrases: tuple[str, str] | None = None) -> X25519PrivateKey:
    """The private half. Raise LostKey when the file is gone, Refused when a passphrase is missing or wrong."""
    try:
        content = json.loads(key_file(poll).read_text())
    except (FileNotFoundError, ValueError):
        raise LostKey from None
    if "key" in content:
        return X25519PrivateKey.from_private_bytes(bytes.fromhex(content["key"]))
    if passphrases is None:
        raise Refused(_("这次投票的钥匙由两名监票人保管，请两人分别输入口令。"))
    body = bytes.fromhex(content["wrapped"])
    for passphrase, salt in ((passphrases[1], content["second"]), (passphrases[0], content["first"])):
        try:
            body = ChaCha20Poly1305(_stretched(passphrase, bytes.fromhex(salt))).decrypt(body[:12], body[12:], None)
        except InvalidTag:
            raise Refused(_("口令不对：请两名监票人按设定时的次序各自输入口令。")) from None
    return X25519PrivateKey.from_private_bytes(body)


def has_key(poll: object) -> bool:
    return key_file(poll).exists()


def destroy_key(poll: object) -> None:
    """Overwrite and remove the file; nothing happens when there is none."""
    path = key_file(poll)
    try:
        with path.open("r+b") as file:
            file.write(secrets.token_bytes(path.stat().st_size))
            file.flush()
            os.fsync(file.fileno())
        path.unlink()
    except FileNotFoundError:
        return


# --- sealing ---------------------------------------------------------------------------------------
def seal(public_key: str, poll: object, content: bytes, size: int) -> bytes:
    """A ballot that only the private half opens, padded to `size` so that its length says nothing.

    Raise ValueError when the content is longer: the size was reckoned for the longest ballot there is.
    """
    if len(content) > size:
        raise ValueError("a ballot is longer than the longest one there can be")
    public = X25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
    return _SUITE.encrypt(content.ljust(size), public, info=str(poll).encode())


def unseal(private: X25519PrivateKey, poll: object, sealed: bytes) -> bytes:
    """The content, without its padding. Raise InvalidTag when it was sealed for another poll or changed."""
    return _SUITE.decrypt(sealed, private, info=str(poll).encode()).rstrip(b" ")


def receipt(sealed: bytes) -> str:
    """What the voter holds: it proves that the ballot was counted in, not what it says."""
    return hashlib.sha256(sealed).hexdigest()
