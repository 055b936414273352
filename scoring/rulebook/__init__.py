"""Rule sets as texts and documents: read, checked, written, compared, tried out. No row is changed here."""
