"""A client gives a token back: RFC 7009."""

from __future__ import annotations

from dataclasses import dataclass

from keymanager import authorizations, checksums, errors, tokens
from keymanager.models import AccessToken, Client, RefreshToken, RevokedToken

REASON = "revoked by the client"


@dataclass(frozen=True, kw_only=True)
class Revoked:
    """A token that was live until now, as it was presented. `username` is empty when it stood for the client itself."""

    header: str
    token: str
    username: str

    @property
    def headers(self) -> dict[str, str]:
        """The original's answer (wso2-2.6.md section 6). Its pair is known by its checksum only, so it is not named."""
        headers = {self.header: self.token}
        return headers | {"AuthorizedUser": self.username} if self.username else headers


def revoke(token: str, *, client: Client) -> Revoked | None:
    """RFC 7009 2.1: revokes `token` and what was issued with it. The server "verifies whether the token was issued to
    the client making the revocation request. If this validation fails, the request is refused and the client is
    informed of the error".

    2.2: "invalid tokens do not cause an error response since the client cannot handle such an error in a reasonable
    way". Then, and when it was revoked before, the answer is None.
    """
    row = (
        RefreshToken.objects.select_related("user")
        .filter(token_checksum=checksums.checksum(token, checksums.REFRESH_TOKEN))
        .first()
    )
    if row is not None:
        check_client(row.application_id, client)
        revoked = authorizations.revoke(row.authorization_id, reason=REASON)
        return Revoked(header="RevokedRefreshToken", token=token, username=row.user.get_username()) if revoked else None
    bearer = tokens.find(token)
    if bearer is None:
        return None
    check_client(bearer.client.pk, client)
    if not revoke_access_token(token, bearer):
        return None
    username = bearer.user.get_username() if bearer.user else ""
    return Revoked(header="RevokedAccessToken", token=token, username=username)


def check_client(issued_to: int, client: Client) -> None:
    if issued_to != client.pk:
        raise errors.UnauthorizedClient("The token was not issued to this application.", detail="revocation")


def revoke_access_token(token: str, bearer: tokens.Bearer) -> bool:
    """Whether this call ended it: of two at once exactly one does."""
    if bearer.authorization_id is not None:
        return authorizations.revoke(bearer.authorization_id, reason=REASON)
    if token.count(".") == 2:
        _, created = RevokedToken.objects.get_or_create(jti=bearer.jti, defaults={"expires_at": bearer.expires_at})
        return created
    deleted, _ = AccessToken.objects.filter(pk=bearer.jti).delete()
    return bool(deleted)
