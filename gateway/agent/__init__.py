"""Stands beside each Envoy, between it and the portal, and keeps the last good state on disk.

Envoy asks the agent for its routes, clusters and filters; the agent asks the portal. No call to an API comes by.
`python -m gateway.agent FILE`, with the file that `manage.py write_envoy_bootstrap` has written. Only the standard
library is imported here: it starts at once, is small, and no part of the portal (docs/decisions/0018-agent.md).
"""
