"""Secrets of second factors from before they were sealed."""

from django.db import migrations

from betaconsole.teams import sealing, second_factors


def seal(apps, schema_editor):
    # Where the master key of the stored API keys is not here, these stay as they are and work so: a new key would open
    # none of them once the right one is back. `rotate_keys` seals them then.
    kept = list(
        apps.get_model("teams", "Connection").objects.exclude(sealed_key="").values_list("sealed_key", flat=True)
    )
    if kept and not any(sealing.has_master_key_of(one) for one in kept):
        return
    rows = apps.get_model("mfa", "Authenticator").objects.filter(type__in=("totp", "recovery_codes"))
    if rows.exists() and not sealing.has_master_keys():
        sealing.make_master_key()
    for row in rows.iterator(chunk_size=100):
        if not second_factors.is_current(row.data):
            row.data = second_factors.sealed_anew(row.data)
            row.save(update_fields=["data"])


class Migration(migrations.Migration):
    dependencies = [
        ("mfa", "0003_authenticator_type_uniq"),
        ("teams", "0005_keeping_history"),
    ]

    operations = [migrations.RunPython(seal, migrations.RunPython.noop, elidable=True)]
