class Refused(Exception):
    """The field's rules say no. The message is a Chinese sentence naming the place and the cure."""
