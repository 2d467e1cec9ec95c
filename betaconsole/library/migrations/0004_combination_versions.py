"""Combinations in versions: what each is today becomes its first."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import betaconsole.storage.fields


def first_versions(apps, schema_editor):
    versions = apps.get_model("library", "CombinationVersion").objects
    for one in apps.get_model("library", "Combination").objects.iterator(chunk_size=200):
        versions.create(
            combination=one, number=1, author=one.author, betas=one.betas, patch=one.patch, created_at=one.updated_at
        )


class Migration(migrations.Migration):
    dependencies = [
        ("library", "0003_tags_cases_notes_origins"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CombinationVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("betas", betaconsole.storage.fields.JsonTextField(default=list)),
                ("patch", betaconsole.storage.fields.ExactTextField(default="")),
                ("note", models.CharField(blank=True, max_length=500)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "author",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "combination",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="versions", to="library.combination"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("combination", "number"), name="one_combination_version_per_number")
                ],
            },
        ),
        migrations.RunPython(first_versions, migrations.RunPython.noop, elidable=True),
    ]
