"""What to do when: the one flow through rules, ledger and services, for callbacks and the drainer."""
