"""Users and organisations in MongoDB, logins at Connect."""
