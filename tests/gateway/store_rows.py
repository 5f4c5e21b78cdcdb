"""What these tests put into the database of the live portal: a provider, published APIs, a signing key, tokens."""

from __future__ import annotations

import io
import json
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.test import override_settings
from django.utils import timezone
from jwt.algorithms import ECAlgorithm

if TYPE_CHECKING:
    from django.db.models import Model

    from accounts.models import User
    from keymanager.models import Authorization
    from store.models import Api, ApiKey, Application, BlockingCondition, ThrottlingPolicy
    from store.usage_models import GatewayState

ALIAS = "live_portal"


METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


def resource(method: str, path: str, **changes: Any) -> dict[str, Any]:
    return {"method": method, "path": path, "scopes": [], "auth": "any", "tier": ""} | changes


def advance(alias: str) -> None:
    """As the deeds do (store/revision.py)."""
    from store.models import Revision

    row, _ = Revision.objects.using(alias).get_or_create(pk=1)
    Revision.objects.using(alias).filter(pk=1).update(number=row.number + 1)


class LivePortal:
    """The database of a running portal, as a second one beside the test database."""

    def __init__(self, file: Path, unblock: Any, alias: str = ALIAS) -> None:
        self.unblock, self.alias, self.state_folder = unblock, alias, file.parent / "gateway"
        connections.databases[self.alias] = {**connections.databases["default"], "NAME": str(file)}

    @contextmanager
    def database(self) -> Iterator[None]:
        with self.unblock():
            try:
                yield
            finally:
                connections[self.alias].close()

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Deeds find it where they look for the portal's database."""
        with self.database():
            usual = connections[DEFAULT_DB_ALIAS]
            connections[DEFAULT_DB_ALIAS] = connections[self.alias]
            try:
                yield
            finally:
                connections[DEFAULT_DB_ALIAS] = usual

    def command(self, *words: str) -> str:
        """What a command of manage.py prints, run in this process: to start one takes a second."""
        printed = io.StringIO()
        with self.in_place(), override_settings(GATEWAY_STATE=str(self.state_folder)):
            call_command(*words, stdout=printed)
        return printed.getvalue()

    def forget(self) -> None:
        del connections[self.alias]
        del connections.databases[self.alias]

    def person(self, name: str) -> User:
        from accounts.models import User

        with self.database():
            return User.objects.using(self.alias).get_or_create(username=name)[0]

    def publish(self, context: str, production: str, sandbox: str = "", version: str = "1.0", **columns: Any) -> Api:
        """Everything below it may be called with any method, unless `columns` say otherwise."""
        from store.models import Api

        provider = self.person("admin")
        described = {
            "name": context[1:],
            "context": context,
            "version": version,
            "provider": provider,
            "production_endpoints": [production] if production else [],
            "sandbox_endpoints": [sandbox] if sandbox else [],
            "resources": [resource(method, "/*") for method in METHODS],
            "status": Api.Status.PUBLISHED,
        }
        with self.database():
            api = Api.objects.using(self.alias).create(**(described | columns))
            advance(self.alias)
        return api

    def application(self, name: str, *apis: Api) -> Application:
        """alice's, subscribed to these under Gold."""
        from store.models import Application, Subscription, ThrottlingPolicy

        owner = self.person("alice")
        with self.database():
            policies = ThrottlingPolicy.objects.using(self.alias)
            quota = policies.get(level="application", name="Unlimited")
            application = Application.objects.using(self.alias).create(owner=owner, name=name, policy=quota)
            tier = policies.get(level="subscription", name="Gold")
            rows = [Subscription(application=application, api=api, policy=tier) for api in apis]
            Subscription.objects.using(self.alias).bulk_create(rows)
        return application

    def api_key(self, application: Application, key_type: str = "PRODUCTION") -> tuple[str, ApiKey]:
        """A new API key, as its owner sees it once, and its row."""
        from store import api_keys
        from store.models import ApiKey

        value = f"ak_live_{uuid.uuid4().hex}"
        row = ApiKey(application=application, key_type=key_type, checksum=api_keys.checksum(value))
        with self.database():
            row.save(using=self.alias)
        return value, row

    def revoke_token(self, jti: str) -> None:
        self.revoke_tokens([jti])

    def revoke_tokens(self, names: list[str], seconds_ago: int = 0, expires_in: int = 300) -> None:
        """By their jti. Written as they are: 100,000 objects of a model take seconds."""
        from keymanager.models import RevokedToken

        table, now = RevokedToken._meta.db_table, timezone.now()
        moments = now + timedelta(seconds=expires_in), now - timedelta(seconds=seconds_ago)
        with self.database(), transaction.atomic(self.alias), connections[self.alias].cursor() as cursor:
            told = [connections[self.alias].ops.adapt_datetimefield_value(moment) for moment in moments]
            statement = f"INSERT INTO {table} (jti, expires_at, revoked_at) VALUES (%s, %s, %s)"  # noqa: S608
            cursor.executemany(statement, [(jti, *told) for jti in names])

    def forget_revoked_tokens(self) -> None:
        from keymanager.models import RevokedToken

        with self.database():
            RevokedToken.objects.using(self.alias).all().delete()

    def authorization(self, name: str = "bob", owner: str = "alice") -> Authorization:
        """What that person agreed to for a new client of that owner's."""
        from keymanager.models import Authorization, Client

        developer, user = self.person(owner), self.person(name)
        with self.database():
            client = Client.objects.using(self.alias).create(user=developer, client_id=f"client-{uuid.uuid4().hex}")
            return Authorization.objects.using(self.alias).create(user=user, client=client, auth_time=timezone.now())

    def tier(
        self, level: str, name: str, calls: int | None, seconds: int = 60, burst: int | None = None
    ) -> ThrottlingPolicy:
        """A new tier, or that of this name as it is from now on."""
        from store.models import ThrottlingPolicy

        limits = {"request_count": calls, "unit_time": seconds, "burst_count": burst}
        with self.database():
            return ThrottlingPolicy.objects.using(self.alias).update_or_create(level=level, name=name, defaults=limits)[
                0
            ]

    def block(self, kind: str, value: str) -> BlockingCondition:
        from store.models import BlockingCondition

        with self.database():
            return BlockingCondition.objects.using(self.alias).create(kind=kind, value=value)

    def state(self, node: str, kind: str) -> GatewayState:
        """What the page "Gateways" shows of it."""
        from store.usage_models import GatewayState

        with self.database():
            return GatewayState.objects.using(self.alias).get(node=node, kind=kind)

    def problem(self, node: str, kind: str) -> str:
        """Empty too where the portal, with a busy database, has not written down yet what that one said."""
        from store.usage_models import GatewayState

        with self.database():
            found = GatewayState.objects.using(self.alias).filter(node=node, kind=kind)
            return found.values_list("problem", flat=True).first() or ""

    def change(self, row: Model, **columns: Any) -> None:
        with self.database():
            type(row)._base_manager.using(self.alias).filter(pk=row.pk).update(**columns)
            advance(self.alias)

    def remove(self, row: Model) -> None:
        with self.database():
            row.delete(using=self.alias)

    def add_signing_key(self, private_key: ec.EllipticCurvePrivateKey, generation: int = 1) -> str:
        """Gives the key manager a key that the tests know too; returns its kid."""
        from keymanager import signing_keys
        from keymanager.models import SigningKey

        public = json.loads(ECAlgorithm.to_jwk(private_key.public_key()))
        kid = signing_keys.thumbprint(public)
        row = SigningKey(
            kid=kid,
            generation=generation,
            public_jwk=public | {"kid": kid, "alg": "ES256", "use": "sig"},
            sealed_private_key=signing_keys.seal(private_key, kid),
        )
        with self.database():
            row.save(using=self.alias)
        return kid

    @contextmanager
    def another_key(self, private_key: ec.EllipticCurvePrivateKey) -> Iterator[str]:
        """An older one, for as long as the block lasts; its kid."""
        from keymanager.models import SigningKey

        kid = self.add_signing_key(private_key, generation=0)
        try:
            yield kid
        finally:
            with self.database():
                SigningKey.objects.using(ALIAS).filter(kid=kid).delete()


