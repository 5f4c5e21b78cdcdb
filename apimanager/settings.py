"""One settings file for the portal (API Store and Key Manager). docs/settings.md explains every variable."""

from __future__ import annotations

from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from django.utils.log import CallbackFilter

from apimanager import elsewhere, environment as env, logs, telemetry

BASE_DIR = Path(__file__).resolve().parent.parent
VAR = Path(env.text("APIM_VAR", str(BASE_DIR / "var")))

# Mode. Demo mode is `make run`: loopback only, known accounts, a key everybody knows.
DEMO = env.boolean("APIM_DEMO")
DEBUG = env.boolean("APIM_DEBUG")
DEMO_SECRET_KEY = "demo-only-not-a-secret-everybody-who-reads-this-file-knows-it"
SECRET_KEY = env.text("APIM_SECRET_KEY", DEMO_SECRET_KEY)
if not DEMO and SECRET_KEY == DEMO_SECRET_KEY:
    raise ImproperlyConfigured("Set APIM_SECRET_KEY to a long random text, or start the demo with `make run`.")
if not DEMO and len(SECRET_KEY) < 50:
    raise ImproperlyConfigured("APIM_SECRET_KEY is too short: give it at least 50 random characters.")
if not DEMO and DEBUG:
    raise ImproperlyConfigured("APIM_DEBUG shows internals to everybody and is refused outside demo mode.")

# Doors
PORTAL_HOST = env.host("APIM_PORTAL_HOST", "localhost")
PORTAL_PORT = env.port("APIM_PORTAL_PORT", 9443)
GATEWAY_HOST = env.host("APIM_GATEWAY_HOST", "localhost")
GATEWAY_PORT = env.port("APIM_GATEWAY_PORT", 8243)
PLAYGROUND_HOST = env.host("APIM_PLAYGROUND_HOST", "localhost")
PLAYGROUND_PORT = env.port("APIM_PLAYGROUND_PORT", 8080)
PHOTOS_HOST = env.host("APIM_PHOTOS_HOST", "127.0.0.1")
PHOTOS_PORT = env.port("APIM_PHOTOS_PORT", 8090)
PORTAL_URL = env.url("APIM_PORTAL_URL", env.https(PORTAL_HOST, PORTAL_PORT))
GATEWAY_URL = env.url("APIM_GATEWAY_URL", env.https(GATEWAY_HOST, GATEWAY_PORT))
PLAYGROUND_URL = env.url("APIM_PLAYGROUND_URL", f"http://{PLAYGROUND_HOST}:{PLAYGROUND_PORT}/playground2")
PHOTOS_URL = env.url("APIM_PHOTOS_URL", f"http://{PHOTOS_HOST}:{PHOTOS_PORT}")
TLS_CA_FILE = VAR / "tls" / "ca.pem"
ALLOWED_HOSTS = sorted({PORTAL_HOST, GATEWAY_HOST, "localhost", "127.0.0.1", "[::1]"})

INSTALLED_APPS = [
    "apimanager",
    "gateway",
    "store",
    "keymanager",
    "accounts",
    "oauth2_provider",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "rest_framework",
    "crispy_forms",
    "crispy_bootstrap5",
    "js_lib_bootstrap5",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
]

# For people; what programs call is answered in front of it (apimanager/machine_endpoints.py).
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "apimanager.static_files.StaticFilesMiddleware",
    "apimanager.middleware.SecurityHeadersMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "apimanager.middleware.DatabaseBusyMiddleware",
    "accounts.realms.RealmMiddleware",
    "django.middleware.common.CommonMiddleware",
    "apimanager.middleware.WrongMethodMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "keymanager.browser_state.BrowserStateMiddleware",
    "accounts.devices.DeviceMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "keymanager.sign_in_elsewhere.door.SignInElsewhereMiddleware",
]

ROOT_URLCONF = "apimanager.urls"
WSGI_APPLICATION = "apimanager.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# Database: SQLite in the state folder unless APIM_DATABASE_URL names another.
DATABASES = {"default": env.database("APIM_DATABASE_URL", f"sqlite:///{VAR / 'portal.sqlite3'}")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    env.private_file(DATABASES["default"]["NAME"])
    # IMMEDIATE: a transaction that will write takes the write lock at once, so two exchanges queue instead of failing.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": env.integer("APIM_SQLITE_TIMEOUT", 10),
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
    }
if DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql":
    DATABASES["default"]["ENGINE"] = "apimanager.postgresql"
    # A machine that is gone says nothing: after so many seconds (and milliseconds) it is not waited for any more.
    patience = {"connect_timeout": 3, "tcp_user_timeout": 5000, "keepalives_idle": 5, "keepalives_interval": 2}
    DATABASES["default"]["OPTIONS"] = patience | DATABASES["default"].get("OPTIONS", {})
    # The server keeps the plans of accounts/prepared.py. Not where connections are shared between statements.
    if env.boolean("APIM_POSTGRESQL_PREPARE", default=True):
        DATABASES["default"]["OPTIONS"]["prepare_threshold"] = 0
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Counters of wrong tries: in Redis for several processes, else in each process by itself.
REDIS_URL = env.redis("APIM_REDIS_URL")
IN_REDIS = {
    "BACKEND": "django.core.cache.backends.redis.RedisCache",
    "LOCATION": REDIS_URL,
    # Seconds, in which others wait, too.
    "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
}
CACHES = {
    "default": IN_REDIS
    if REDIS_URL
    # Django keeps 300 entries by default, which a flood of made-up names would push each other out of.
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "OPTIONS": {"MAX_ENTRIES": 100_000}}
}

# People. Each door keeps its own session: a sign-in at the store is none at the key manager (accounts/realms.py).
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/store/"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "accounts.forms.SignInForm",
    "signup": "accounts.forms.SignUpForm",
    "add_email": "accounts.forms.EmailForm",
    "change_password": "accounts.forms.NewPasswordForm",
    "reauthenticate": "accounts.forms.ConfirmForm",
    "reset_password": "accounts.forms.ForgottenPasswordForm",
    "reset_password_from_key": "accounts.forms.ForgottenPasswordKeyForm",
}
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "optional"
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_LOGOUT_REDIRECT_URL = "/store/"
# Two accounts may name one address, and one of them confirm it: else the form would tell whose address is known here.
ACCOUNT_PREVENT_ENUMERATION = "strict"
ACCOUNT_SESSION_REMEMBER = None
ACCOUNT_USERNAME_MIN_LENGTH = 3
# How long after proving who one is secrets may be shown and changed (accounts/reauthentication.py).
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = env.integer("APIM_REAUTHENTICATION_TIMEOUT", 900)  # seconds
# By address (ip), by account or e-mail address (key), by person signed in (user).
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "20/m/ip,5/5m/key",
    "signup": "20/m/ip",
    "reauthenticate": "10/m/user",
    "change_password": "5/m/user",
    "manage_email": "10/m/user",
    "reset_password": "20/m/ip,5/m/key",
    "reset_password_from_key": "20/m/ip",
    "confirm_email": "1/3m/key",
}
MFA_RATE_LIMITS = {"webauthn_login": "30/m/ip"}
if DEMO:
    # Everybody in the demo shares one address, so the limits by address would count them together.
    ACCOUNT_RATE_LIMITS |= {"login": "600/m/ip", "login_failed": "60/m/ip,10/m/key", "signup": "120/m/ip"}
    MFA_RATE_LIMITS = {"webauthn_login": "600/m/ip"}
