"""Refuse what must not stand in a tracked file: an address packages come from, a path of one machine.

Run by `make lint`. The patterns are written so that this file does not match itself.
"""

import re
import subprocess
import sys
from pathlib import Path

FORBIDDEN = {
    "address of a package registry": re.compile(
        r"py[p]i\.org|python[h]osted\.org|registry\.np[m]js|registry\.yarn[p]kg|index\.dock[e]r\.io"
        r"|(?<![\w.])dock[e]r\.io|gh[c]r\.io|qua[y]\.io|de[b]\.debian\.org|static\.cr[a]tes\.io"
    ),
    "path of one machine": re.compile(r"(?<![\w.}])/(?:work|home)/\w"),
}
LOCK_FILES = re.compile(
    r"(^|/)(uv\.lock|poetry\.lock|Pipfile\.lock|pdm\.lock|pylock\.toml|package-lock\.json|yarn\.lock|pnpm-lock\.yaml)$"
)


def tracked_files() -> list[str]:
    """Tracked files and new ones that are not ignored."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return [name for name in listing.split("\0") if name]


def complaints(name: str) -> list[str]:
    if LOCK_FILES.search(name):
        return [f"{name}: a lock file records download addresses"]
    path = Path(name)
    if not path.is_file():
        return []
    try:
        lines = path.read_text().splitlines()
    except UnicodeDecodeError:
        return []
    return [
        f"{name}:{number}: {what}: {line.strip()[:120]}"
        for number, line in enumerate(lines, 1)
        for what, pattern in FORBIDDEN.items()
        if pattern.search(line)
    ]


if __name__ == "__main__":
    found = [complaint for name in tracked_files() for complaint in complaints(name)]
    print("\n".join(found) or "tree: nothing forbidden")
    sys.exit(bool(found))
