"""A provider's deeds, and the command that does them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from django.core.management import CommandError, call_command

from accounts import sealing
from accounts.models import User
from keymanager.models import Scope
from store import life_cycle, publishing, revision, subscriptions
from store.backends import Backend
from store.documents import DefinitionError, Document
from store.errors import StoreError
from store.models import Api, Application
from store.publishing import Description
from tests.store.conftest import DEFINITION, publish, tier

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries


def described(**changes: Any) -> Description:
    usual = {
        "name": "Shelf",
        "version": "1.0",
        "context": "/shelf",
        "production_endpoints": ("http://127.0.0.1:8090",),
    }
    return Description(**(usual | changes))


def add(provider: User, **changes: Any) -> Api:
    return publishing.add(provider=provider, document=Document(DEFINITION, {}), description=described(**changes))


def test_imported_api_is_created_with_its_resources(bob: User) -> None:
    api = add(bob)

    assert (api.status, api.path) == ("CREATED", "/shelf/1.0")
    assert [(one["method"], one["scopes"]) for one in api.resources] == [
        ("GET", ["photos:read"]),
        ("POST", ["photos:write"]),
    ]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"context": "shelf"}, "may only have letters"),
        ({"context": "/shelf/"}, "may only have letters"),
        ({"context": "/token"}, "The gateway itself answers at /token"),
        ({"context": "/a/../b"}, "may only have letters"),
        ({"version": "1 0"}, "may only have letters"),
        ({"version": "1/0"}, "no slash"),
        ({"context": f"/{'a' * 100}"}, "A context has at most 100 characters"),
        ({"version": "1" * 31}, "A version has at most 30 characters"),
        ({"name": "a<b"}, "An API has a name"),
        ({"name": " "}, "An API has a name"),
        ({"tier": "Gold", "subscriptionless_tier": "Gold"}, "There is no tier Gold."),
        ({"subscriptionless_tier": "10KPerMin"}, "There is no tier 10KPerMin."),
        ({"production_endpoints": ("ftp://a",)}, "must begin with http"),
        ({"production_endpoints": ("http://a:99999",)}, "is no address"),
        ({"production_endpoints": ("http://a:0",)}, "is no address"),
        ({"production_endpoints": ("http://a b",)}, "names no host"),
        ({"production_endpoints": ("http://10.0.0.256",)}, "names no host"),
        ({"production_endpoints": ("http://0x7f.1",)}, "names no host"),
        ({"production_endpoints": ("http://a..b",)}, "names no host"),
        ({"production_endpoints": ("http://-a",)}, "names no host"),
        ({"production_endpoints": ("http://a/../b",)}, "a plain path, and nothing else"),
        ({"sandbox_endpoints": ("http://a?b",)}, "a plain path, and nothing else"),
        ({"production_endpoints": ("http://a/v1", "http://b/v2")}, "same scheme and the same path"),
        ({"production_endpoints": ("http://a", "http://10.0.0.1")}, "all names or all addresses"),
        ({"tier": "Platinum"}, "There is no tier Platinum."),
    ],
)
def test_what_no_envoy_could_use_is_refused_at_the_door(bob: User, changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(StoreError, match=sentence):
        add(bob, **changes)

    assert not Api.objects.exists()


@pytest.mark.parametrize(
    "host",
    [
        *("169.254.169.254", "169.254.0.1:8080", "[fe80::1]", "[fd00:ec2::254]", "[fd20:ce::254]", "100.100.100.200"),
        *("[::ffff:a9fe:a9fe]", "[64:ff9b::a9fe:a9fe]", "[2002:a9fe:a9fe::]", "[fd00:ec2:0:0:0:0:0:254]"),
        *("168.63.129.16", "168.63.129.16:32526", "[::ffff:a83f:8110]", "192.0.0.192"),
    ],
)
@pytest.mark.parametrize("endpoints", ["production_endpoints", "sandbox_endpoints"])
def test_what_is_for_the_gateway_s_machine_alone_is_no_backend(bob: User, endpoints: str, host: str) -> None:
    with pytest.raises(StoreError, match="is a link-local address, or that of a cloud's metadata"):
        add(bob, **{endpoints: (f"http://{host}/latest",)})

    assert not Api.objects.exists()


@pytest.mark.parametrize("host", ["10.0.0.1", "127.0.0.1", "[fd00::1]", "metadata.example", "169.254.169.254.example"])
def test_backend_may_be_in_an_inner_network(bob: User, host: str) -> None:
    assert add(bob, production_endpoints=(f"http://{host}",)).production_endpoints == [f"http://{host}"]


def pem(key: Any, certificate_of: Any) -> tuple[str, str]:
    """A private key, and a certificate of another's public key or its own."""
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "gateway")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, certificate_of.public_key(), 1, now, now + timedelta(days=1))
    algorithm = None if isinstance(certificate_of, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    made = builder.sign(certificate_of, algorithm)
    return made.public_bytes(serialization.Encoding.PEM).decode(), private.decode()


def backend_with(certificate: str, key: str) -> Backend:
    return Backend(certificate=certificate, sealed_key=sealing.seal(key))


ONE, OTHER, EDWARDS = (
    ec.generate_private_key(ec.SECP256R1()),
    ec.generate_private_key(ec.SECP256R1()),
    ed25519.Ed25519PrivateKey.generate(),
)
SMALL = ec.generate_private_key(ec.SECP224R1())
HOLLOW = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


@pytest.mark.parametrize(
    ("certificate", "key", "sentence"),
    [
        (HOLLOW, pem(ONE, ONE)[1], "The client certificate cannot be read."),
        (pem(ONE, ONE)[0] + HOLLOW, pem(ONE, ONE)[1], "The client certificate cannot be read."),
        (pem(ONE, ONE)[1], pem(ONE, ONE)[1], "The client certificate cannot be read."),
        (pem(ONE, ONE)[0], pem(ONE, ONE)[0], "The private key cannot be read"),
        (*pem(ONE, OTHER), "The private key is not the one of the client certificate."),
        (*pem(SMALL, SMALL), "The private key must be RSA with 2048 to 8192 bits, or on P-256, P-384 or P-521."),
        (*pem(EDWARDS, EDWARDS), "The private key must be RSA with 2048 to 8192 bits, or on P-256, P-384 or P-521."),
    ],
)
def test_client_certificate_that_no_envoy_takes_is_refused_at_the_door(
    bob: User, certificate: str, key: str, sentence: str
) -> None:
    with pytest.raises(StoreError, match=sentence):
        add(bob, backend=backend_with(certificate, key))

    assert add(bob, backend=backend_with(*pem(ONE, ONE))).backend["certificate"]


def test_bad_definition_is_refused_at_the_door(bob: User) -> None:
    with pytest.raises(DefinitionError):
        publishing.add(provider=bob, document=Document({"openapi": "3.0.0"}, {}), description=described())


@pytest.mark.parametrize(
    "url", ["http://10.0.0.255", "http://[::1]:8090/v2", "http://api.example.", "https://a_b.c-d.example:8443/v1.0/"]
)
def test_endpoint_may_be_an_address_or_a_name(bob: User, url: str) -> None:
    assert add(bob, production_endpoints=(url,)).production_endpoints == [url]


@pytest.mark.parametrize("changes", [{"name": "Other"}, {"context": "/other"}])
def test_name_and_context_are_taken_once_a_version(bob: User, changes: dict[str, Any]) -> None:
    add(bob)

    with pytest.raises(publishing.TakenError):
        add(bob, **changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"version": "2.0", "is_default_version": True},
        {"context": "/shelf/1.0", "version": "books"},
        {"context": "/shelf/1.0/books", "version": "free"},
    ],
)
def test_nobody_takes_the_calls_of_another_provider(
    bob: User, charlie: User, alice: User, changes: dict[str, Any]
) -> None:
    api = add(bob, is_default_version=True)
    mine = {"name": "Mine", "context": "/mine"}
    own = add(charlie, **mine)

    with pytest.raises(publishing.NotPublishableError, match="is another provider's; choose another one"):
        add(charlie, name="Taken", **changes)
    with pytest.raises(publishing.NotPublishableError, match="is another provider's"):
        publishing.change(api=own, document=None, description=described(**(mine | changes | {"context": "/shelf"})))

    api.refresh_from_db()
    assert api.is_default_version
    add(charlie, name="Other", context="/shelf-of-mine")
    alice.is_staff = True
    add(alice, name="Of those who run the portal", **changes)