# How many proxies in front add to X-Forwarded-For; without one that header is anybody's to write.
ALLAUTH_TRUSTED_PROXY_COUNT = env.integer("APIM_TRUSTED_PROXIES", 0)
MFA_ADAPTER = "accounts.two_step.TwoStepAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_FORMS = {
    "authenticate": "accounts.two_step_forms.CodeForm",
    "reauthenticate": "accounts.two_step_forms.CodeAgainForm",
    "activate_totp": "accounts.two_step_forms.SetUpAppForm",
    "add_webauthn": "accounts.two_step_forms.AddPasskeyForm",
    "edit_webauthn": "accounts.two_step_forms.RenamePasskeyForm",
    "login_webauthn": "accounts.two_step_forms.PasskeySignInForm",
    "authenticate_webauthn": "accounts.two_step_forms.PasskeyForm",
    "reauthenticate_webauthn": "accounts.two_step_forms.PasskeyAgainForm",
}
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
# RFC 6238 5.2: one step for clocks that are not quite right. Each code still works once (accounts/two_step.py).
MFA_TOTP_TOLERANCE = 1
# A stranger who signs up with somebody's address could keep them out by a second factor; the demo reads no mail.
MFA_ALLOW_UNVERIFIED_EMAIL = DEMO
AUTHENTICATION_ENDPOINT_URL = env.text("APIM_AUTHENTICATION_ENDPOINT_URL", "/oauth2/account/login/")
# Who answers at a full URL, and what we are there (docs/sign-in-elsewhere.md).
AUTHENTICATION_ISSUER = env.text("APIM_AUTHENTICATION_ISSUER")
AUTHENTICATION_CLIENT_ID = env.text("APIM_AUTHENTICATION_CLIENT_ID")
AUTHENTICATION_CLIENT_SECRET = env.text("APIM_AUTHENTICATION_CLIENT_SECRET")
AUTHENTICATION_CA_FILE = env.file("APIM_AUTHENTICATION_CA_FILE")
AUTHENTICATION_ELSEWHERE = elsewhere.is_configured(
    endpoint=AUTHENTICATION_ENDPOINT_URL,
    issuer=AUTHENTICATION_ISSUER,
    client_id=AUTHENTICATION_CLIENT_ID,
    client_secret=AUTHENTICATION_CLIENT_SECRET,
    portal_url=PORTAL_URL,
)
# Without a mail server mails are printed; with one they are sent by `manage.py deliver` (docs/decisions/0029).
EMAIL_URL = env.text("APIM_EMAIL_URL")
EMAIL_BACKEND = "accounts.mail_server.EmailBackend" if EMAIL_URL else "django.core.mail.backends.console.EmailBackend"
if EMAIL_URL:
    EMAIL_HOST, EMAIL_PORT, EMAIL_HOST_USER, EMAIL_HOST_PASSWORD, EMAIL_USE_SSL = env.mail_server("APIM_EMAIL_URL")
    EMAIL_USE_TLS = not EMAIL_USE_SSL
    EMAIL_TIMEOUT = 60  # seconds for each answer: whoever leaves too early has a mail sent twice
DEFAULT_FROM_EMAIL = env.text("APIM_FROM_EMAIL", f"noreply@{PORTAL_HOST}")

# Cookies: __Host- binds them to this host, TLS and the whole path.
SESSION_ENGINE = "accounts.sessions"
SESSION_COOKIE_NAME = "__Host-store-session"
KEYMANAGER_SESSION_COOKIE_NAME = "__Host-keymanager-session"
SESSION_COOKIE_SECURE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_USE_SESSIONS = True
CSRF_COOKIE_SECURE = True
CSRF_TRUSTED_ORIGINS = [PORTAL_URL]
CSRF_FAILURE_VIEW = "apimanager.views.csrf_failure"
# What else ends with a session that is ended from another one; `accounts` knows nothing of the key manager.
SESSION_ENDS = "keymanager.sessions.end_stored"
# What ends when somebody sets a new password, likewise.
PASSWORD_CHANGES = "keymanager.authorizations.end_by_password"
# What is to be looked up anew when all applications of a person are stopped, or go on, likewise.
OWNER_CHANGES = "keymanager.client_cache.forget"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# Transport
BODY_TIMEOUT = env.integer("APIM_BODY_TIMEOUT", 30, least=1)  # seconds (apimanager/door.py)
SECURE_PROXY_SSL_HEADER = None
SECURE_SSL_REDIRECT = not DEMO
# The demo's certificate is from a private CA on localhost: HSTS would lock other localhost ports out.
SECURE_HSTS_SECONDS = 0 if DEMO else env.integer("APIM_HSTS_SECONDS", 31536000)
SECURE_HSTS_INCLUDE_SUBDOMAINS = not DEMO
SECURE_HSTS_PRELOAD = not DEMO
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# What a page may load and who may frame it. form-action is left out on purpose: Chrome applies it to the redirect that
# follows a form too, and an approved consent redirects to the client's own address.
CONTENT_SECURITY_POLICY = {
    "default-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
    "img-src": "'self' data:",
}

