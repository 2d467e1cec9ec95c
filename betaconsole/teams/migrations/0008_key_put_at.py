from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("teams", "0007_deleted_teams"),
    ]

    operations = [
        migrations.AddField(
            model_name="connection",
            name="key_put_at",
            field=models.DateTimeField(null=True),
        ),
    ]
