"""What documents say: tagging, forming events, and measuring both against people."""