def test_nobody_goes_on_under_the_name_of_another_provider_s_api(bob: User, charlie: User) -> None:
    add(bob)

    with pytest.raises(publishing.NotPublishableError, match="The name Shelf is another provider's"):
        add(charlie, context="/other", version="2.0")


def test_nobody_puts_an_api_above_another_provider_s(bob: User, charlie: User) -> None:
    add(bob, context="/library/shelf")

    with pytest.raises(publishing.NotPublishableError, match="The context /library is another provider's"):
        add(charlie, name="Above", context="/library")


def test_there_is_one_default_version(bob: User) -> None:
    first = add(bob, is_default_version=True)
    second = add(bob, version="2.0", is_default_version=True)

    first.refresh_from_db()
    assert (first.is_default_version, second.is_default_version) == (False, True)


def test_life_leads_from_created_to_retired(bob: User) -> None:
    api = add(bob)

    for step in ("Publish", "Block", "Re-Publish", "Demote to Created", "Publish", "Deprecate", "Retire"):
        api = publishing.lead(api=api, step=step)

    assert Api.objects.get().status == "RETIRED"
    assert life_cycle.steps(api) == []


@pytest.mark.parametrize("step", ["Block", "Retire", "Re-Publish", "Fly", ""])
def test_steps_that_lead_nowhere_are_refused(bob: User, step: str) -> None:
    with pytest.raises(publishing.StepError):
        publishing.lead(api=add(bob), step=step)


