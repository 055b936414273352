"""What would have been: past months, quarters and years scored again under other rules. Nothing is written."""
