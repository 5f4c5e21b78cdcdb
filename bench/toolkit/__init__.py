"""The baseline: a Django project as `startproject` makes it, with the toolkit's own endpoints and nothing of ours."""
