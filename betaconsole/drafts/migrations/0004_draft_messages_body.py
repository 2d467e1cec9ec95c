from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("drafts", "0003_endpoints_stubs_cases"),
    ]

    operations = [
        migrations.AddField(
            model_name="draft",
            name="messages_body",
            field=models.CharField(blank=True, max_length=64),
        ),
    ]
