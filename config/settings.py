"""One settings file. The environment decides; what is unset is the embedded default.

Embedded default: SQLite, a broker in the file system, keys made on first start, all under `var/`.
`DJANGO_ENV=production` takes nothing for granted and refuses to start with a sentence (`docs/deployment.md`).
"""

from pathlib import Path

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from config.keys import own_key

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
PRODUCTION = env.str("DJANGO_ENV", "embedded") == "production"
VAR_DIR = Path(env.str("VAR_DIR", str(BASE_DIR / "var")))
VAR_DIR.mkdir(parents=True, exist_ok=True)


def required(name: str, default: str) -> str:
    """The value of an environment variable; `default` only where the embedded default is allowed."""
    value = env.str(name, "")
    if not value and PRODUCTION:
        raise ImproperlyConfigured(f"生产环境缺少环境变量 {name}。请在 .env 或 systemd 单元中设置后再启动。")
    return value or default


# --- keys and hosts -------------------------------------------------------------------------
KEY_DIR = VAR_DIR / "keys"
# Keys of secret ballots while they are cast: never in the database, never in a backup (evaluations/poll_keys.py).
POLL_KEYS = VAR_DIR / "poll-keys"
SECRET_KEY = required("SECRET_KEY", "") or own_key(KEY_DIR, "secret")
# 256-bit key, hexadecimal, for ID numbers and telephones (AES-GCM) and their lookup hash.
FIELD_KEY = required("FIELD_KEY", "") or own_key(KEY_DIR, "field")
ALLOWED_HOSTS = [host for host in required("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]").split(",") if host]
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
DEBUG = False

# --- database and broker --------------------------------------------------------------------
DATABASE_URL = required("DATABASE_URL", f"sqlite:///{VAR_DIR / 'db.sqlite3'}")
DATABASES = {"default": env.db_url_config(DATABASE_URL)}
IS_SQLITE = DATABASES["default"]["ENGINE"].endswith("sqlite3")
if PRODUCTION and IS_SQLITE:
    raise ImproperlyConfigured("生产环境须使用 PostgreSQL。请把 DATABASE_URL 设为 postgres:// 开头的地址。")
if IS_SQLITE:
    # Writers take the lock at BEGIN: with a deferred lock two writers that both read first
    # cannot be told to wait and fail with "database is locked".
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
    }
    # A file, so that tests with several threads can run on a copy of it.
    DATABASES["default"]["TEST"] = {"NAME": str(VAR_DIR / "test.sqlite3")}
else:
    # Compiling a statement takes PostgreSQL up to two seconds; ours are done in milliseconds (docs/benchmarks.md).
    DATABASES["default"].setdefault("OPTIONS", {})["options"] = "-c jit=off"
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    DATABASES["default"]["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", 60)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = required("REDIS_URL", "")
BROKER_DIR = VAR_DIR / "broker"
CELERY_BROKER_URL = REDIS_URL or "filesystem://localhost"
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_IGNORE_RESULT = True
CELERY_TIMEZONE = "Asia/Shanghai"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
if REDIS_URL:
    # A message whose worker died comes back after this many seconds; the sweep is quicker still.
    CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, object] = {"visibility_timeout": 300, "unacked_restore_limit": 100}
else:
    for folder in ("queue", "processed", "control"):
        (BROKER_DIR / folder).mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(BROKER_DIR / "queue"),
        "data_folder_out": str(BROKER_DIR / "queue"),
        "control_folder": str(BROKER_DIR / "control"),
        "processed_folder": str(BROKER_DIR / "processed"),
        "store_processed": False,
    }
    CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
# A piece of work whose worker has not reported for this many seconds is taken over by another.
JOB_LEASE_SECONDS = env.int("JOB_LEASE_SECONDS", 120)

# --- applications ---------------------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
    "rules.apps.AutodiscoverRulesConfig",
    "import_export",
    "django_htmx",
    "axes",
    "members",
    "scoring",
    "evaluations",
    "publicity",
    "config.apps.ConfigApp",
]
# Behind a proxy that overwrites X-Real-IP; elsewhere anyone could send that header.
BEHIND_PROXY = env.bool("BEHIND_PROXY", False)
MIDDLEWARE = [
    "config.proxy.RealAddress",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "members.middleware.SessionLimits",
    "members.middleware.FirstPassword",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
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
                "config.context.site",
            ],
            "builtins": ["config.templatetags.screen"],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# --- people ---------------------------------------------------------------------------------
AUTH_USER_MODEL = "members.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "rules.permissions.ObjectPermissionBackend",
    "members.backends.SignInBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "CommonPasswordValidator", "NumericPasswordValidator")
] + [
    {
        "NAME": "members.passwords.LongEnough",
        "OPTIONS": {"min_length": 10},
    }
]
LOGIN_URL = "members:sign-in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "members:sign-in"
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_CALLABLE = "members.views.sign_in.locked_out"
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False
SESSION_COOKIE_AGE = 12 * 3600
SESSION_IDLE_SECONDS = env.int("SESSION_IDLE_SECONDS", 2 * 3600)
SESSION_COOKIE_HTTPONLY = True
# Three administrators kept apart (system, security, audit); off: one account may be all three.
SEPARATE_ADMINISTRATORS = env.bool("SEPARATE_ADMINISTRATORS", False)

# --- e-mail ---------------------------------------------------------------------------------
# Off until a server is named: smtp://user:password@host:25, smtp+tls://…:587 or smtp+ssl://…:465.
EMAIL_URL = env.str("EMAIL_URL", "")
MAIL_IS_ON = bool(EMAIL_URL)
DEFAULT_FROM_EMAIL = env.str("EMAIL_FROM", "")
if MAIL_IS_ON and not DEFAULT_FROM_EMAIL:
    raise ImproperlyConfigured("设置了 EMAIL_URL，还须用 EMAIL_FROM 写明发件地址。")
if MAIL_IS_ON:
    globals().update(env.email_url_config(EMAIL_URL))
else:
    EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
# For each answer of the server.
EMAIL_TIMEOUT = 20
# What links in mails begin with; without it they have none.
SITE_ADDRESS = env.str("SITE_ADDRESS", "").rstrip("/")

# --- language and time ----------------------------------------------------------------------
LANGUAGE_CODE = "zh-hans"
TIME_ZONE = "Asia/Shanghai"
USE_I18N = True
USE_TZ = True
LOCALE_PATHS = [BASE_DIR / "locale"]

# --- files ----------------------------------------------------------------------------------
STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATIC_ROOT.mkdir(exist_ok=True)
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = not PRODUCTION
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(VAR_DIR / "files"), "file_permissions_mode": 0o600},
    },
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
SAMPLE_DIR = BASE_DIR / "sample_data"
ROSTER_FILE_LIMIT = 20 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000

# --- security -------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "manifest-src": [SELF],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
if PRODUCTION:
    # An intranet without certificates sets HTTPS=0 and says so to itself; the default is safe.
    HTTPS = env.bool("HTTPS", True)
    SECURE_SSL_REDIRECT = HTTPS
    SESSION_COOKIE_SECURE = HTTPS
    CSRF_COOKIE_SECURE = HTTPS
    SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
    SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
    SECURE_HSTS_PRELOAD = HTTPS
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# --- log ------------------------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", "WARNING")},
}
IMPORT_EXPORT_USE_TRANSACTIONS = True
IMPORT_EXPORT_SKIP_ADMIN_LOG = True
