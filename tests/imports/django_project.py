"""A Django project with djangorestframework-api-key and django-rest-knox, that makes keys in a SQLite file of its own.

Run as a program with the path of the file; it prints the texts of the keys as JSON, and keeps them nowhere.
"""

# mypy: disable-error-code="import-untyped, misc"
# None of these packages has types.

import json
import sys
from datetime import timedelta

import django
from django.conf import settings


def main(path: str) -> None:
    """Make the tables and the keys, and print the texts."""
    settings.configure(
        SECRET_KEY="s",
        USE_TZ=True,
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": path}},
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "rest_framework",
            "rest_framework_api_key",
            "knox",
        ],
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    )
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    sys.stdout.write(json.dumps(api_keys() | knox_tokens()))


def api_keys() -> dict[str, str]:
    """Make keys of djangorestframework-api-key, as its version 3 and as earlier versions kept them."""
    from django.utils import timezone
    from rest_framework_api_key.models import APIKey

    texts: dict[str, str] = {}
    _, texts["key"] = APIKey.objects.create_key(name="partner")
    _, texts["same name"] = APIKey.objects.create_key(name="partner")
    _, texts["to expire"] = APIKey.objects.create_key(name="trial", expiry_date=timezone.now() + timedelta(days=1))
    _, texts["expired"] = APIKey.objects.create_key(name="old trial", expiry_date=timezone.now() - timedelta(days=1))
    _, texts["revoked"] = APIKey.objects.create_key(name="leaked", revoked=True)
    for hasher in ("pbkdf2_sha256", "argon2", "bcrypt_sha256"):
        texts[hasher] = api_key_of_a_former_version(hasher)
    return texts


def api_key_of_a_former_version(hasher: str) -> str:
    """Make a key whose digest is one of Django's password hashes, as before version 3 of the package."""
    from django.contrib.auth.hashers import make_password
    from rest_framework_api_key.crypto import KeyGenerator
    from rest_framework_api_key.models import APIKey

    class FormerKeyGenerator(KeyGenerator):
        def hash(self, value: str) -> str:
            return str(make_password(value, hasher=hasher))

    key, prefix, hashed_key = FormerKeyGenerator().generate()
    APIKey(id=f"{prefix}.{hashed_key}", prefix=prefix, hashed_key=hashed_key, name=hasher).save()
    return str(key)


def knox_tokens() -> dict[str, str]:
    """Make tokens of django-rest-knox, for two users."""
    from django.contrib.auth.models import User
    from knox.models import AuthToken

    texts: dict[str, str] = {}
    for name in ("ada", "bob"):
        user = User.objects.create_user(name)
        _, texts[f"knox {name}"] = AuthToken.objects.create(user)
    ada = User.objects.get(username="ada")
    _, texts["knox without end"] = AuthToken.objects.create(ada, expiry=None)
    _, texts["knox expired"] = AuthToken.objects.create(ada, expiry=timedelta(hours=-1))
    _, texts["knox with prefix"] = AuthToken.objects.create(ada, prefix="kx-")
    return texts


if __name__ == "__main__":
    main(sys.argv[1])
