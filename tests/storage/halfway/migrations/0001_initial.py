from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    operations = (migrations.CreateModel("Before", [("id", models.BigAutoField(primary_key=True))]),)