def test_api_without_an_endpoint_is_not_published(bob: User) -> None:
    with pytest.raises(publishing.NotPublishableError, match="no endpoint"):
        publishing.lead(api=add(bob, production_endpoints=()), step="Publish")


def test_publishing_tells_the_key_manager_the_words_of_the_scopes(bob: User) -> None:
    publishing.lead(api=add(bob), step="Publish")

    assert Scope.objects.get(name="photos:read").title == "See your photos"


def test_words_of_a_scope_follow_the_document_of_a_published_api(bob: User) -> None:
    api = publish(bob)
    flows = {"implicit": {"scopes": {"photos:read": "Look at your pictures.", "photos:print": "Print them."}}}
    document = Document({**DEFINITION, "components": {"securitySchemes": {"oauth2": {"flows": flows}}}}, {})
    description = described(name=api.name, context=api.context)

    publishing.change(api=api, document=document, description=description)

    titles = Scope.objects.filter(name__in=["photos:read", "photos:print"]).values_list("title", flat=True)
    assert set(titles) == {"Look at your pictures", "Print them"}


def test_words_of_another_provider_s_scope_stay(bob: User, charlie: User, alice: User) -> None:
    publish(bob)
    before = Scope.objects.get(name="photos:read").title
    flows = {
        "implicit": {"scopes": {"photos:read": "Nothing at all.", "mine": "", "long": f"{'a' * 200}. {'b' * 400}"}}
    }
    words = {**DEFINITION, "components": {"securitySchemes": {"oauth2": {"type": "oauth2", "flows": flows}}}}

    def publish_by(provider: User) -> None:
        description = described(name=provider.username, context=f"/{provider.username}")
        api = publishing.add(provider=provider, document=Document(words, {}), description=description)
        publishing.lead(api=api, step="Publish")

    publish_by(charlie)
    assert Scope.objects.get(name="photos:read").title == before
    assert Scope.objects.get(name="mine").title == "mine"
    long = Scope.objects.get(name="long")
    assert (len(long.title), len(long.description)) == (100, 300)

    User.objects.filter(pk=alice.pk).update(is_staff=True)
    publish_by(User.objects.get(pk=alice.pk))
    assert Scope.objects.get(name="photos:read").title == "Nothing at all"


def test_api_gives_nobody_the_scopes_of_the_portal(bob: User) -> None:
    """Not even one that was published when they could still be declared."""
    api = publish(bob)
    scopes = {"openid": "Nothing.", "apim:api_publish": "Nothing.", "photos:read": "Read."}
    api.definition = {"components": {"securitySchemes": {"oauth2": {"flows": {"implicit": {"scopes": scopes}}}}}}
    api.save()

    publishing.lead(api=api, step="Block")
    publishing.lead(api=api, step="Re-Publish")

    assert api.scopes == {"photos:read": "Read."}
    assert not Scope.objects.filter(name__in=["openid", "apim:api_publish"]).exists()


