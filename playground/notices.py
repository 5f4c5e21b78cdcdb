"""Short notices that outlive a redirect, in a signed cookie; a session row would be overwritten by a slower request."""

from __future__ import annotations

from django.contrib.messages.storage.cookie import CookieStorage


class Storage(CookieStorage):
    """Under a name of our own: the other sites on this host see our cookies."""

    cookie_name = "playground-messages"
