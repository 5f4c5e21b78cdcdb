"""What may go wrong between two servers: three kinds, by who has to hear of it."""

from __future__ import annotations

from keymanager import errors


class Failure(Exception):
    """The person sees a page with `sentence`; the text of the exception is for the log only."""

    title = "You could not be signed in"
    sentence = "The server where you sign in gave an answer that cannot be trusted. Nobody was signed in."
    status = 502


class Unreachable(Failure):
    sentence = "The server where you sign in cannot be reached at the moment. Please try again in a little while."
    status = 503


class Misconfigured(Failure):
    sentence = "The server where you sign in and this one do not fit together. Please tell the administrator."


class Expired(Failure):
    title = "This sign-in is over"
    sentence = "It was answered already, took longer than ten minutes, or was begun in another browser."
    status = 400


class Declined(Failure):
    sentence = "The server where you sign in says that you did not sign in, or may not do so here."
    status = 403


class Deactivated(Failure):
    title = "This account is not active"
    sentence = "You signed in, but your account here has been deactivated. Please ask the administrator."
    status = 403


class NotGoodEnough(Exception):
    """The person signed in, but not as the waiting request demands: `error` is for the client that asked."""

    def __init__(self, error: errors.OAuthError) -> None:
        self.error = error
        super().__init__(str(error))
