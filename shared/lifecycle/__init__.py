"""The flow from an event or a due task, through rules and ledger, to the calls of the two services."""
