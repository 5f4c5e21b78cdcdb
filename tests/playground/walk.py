"""The walk in small steps, as a browser does it: ask, come back, get the token."""

from __future__ import annotations

import re
from typing import Any

from django.test import Client

from tests.playground.peer import CLIENT_ID, SECRET, Peer, encode

HOME = "/playground2"


def form(**changes: str) -> dict[str, str]:
    """What a person types for the authorization code grant."""
    values = {
        "grant_type": "authorization_code",
        "client_id": CLIENT_ID,
        "scope": "photos:read openid",
        "callback_url": "http://localhost:8080/playground2/oauth2client",
        "use_pkce": "on",
    }
    return {name: value for name, value in (values | changes).items() if value}


def ask(visitor: Client, peer: Peer, **changes: str) -> Any:
    """The answer of the playground to the form."""
    endpoints = {"authorize_endpoint": f"{peer.base}/oauth2/authorize", "token_endpoint": f"{peer.base}/oauth2/token"}
    return visitor.post(f"{HOME}/import", form(**(endpoints | changes)))


def come_back(visitor: Client, peer: Peer, person: str = "bob", **changes: str) -> Any:
    """Ask, approve as `person`, and follow the browser back to the page with the code."""
    answer = peer.approve(ask(visitor, peer, **changes)["Location"], person)
    return visitor.get(f"{HOME}/oauth2client?{encode(answer)}", follow=True)


def exchange(visitor: Client, peer: Peer, secret: str = SECRET) -> Any:
    values = {"token_endpoint": f"{peer.base}/oauth2/token", "client_secret": secret}
    return visitor.post(f"{HOME}/code", values, follow=True)


def get_token(visitor: Client, peer: Peer, person: str = "bob", **changes: str) -> Any:
    """The whole way to the page that shows the access token."""
    come_back(visitor, peer, person, **changes)
    return exchange(visitor, peer)


def by_server(visitor: Client, peer: Peer, **changes: str) -> Any:
    """Client Credentials or Resource Owner: no redirect to an authorization server."""
    values = {
        "grant_type": "client_credentials",
        "client_secret": SECRET,
        "token_endpoint": f"{peer.base}/oauth2/token",
    }
    return visitor.post(f"{HOME}/import", form(**(values | changes)), follow=True)


def words(response: Any) -> str:
    """The page's text without tags and scattered blanks."""
    text = re.sub(r"<[^>]+>", " ", response.content.decode())
    return re.sub(r"\s+", " ", text).replace("&#x27;", "'").replace("&quot;", '"')
