from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('scoring', '0006_vetoes'),
    ]

    operations = [
        migrations.AddField(
            model_name='monthpolicy',
            name='remind_days',
            field=models.PositiveSmallIntegerField(default=3, verbose_name='等待几天后提醒'),
        ),
        migrations.AddConstraint(
            model_name='monthpolicy',
            constraint=models.CheckConstraint(condition=models.Q(('remind_days__gte', 1), ('remind_days__lte', 30)), name='policy_remind_days', violation_error_message='等待几天后提醒须在 1 至 30 之间。'),
        ),
    ]
