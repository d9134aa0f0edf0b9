"""Glue to what others have made. Nothing else imports it."""
