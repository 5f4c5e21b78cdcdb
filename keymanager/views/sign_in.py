"""The login page at the key manager's door."""

from __future__ import annotations

from typing import Any

from accounts.views import SignIn as AccountSignIn
from keymanager import login
from keymanager.views.answers import see_other


class SignIn(AccountSignIn):
    """The sign-in page, naming the application that waits for it."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        client, return_host = login.waiting_client(self.request.GET.get("next", ""))
        return super().get_context_data(client=client, return_host=return_host, **kwargs)  # type: ignore[no-any-return]


sign_in = see_other(SignIn.as_view())
