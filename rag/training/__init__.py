"""The code that trained the shipped reader; nothing else imports it."""
