"""The endpoints of the key manager. Each is ours; none of the toolkit's is routed (docs/decisions/0003)."""
