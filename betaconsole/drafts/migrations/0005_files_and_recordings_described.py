from django.db import migrations

import betaconsole.storage.fields


class Migration(migrations.Migration):
    dependencies = [
        ("drafts", "0004_draft_messages_body"),
    ]

    operations = [
        migrations.AddField(
            model_name="upload",
            name="about",
            field=betaconsole.storage.fields.JsonTextField(default=dict),
        ),
        migrations.AddField(
            model_name="caseset",
            name="summary",
            field=betaconsole.storage.fields.JsonTextField(default=dict),
        ),
    ]
