import betaconsole.storage.public_id
from django.db import migrations, models


class Migration(migrations.Migration):
    """Apart from 0003: PostgreSQL alters no table in the transaction that has just filled it."""

    dependencies = [("teams", "0003_people_links_audit")]

    operations = [
        migrations.AlterField(
            kind,
            "public_id",
            models.CharField(default=betaconsole.storage.public_id.new_public_id, max_length=24, unique=True),
        )
        for kind in ("membership", "apitoken")
    ]
