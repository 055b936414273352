"""The roster import: recognise → validate → plan → write. The first two never touch the database."""