# OAuth. Every toolkit model is ours (keymanager/models.py); the toolkit's defaults that matter are set, not inherited.
AUTHORIZATION_CODE_LIFETIME = 300  # seconds
# RFC 9126 5: of every client; a single one asks for it in its metadata.
REQUIRE_PUSHED_AUTHORIZATION_REQUESTS = env.boolean("APIM_REQUIRE_PUSHED_AUTHORIZATION_REQUESTS")
REFRESH_TOKEN_LIFETIME = 84600  # seconds
# How long a client that lost the answer to a refresh may ask again and gets the same one (docs/decisions/0007).
REFRESH_TOKEN_GRACE = env.integer("APIM_REFRESH_TOKEN_GRACE", 10)  # seconds
# How long a process goes by what it remembers of a client that another one may have changed meanwhile.
CLIENT_CACHE_SECONDS = env.integer("APIM_CLIENT_CACHE_SECONDS", 2)
# How long a key signs, and how long before that it is published (docs/decisions/0008).
SIGNING_KEY_LIFETIME = env.integer("APIM_SIGNING_KEY_LIFETIME", 90 * 24 * 3600)  # seconds
SIGNING_KEY_LEAD = env.integer("APIM_SIGNING_KEY_LEAD", 24 * 3600)  # seconds
if not 60 <= SIGNING_KEY_LEAD < SIGNING_KEY_LIFETIME <= 10 * 365 * 24 * 3600:
    raise ImproperlyConfigured(
        "APIM_SIGNING_KEY_LEAD must be at least 60 seconds, "
        "APIM_SIGNING_KEY_LIFETIME longer than it and at most ten years."
    )
# Whether every DPoP proof must hold a nonce of ours; offered they are anyway (RFC 9449 8).
DPOP_NONCE_REQUIRED = env.boolean("APIM_DPOP_NONCE_REQUIRED")
# Who may register clients without the store: nobody, whoever shows an initial access token, or anybody.
REGISTRATION = env.choice("APIM_REGISTRATION", "open" if DEMO else "token", ("closed", "token", "open"))
CLIENT_ID_METADATA_DOCUMENTS = env.boolean("APIM_CLIENT_ID_METADATA_DOCUMENTS", default=True)
# Failed client authentications a minute, of a client at an address, before the answer is 429; an address may have five
# times as many. 0: no limit.
TOKEN_FAILURE_LIMIT = env.integer("APIM_TOKEN_FAILURE_LIMIT", 60)
OAUTH2_PROVIDER_APPLICATION_MODEL = "keymanager.Client"
OAUTH2_PROVIDER_ACCESS_TOKEN_MODEL = "keymanager.AccessToken"
OAUTH2_PROVIDER_REFRESH_TOKEN_MODEL = "keymanager.RefreshToken"
OAUTH2_PROVIDER_GRANT_MODEL = "keymanager.AuthorizationCode"
OAUTH2_PROVIDER_ID_TOKEN_MODEL = "keymanager.IDToken"
OAUTH2_PROVIDER_DEVICE_GRANT_MODEL = "keymanager.DeviceGrant"
# All of the toolkit's models are ours: its migrations make nothing, which took as long as all others together.
MIGRATION_MODULES = {"oauth2_provider": None}
OAUTH2_PROVIDER = {
    "OAUTH2_VALIDATOR_CLASS": "keymanager.validator.Validator",
    "APPLICATION_ADMIN_CLASS": "keymanager.admin.ClientAdmin",
    "ACCESS_TOKEN_ADMIN_CLASS": "keymanager.admin.AccessTokenAdmin",
    "REFRESH_TOKEN_ADMIN_CLASS": "keymanager.admin.RefreshTokenAdmin",
    "GRANT_ADMIN_CLASS": "keymanager.admin.AuthorizationCodeAdmin",
    "ID_TOKEN_ADMIN_CLASS": "keymanager.admin.IDTokenAdmin",
    "SCOPES_BACKEND_CLASS": "keymanager.scopes.DatabaseScopes",
    "ACCESS_TOKEN_EXPIRE_SECONDS": 3600,
    "AUTHORIZATION_CODE_EXPIRE_SECONDS": AUTHORIZATION_CODE_LIFETIME,
    "REFRESH_TOKEN_EXPIRE_SECONDS": REFRESH_TOKEN_LIFETIME,
    "ROTATE_REFRESH_TOKEN": True,
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    "REFRESH_TOKEN_GRACE_PERIOD_SECONDS": 0,
    "ALLOWED_REDIRECT_URI_SCHEMES": ["https"],
    "ALLOW_URI_WILDCARDS": False,
    "PKCE_REQUIRED": True,
    "OIDC_ENABLED": False,
    "COMPLIANT_BCP_RFC9700_IMPLICIT_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PASSWORD_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PKCE_METHOD": True,
    "COMPLIANT_BCP_RFC9700_ACCESS_TOKEN_TRANSPORT": True,
    "COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS": True,
    "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,
    "COMPLIANT_BCP_RFC9700_REFRESH_TOKEN": True,
    "COMPLIANT_BCP_RFC9700_REDIRECT_URI_SCHEME": True,
    "COMPLIANT_BCP_RFC9700_REDIRECT_URI_MATCHING": True,
    "COMPLIANT_BCP_RFC9700_PKCE_REQUIRED": True,
}
ISSUER = PORTAL_URL
# Who may vouch for client certificates (RFC 8705 2.1): a file of CA certificates in PEM.
CLIENT_CA_FILE = env.file("APIM_CLIENT_CA_FILE")
ACCESS_TOKEN_AUDIENCE = GATEWAY_URL