def test_deprecated_api_takes_no_new_subscriptions(photoshare: Api, printer: Application) -> None:
    deprecated = publishing.lead(api=photoshare, step="Deprecate")

    with pytest.raises(StoreError, match="Subscriptions not allowed on APIs in the state: DEPRECATED"):
        subscriptions.subscribe(application=printer, api=deprecated, policy=tier("Gold"))


def test_publishing_twice_is_once(bob: User) -> None:
    first = publish(bob)
    second = publish(bob, tags=["new"])

    assert (first.pk, second.tags, Api.objects.count()) == (second.pk, ["new"], 1)


def test_blocked_api_is_not_unblocked_by_a_change(bob: User) -> None:
    publishing.lead(api=publish(bob), step="Block")

    assert publish(bob, tags=["new"]).status == "BLOCKED"


def test_what_is_blocked_while_it_is_being_changed_stays_blocked(bob: User) -> None:
    api = publish(bob)
    publishing.lead(api=api, step="Block")

    changed = publishing.change(api=api, document=None, description=described(tags=("a",)))

    assert (changed.status, changed.tags) == ("BLOCKED", ["a"])
    assert Api.objects.get(pk=api.pk).status == "BLOCKED"


def test_every_deed_advances_the_revision(bob: User, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    numbers = [revision.number()]
    api = add(bob)
    numbers.append(revision.number())
    publishing.change(api=api, document=None, description=described(tags=("a",)))
    numbers.append(revision.number())
    publishing.lead(api=api, step="Publish")
    numbers.append(revision.number())

    assert numbers == sorted(set(numbers))
    with django_assert_num_queries(1):
        revision.number()


@pytest.fixture
def document(tmp_path: Path) -> str:
    path = tmp_path / "shelf.json"
    path.write_text(json.dumps(DEFINITION | {"info": {"title": "Shelf", "version": "2"}}))
    return str(path)


def run(*arguments: str) -> dict[str, Any]:
    out = StringIO()
    call_command("publish_api", *arguments, stdout=out)
    return dict(json.loads(out.getvalue()))


def test_command_publishes_and_leads_on(bob: User, document: str) -> None:
    usual = (document, "--provider", "bob", "--context", "/shelf")
    told = run(*usual, "--production-endpoint", "http://127.0.0.1:1", "--production-endpoint", "http://127.0.0.1:2")

    assert (told["path"], told["status"]) == ("/shelf/2", "PUBLISHED")
    assert Api.objects.get().production_endpoints == ["http://127.0.0.1:1", "http://127.0.0.1:2"]
    assert run(*usual, "--step", "Block")["status"] == "BLOCKED"


def test_command_opens_an_api_to_clients_without_a_subscription(bob: User, document: str) -> None:
    usual = (document, "--provider", "bob", "--context", "/shelf", "--production-endpoint", "http://127.0.0.1:1")
    run(*usual, "--subscriptionless-tier", "Bronze")

    assert Api.objects.get().subscriptionless_tier == "Bronze"
    run(*usual, "--subscriptionless-tier", "")
    assert Api.objects.get().subscriptionless_tier == ""


def settings_of(api: Api) -> dict[str, Any]:
    changing = ("description", "definition", "resources", "changed_at")
    return {field.attname: getattr(api, field.attname) for field in Api._meta.fields if field.name not in changing}


def test_command_leaves_what_it_is_not_told(bob: User, document: str) -> None:
    """Not even what no option names, such as the secret for the backend."""
    usual = (document, "--provider", "bob")
    endpoints = ("--production-endpoint", "http://127.0.0.1:1", "--sandbox-endpoint", "http://127.0.0.1:2")
    run(*usual, *endpoints, "--context", "/shelf", "--tier", "10KPerMin", "--subscriptionless-tier", "Bronze",
        "--tags", "a,b", "--health-path", "/health", "--cors-origin", "https://app.example", "--authorization",
        "--assertion", "--default-version")  # fmt: skip
    api = Api.objects.get()
    api.backend |= {"timeout": 7, "waiting": 5, "secret_header": "X-Key", "sealed_secret": sealing.seal("s")}
    api.cors |= {"credentials": True}
    api.save()
    before = settings_of(api)
    Path(document).write_text(
        json.dumps({**DEFINITION, "info": {"title": "Shelf", "version": "2", "description": "New"}})
    )

    run(*usual)

    assert Api.objects.get().description == "New"
    assert settings_of(Api.objects.get()) == before


def test_command_empties_what_it_is_told_to(bob: User, document: str) -> None:
    usual = (document, "--provider", "bob")
    endpoints = ("--production-endpoint", "http://127.0.0.1:1", "--sandbox-endpoint", "http://127.0.0.1:2")
    run(*usual, *endpoints, "--context", "/shelf")
    bare = settings_of(Api.objects.get()) | {"sandbox_endpoints": []}
    run(*usual, "--tier", "10KPerMin", "--tags", "a", "--health-path", "/health", "--cors-origin", "*", "--assertion")

    run(*usual, "--tier", "", "--tags", "", "--health-path", "", "--cors-origin", "", "--no-assertion",
        "--sandbox-endpoint", "")  # fmt: skip

    assert settings_of(Api.objects.get()) == bare


@pytest.mark.parametrize("more", [(), ("--step", "Block")])
def test_command_leaves_other_providers_apis_alone(
    alice: User, bob: User, document: str, more: tuple[str, ...]
) -> None:
    run(document, "--provider", "bob", "--context", "/shelf", "--production-endpoint", "http://127.0.0.1:1")

    with pytest.raises(CommandError, match=r"^Shelf 2 is another provider's API\.$"):
        run(document, "--provider", "alice", *more)

    assert Api.objects.get().status == "PUBLISHED"
    User.objects.filter(pk=alice.pk).update(is_staff=True)
    run(document, "--provider", "alice", *more)
    assert Api.objects.get().provider == bob


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--provider", "nobody", "--context", "/a"], "There is no user nobody."),
        (["--provider", "bob"], "Enter a context"),
        (["--provider", "bob", "--context", "/a"], "has no endpoint"),
        (["--provider", "bob", "--context", "/a", "--production-endpoint", "x"], "must begin with http"),
        (["--provider", "bob", "--context", "/a", "--step", "Block"], "There is no API Shelf 2."),
        (["--provider", "bob", "--context", "/a", "--tier", "Platinum"], "Choose one of the tiers offered."),
        (["--provider", "bob", "--context", "/a", "--subscriptionless-tier", "50PerMin"], "Choose one of the tiers"),
    ],
)
def test_command_says_in_one_sentence_what_is_wrong(
    bob: User, document: str, arguments: list[str], sentence: str
) -> None:
    with pytest.raises(CommandError, match=sentence):
        run(document, *arguments)

    assert not Api.objects.exists()


