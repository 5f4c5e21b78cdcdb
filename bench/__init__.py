"""`make bench`: our key manager beside django-oauth-toolkit, in one run on one database (docs/performance.md)."""
