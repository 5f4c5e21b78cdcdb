"""The life of grants in any order: authorizing, approving, exchanging, refreshing, revoking, asking, withdrawing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import transaction
from django.test import Client as Browser
from hypothesis import settings as profile, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from keymanager.models import RefreshToken
from tests.keymanager import hostile
from tests.keymanager.conftest import CALLBACK, Registered, authorize, basic, decide, exchange, post_token, query_of

pytestmark = pytest.mark.django_db
ELSEWHERE = "https://charlies.example/kept-to-himself"


@dataclass
class Grant:
    """What came of one approval, as its client knows it."""

    owner: Registered
    code: str
    is_over: bool = False
    access: list[str] = field(default_factory=list)
    refresh: list[str] = field(default_factory=list)


class Life(RuleBasedStateMachine):
    """Of two clients, one of which tries everything with what is the other's, too."""

    browser: Browser
    clients: tuple[Registered, Registered]
    stranger: Registered

    def __init__(self) -> None:
        super().__init__()
        self.grants: list[Grant] = []
        # What one life leaves behind is not there in the next.
        self.lifetime = transaction.atomic()
        self.lifetime.__enter__()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.lifetime.__exit__(None, None, None)

    def seen(self, answer: Any) -> Any:
        hostile.check(answer, self.stranger, ELSEWHERE)
        assert "no-store" in answer["Cache-Control"]
        return answer

    def known(self, number: int) -> Grant:
        return self.grants[number % len(self.grants)]

    @rule(who=st.integers(0, 1), decision=st.sampled_from(("approve", "approve", "approve_always", "deny")))
    def authorize(self, who: int, decision: str) -> None:
        asked = self.seen(authorize(self.browser, self.clients[who]))
        answer = asked if asked["Location"].startswith(CALLBACK) else self.seen(decide(self.browser, asked, decision))
        if "code" in query_of(answer):
            self.grants.append(Grant(self.clients[who], query_of(answer)["code"]))

    @precondition(lambda self: self.grants)
    @rule(number=st.integers(0, 9), who=st.integers(0, 1))
    def exchange(self, number: int, who: int) -> None:
        grant, client = self.known(number), self.clients[who]
        answer = self.seen(exchange(client, grant.code))
        may = client is grant.owner and not grant.access and not grant.is_over

        assert (answer.status_code == 200) == may, answer.content
        if may:
            self.keep(grant, answer)
        elif client is grant.owner:
            grant.is_over = True

    @precondition(lambda self: any(grant.refresh for grant in self.grants))
    @rule(number=st.integers(0, 9), old=st.booleans(), who=st.integers(0, 1))
    def refresh(self, number: int, old: bool, who: int) -> None:
        grant, client = self.known(number), self.clients[who]
        if not grant.refresh:
            return
        token = grant.refresh[0 if old else -1]
        answer = self.seen(post_token(client, grant_type="refresh_token", refresh_token=token))
        may = client is grant.owner and not grant.is_over and token == grant.refresh[-1]

        assert (answer.status_code == 200) == may, answer.content
        if may:
            self.keep(grant, answer)
        elif client is grant.owner:
            grant.is_over = True

    @precondition(lambda self: any(grant.access for grant in self.grants))
    @rule(number=st.integers(0, 9), kind=st.sampled_from(("access", "refresh")), who=st.integers(0, 1))
    def revoke(self, number: int, kind: str, who: int) -> None:
        grant, client = self.known(number), self.clients[who]
        tokens: list[str] = getattr(grant, kind)
        if not tokens:
            return
        answer = self.seen(Browser().post("/oauth2/revoke", {"token": tokens[-1]}, headers=basic(client)))

        assert answer.status_code == 200
        grant.is_over = grant.is_over or client is grant.owner

    @rule(who=st.integers(0, 1))
    def withdraw(self, who: int) -> None:
        client = self.clients[who]
        self.seen(self.browser.post(f"/oauth2/approvals/{client.client.pk}/withdraw"))

        for grant in self.grants:
            grant.is_over = grant.is_over or grant.owner is client

    def keep(self, grant: Grant, answer: Any) -> None:
        grant.access.append(answer.json()["access_token"])
        grant.refresh.append(answer.json()["refresh_token"])

    def is_live(self, grant: Grant, token: str, client: Registered) -> bool:
        said = self.seen(Browser().post("/oauth2/introspect", {"token": token}, headers=basic(client))).json()
        assert not said["active"] or (said["client_id"], said["username"]) == (grant.owner.id, "bob")
        return bool(said["active"])

    @invariant()
    def one_pair_a_grant(self) -> None:
        """And what is revoked stays revoked; of another's tokens nobody is told."""
        for grant in self.grants[-3:]:
            other = self.clients[0] if grant.owner is self.clients[1] else self.clients[1]
            live = [token for token in grant.refresh[-2:] if self.is_live(grant, token, grant.owner)]

            assert live == ([] if grant.is_over else grant.refresh[-1:])
            assert not any(self.is_live(grant, token, other) for token in (*grant.access[-1:], *grant.refresh[-1:]))
            assert not (grant.is_over and any(self.is_live(grant, token, grant.owner) for token in grant.access[-2:]))

    @invariant()
    def every_token_has_an_owner(self) -> None:
        assert not RefreshToken.objects.filter(user=None).exists()
        assert not RefreshToken.objects.filter(authorization=None).exists()


@pytest.mark.rfc("6749#10.5")
@pytest.mark.rfc("9700#4.14.2")
@pytest.mark.parametrize("token_format", ["JWT", "OPAQUE"])
def test_grants_live_and_end_as_they_should_in_any_order(
    token_format: str, bobs_browser: Browser, register: Callable[..., Registered], settings: Any
) -> None:
    settings.REFRESH_TOKEN_GRACE = 0
    clients = register(access_token_format=token_format), register(name="Scanner", access_token_format=token_format)

    class Lived(Life):
        browser = bobs_browser
        stranger = register(name="Charlie's", redirect_uris=[ELSEWHERE])

    Lived.clients = clients
    few = profile(hostile.examples(6), stateful_step_count=30 if hostile.EXAMPLES else 12)

    run_state_machine_as_test(Lived, settings=few)