class Mint:
    """Access tokens of any shape, signed with the key manager's own key."""

    def __init__(self, issuer: str, audience: str, private_key: ec.EllipticCurvePrivateKey, kid: str) -> None:
        self.issuer, self.audience, self.private_key, self.kid = issuer, audience, private_key, kid

    def claims(self, *subscriptions: str, **changes: Any) -> dict[str, Any]:
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "aud": self.audience,
            "sub": str(uuid.uuid4()),
            "client_id": "consumer-key",
            "scope": "photos:read",
            "iat": now,
            "exp": now + 300,
            "jti": uuid.uuid4().hex,
            "key_type": "PRODUCTION",
            "application": {"id": "1", "name": "DefaultApplication", "tier": "Unlimited", "owner": "alice"},
            "subscriptions": dict.fromkeys(subscriptions, "Gold"),
        }
        return {name: value for name, value in (claims | changes).items() if value is not None}

    def token(self, *subscriptions: str, typ: str = "at+jwt", **changes: Any) -> str:
        """A token subscribed to e.g. "photos/1.0"; claims in `changes` replace the usual ones, None leaves one out."""
        return self.signed(self.claims(*subscriptions, **changes), self.private_key, typ)

    def signed(self, claims: dict[str, Any], private_key: ec.EllipticCurvePrivateKey, typ: str = "at+jwt") -> str:
        return jwt.encode(claims, private_key, algorithm="ES256", headers={"typ": typ, "kid": self.kid})
