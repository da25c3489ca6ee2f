"""What can be done about users, organisations, memberships, logins and the labs context."""