def test_command_refuses_such_an_endpoint_that_the_document_names(bob: User, tmp_path: Path) -> None:
    path = tmp_path / "shelf.json"
    path.write_text(json.dumps({**DEFINITION, "x-wso2-production-endpoints": {"urls": ["http://169.254.169.254"]}}))

    with pytest.raises(CommandError, match=r"^The endpoint http://169\.254\.169\.254 is a link-local address"):
        run(str(path), "--provider", "bob", "--context", "/a")


def test_command_reads_a_document_as_the_pages_do(bob: User, tmp_path: Path) -> None:
    """UTF-8, whatever the system's encoding is; with the mark that some editors put before it."""
    path = tmp_path / "shelf.json"
    info = {"title": "Shelf", "version": "1", "description": "Bücher"}
    path.write_text(json.dumps(DEFINITION | {"info": info}, ensure_ascii=False), "utf-8-sig")

    run(str(path), "--provider", "bob", "--context", "/a", "--production-endpoint", "http://127.0.0.1:1")

    assert Api.objects.get().description == "Bücher"
    path.write_bytes(b"\xff")
    with pytest.raises(CommandError, match=r"The document is no text in UTF-8\."):
        run(str(path), "--provider", "bob", "--context", "/a")


def test_command_names_the_line(bob: User, tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("openapi: 3.0.3\ninfo: {title: A, version: v}\npaths:\n  a: {get: {}}\n")

    with pytest.raises(CommandError, match="Line 4: The path a must begin with a slash"):
        run(str(path), "--provider", "bob", "--context", "/a", "--production-endpoint", "http://127.0.0.1:1")
