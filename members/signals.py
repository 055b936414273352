"""What members tells the apps above."""

from django.dispatch import Signal

# Sent once after a set of members was admitted, inside the transaction; carries nothing: listeners
# find what is missing with one statement.
members_admitted = Signal()
# Sent after memberships, exclusions, posts or classes changed; carries `from_day`, the first day affected, and
# `members`, their ids, unless very many have changed at once.
membership_changed = Signal()
