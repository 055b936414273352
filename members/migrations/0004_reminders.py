import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('members', '0003_messages'),
    ]

    operations = [
        migrations.AddField(
            model_name='user',
            name='email',
            field=models.EmailField(blank=True, max_length=254, verbose_name='电子邮箱'),
        ),
        migrations.AddField(
            model_name='user',
            name='mail',
            field=models.CharField(choices=[('DAILY', '每日汇总'), ('NONE', '不发')], default='DAILY', max_length=5, verbose_name='邮件通知'),
        ),
        migrations.AddField(
            model_name='message',
            name='lines',
            field=models.JSONField(default=list, verbose_name='事项'),
        ),
        migrations.CreateModel(
            name='Reminder',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slot', models.CharField(max_length=80)),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='时间')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='收件人')),
            ],
            options={
                'verbose_name': '提醒',
                'verbose_name_plural': '提醒',
                'constraints': [models.UniqueConstraint(fields=('user', 'slot'), name='reminded_once')],
            },
        ),
        migrations.CreateModel(
            name='Digest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(verbose_name='日期')),
                ('address', models.CharField(max_length=254, verbose_name='邮箱')),
                ('state', models.CharField(choices=[('WAITING', '待发送'), ('SENDING', '发送中'), ('SENT', '已发送'), ('EMPTY', '没有新内容'), ('FAILED', '没有送达'), ('UNCLEAR', '不能确定')], default='WAITING', max_length=7, verbose_name='状态')),
                ('attempts', models.PositiveSmallIntegerField(default=0, verbose_name='次数')),
                ('due_at', models.DateTimeField(verbose_name='下次发送')),
                ('claimed_at', models.DateTimeField(null=True)),
                ('finished_at', models.DateTimeField(null=True, verbose_name='办结时间')),
                ('failure', models.CharField(blank=True, max_length=200, verbose_name='原因')),
                ('fingerprint', models.CharField(blank=True, max_length=64)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='收件人')),
            ],
            options={
                'verbose_name': '每日汇总邮件',
                'verbose_name_plural': '每日汇总邮件',
                'ordering': ['-day', '-id'],
                'indexes': [models.Index(fields=['state', 'due_at'], name='digest_due')],
                'constraints': [models.UniqueConstraint(fields=('user', 'day'), name='digest_once_a_day')],
            },
        ),
    ]
