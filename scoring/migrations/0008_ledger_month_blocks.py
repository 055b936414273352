from django.db import migrations

# The ledger grows month by month, so a few bytes per block of it tell which months lie there: whoever asks about
# everybody reads the blocks of the months asked for, on all processors, and writing costs nothing. SQLite has no such
# index and asks by unit.
_MAKE = "CREATE INDEX IF NOT EXISTS ledger_month_blocks ON scoring_ledgerentry USING brin (month)"
_DROP = "DROP INDEX IF EXISTS ledger_month_blocks"


def make(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(_MAKE)


def drop(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(_DROP)


class Migration(migrations.Migration):
    dependencies = [("scoring", "0007_remind_days")]
    operations = [migrations.RunPython(make, drop)]
