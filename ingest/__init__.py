"""What comes in: the user's own files, and the build that turns a ledger into a published mart."""
