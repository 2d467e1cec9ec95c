"""What came of each beta, by exchange. Empty in what is stored already: computed when it is read, or by `manage.py reparse`."""

from django.db import migrations

import betaconsole.storage.fields


class Migration(migrations.Migration):
    dependencies = [("runs", "0004_exchange_batch_index")]

    operations = [
        migrations.AddField(
            model_name="exchange",
            name="outcomes",
            field=betaconsole.storage.fields.JsonTextField(null=True),
        ),
    ]
