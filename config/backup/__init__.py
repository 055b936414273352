"""Backup and restore of a whole installation: one file in, the same installation out, on both engines.

    archive      the file: a manifest, the database, the uploaded files, a SHA-256 for each
    facts        what must be equal before and after: rows, migrations, seals, triggers
    sqlite, postgresql
                 snapshot of a database, restore into a scratch place, restore into the empty target
    verbs        back_up and restore

Encryption keys are never inside. `docs/deployment.md` says where they are and how to keep them.
"""

from config.backup.verbs import Summary, back_up, restore

__all__ = ["Summary", "back_up", "restore"]
