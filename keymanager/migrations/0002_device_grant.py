import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """The toolkit's table, which nothing ever wrote to, gives way to one that keeps checksums."""

    dependencies = [
        ("keymanager", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.DeleteModel(name="DeviceGrant"),
        migrations.CreateModel(
            name="DeviceGrant",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("scope", models.TextField(blank=True, verbose_name="scope")),
                ("interval", models.IntegerField(default=5, verbose_name="interval")),
                ("expires", models.DateTimeField(verbose_name="expires")),
                ("status", models.CharField(blank=True, choices=[("authorized", "Authorized"), ("authorization-pending", "Authorization pending"), ("expired", "Expired"), ("denied", "Denied")], default="authorization-pending", max_length=64, verbose_name="status")),
                ("device_code_checksum", models.CharField(max_length=64)),
                ("user_code_checksum", models.CharField(max_length=64)),
                ("last_polled_at", models.DateTimeField(blank=True, null=True)),
                ("consumed_at", models.DateTimeField(blank=True, null=True)),
                ("authorization", models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name="device_grants", to="keymanager.authorization")),
                ("client", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="device_grants", to=settings.OAUTH2_PROVIDER_APPLICATION_MODEL)),
                ("user", models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name="%(app_label)s_%(class)s", to=settings.AUTH_USER_MODEL, verbose_name="user")),
            ],
            options={
                "indexes": [models.Index(fields=["expires"], name="device_grant_expires")],
                "constraints": [
                    models.UniqueConstraint(fields=("device_code_checksum",), name="device_code_once"),
                    models.UniqueConstraint(fields=("user_code_checksum",), name="user_code_once"),
                ],
            },
        ),
    ]
