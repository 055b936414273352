"""Where the embedded default keeps the secrets it makes for itself on first start."""

import os
import secrets
from pathlib import Path


def own_key(folder: Path, name: str) -> str:
    """Return the key called `name`, made on first use and kept in a file only its owner can read.

    In: the folder for keys and the name of one. Out: 64 hexadecimal digits (256 bits).
    Two processes that start at once agree: the file is created exclusively, the loser reads it.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / name
    if not path.exists():
        draft = folder / f".{name}.{os.getpid()}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()
