"""Month sheets and ledgers as tables: what comes in from a spreadsheet and what goes out to one."""
