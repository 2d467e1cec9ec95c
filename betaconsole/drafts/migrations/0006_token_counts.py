import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import betaconsole.storage.fields


class Migration(migrations.Migration):
    dependencies = [
        ("drafts", "0005_files_and_recordings_described"),
        ("teams", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="draft",
            name="counts",
            field=betaconsole.storage.fields.JsonTextField(default=dict),
        ),
        migrations.CreateModel(
            name="TokenCount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.CharField(max_length=64)),
                ("input_tokens", models.PositiveBigIntegerField()),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "connection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="teams.connection"
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="teams.team"),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("team", "connection", "digest"), name="one_token_count_per_request")
                ],
            },
        ),
    ]
