"""Every face of citeqa: HTTP, the chat page, the command line."""
