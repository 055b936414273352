from django.urls import path

from members.views import appointments, audit, digests, messages, people, roster, sign_in, units, users

app_name = "members"
urlpatterns = [
    path("sign-in/", sign_in.sign_in, name="sign-in"),
    path("sign-out/", sign_in.sign_out, name="sign-out"),
    path("password/", sign_in.password_change, name="password-change"),
    # what one has been told
    path("messages/", messages.message_list, name="message-list"),
    path("messages/read/", messages.messages_read, name="messages-read"),
    path("messages/<int:pk>/open/", messages.message_open, name="message-open"),
    path("messages/mail/", messages.mail_choose, name="mail-choose"),
    path("digests/", digests.digest_list, name="digest-list"),
    # units
    path("units/", units.unit_tree, name="unit-tree"),
    path("units/new/", units.unit_create_root, name="unit-create-root"),
    path("units/<int:pk>/", units.unit_detail, name="unit-detail"),
    path("units/<int:pk>/below/", units.unit_children, name="unit-children"),
    path("units/<int:pk>/new/", units.unit_create, name="unit-create"),
    path("units/<int:pk>/edit/", units.unit_edit, name="unit-edit"),
    path("units/<int:pk>/close/", units.unit_close, name="unit-close"),
    path("units/<int:pk>/roster.xlsx", units.roster_export, name="roster-export"),
    path("units/<int:pk>/open-users/", users.user_open, name="user-open"),
    # members
    path("members/", people.member_list, name="member-list"),
    path("members/new/", people.member_create, name="member-create"),
    path("members/groups/", people.group_options, name="group-options"),
    path("members/<int:pk>/", people.member_detail, name="member-detail"),
    path("members/<int:pk>/edit/", people.member_edit, name="member-edit"),
    path("members/<int:pk>/reveal/", people.member_reveal, name="member-reveal"),
    path("members/<int:pk>/transfer/", people.member_transfer, name="member-transfer"),
    path("members/<int:pk>/leave/", people.member_leave, name="member-leave"),
    path("members/<int:pk>/exclude/", people.member_exclude, name="member-exclude"),
    path("members/<int:pk>/appoint/", appointments.appointment_create, name="appointment-create"),
    path("exclusions/<int:pk>/end/", people.exclusion_end, name="exclusion-end"),
    # posts
    path("appointments/", appointments.appointment_list, name="appointment-list"),
    path("appointments/export.xlsx", appointments.appointment_export, name="appointment-export"),
    path("appointments/import/", appointments.appointment_import, name="appointment-import"),
    path("appointments/import/confirm/", appointments.appointment_import_confirm, name="appointment-import-confirm"),
    path("appointments/<int:pk>/end/", appointments.appointment_end, name="appointment-end"),
    # roster imports
    path("roster-imports/", roster.roster_import_list, name="roster-import-list"),
    path("roster-imports/new/", roster.roster_import_create, name="roster-import-create"),
    path("roster-imports/template.xlsx", roster.roster_template, name="roster-template"),
    path("roster-imports/<int:pk>/", roster.roster_import_detail, name="roster-import-detail"),
    path("roster-imports/<int:pk>/units/", roster.roster_import_units, name="roster-import-units"),
    path("roster-imports/<int:pk>/columns/", roster.roster_import_columns, name="roster-import-columns"),
    path("roster-imports/<int:pk>/confirm/", roster.roster_import_confirm, name="roster-import-confirm"),
    path("roster-imports/<int:pk>/drop/", roster.roster_import_drop, name="roster-import-drop"),
    path("roster-imports/<int:pk>/progress/", roster.roster_import_progress, name="roster-import-progress"),
    path("roster-imports/<int:pk>/problems.xlsx", roster.roster_import_problems, name="roster-import-problems"),
    # sign-ins and the log
    path("users/", users.user_list, name="user-list"),
    path("users/new/", users.user_create, name="user-create"),
    path("users/<int:pk>/reset/", users.user_reset, name="user-reset"),
    path("users/<int:pk>/lock/", users.user_lock, name="user-lock"),
    path("users/<int:pk>/unlock/", users.user_unlock, name="user-unlock"),
    path("users/<int:pk>/duty/", users.user_duty, name="user-duty"),
    path("audit/", audit.audit_list, name="audit-list"),
    path("audit/export.xlsx", audit.audit_export, name="audit-export"),
]
