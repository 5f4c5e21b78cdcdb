"""What `make run` does: certificates, preparation, four parts under one process manager. Imports nothing of ours."""
