"""The schema version of the ledger, apart from its tables so that it can be known without their library."""

SCHEMA_VERSION = 3  # kb.ledger_upgrade brings older ones here