# Store
KEY_MANAGER = env.text("APIM_KEY_MANAGER", "store.key_managers.builtin.BuiltinKeyManager")

# Gateway: where the key lies that an Envoy shows to be given its routes, and how it meets the backends.
GATEWAY_STATE = VAR / "gateway"
GATEWAY_REVOCATION_PERIOD = 60  # seconds between two tellings of what was revoked before (gateway/revocations.py)
GATEWAY_ADMIN_PORT = env.port_or_none("APIM_GATEWAY_ADMIN_PORT")
RATELIMIT_SERVICE = env.service("APIM_RATELIMIT_SERVICE")  # without it each Envoy counts by itself
RATELIMIT_SERVICE_CA_FILE = env.file("APIM_RATELIMIT_SERVICE_CA_FILE")
# Where the agent beside an Envoy listens and whom it asks (gateway/agents.py).
GATEWAY_AGENT_PORT = env.port_or_none("APIM_GATEWAY_AGENT_PORT")
GATEWAY_PORTALS = env.urls("APIM_GATEWAY_PORTALS")
GATEWAY_BACKEND_TIMEOUT = env.integer("APIM_GATEWAY_BACKEND_TIMEOUT", 60, least=1)  # seconds
GATEWAY_CALL_LIFE = env.integer("APIM_GATEWAY_CALL_LIFE", 3600)  # seconds; 0: for ever
GATEWAY_BACKEND_CA_FILE = env.file("APIM_GATEWAY_BACKEND_CA_FILE")

# Figures: how long they are kept, and what Prometheus shows to be told (docs/statistics.md).
USAGE_DAYS = env.integer("APIM_USAGE_DAYS", 400, least=2)
METRICS_KEY = env.text("APIM_METRICS_KEY")

# Traces: who collects them, and whether a trace that a caller names is gone on with (docs/tracing.md).
TRACES = telemetry.collector()
TRACES_FROM_CALLERS = env.boolean("APIM_TRACES_FROM_CALLERS")
if TRACES:
    MIDDLEWARE.insert(0, "apimanager.tracing.TracingMiddleware")

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "EXCEPTION_HANDLER": "store.api.errors.answer",
}

# Looks
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"
CRISPY_FAIL_SILENTLY = False
STATIC_URL = "/static/"
# Where `collectstatic` puts files for a web server in front; without one, WhiteNoise serves them from the packages.
STATIC_ROOT = env.text("APIM_STATIC_ROOT") or None
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"without_traceback": {"()": CallbackFilter, "callback": logs.without_traceback}},
    "formatters": {"line": {"()": logs.Lines, "format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.choice("APIM_LOG_LEVEL", "INFO", LOG_LEVELS)},
    "loggers": {
        "django.server": {"level": "WARNING"},
        **{name: {"filters": ["without_traceback"]} for name in logs.OF_STRANGERS},
    },
}
