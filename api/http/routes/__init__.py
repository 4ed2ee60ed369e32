"""The routes of the HTTP interface, one module a subject.

To add routes, write a module with a `router` beside these, declare what each route `Needs`, and add the router to
`ROUTERS`. No other file changes.
"""

from citeqa.api.http.routes import (
    batch,
    documents,
    feedback,
    metrics,
    originals,
    page,
    questions,
    read,
    status,
    verification,
)

# In the order in which they are described and tried.
ROUTERS = (
    questions.router,
    documents.router,
    originals.router,
    verification.router,
    status.router,
    feedback.router,
    batch.router,
    read.router,
    page.router,
    metrics.router,
)

__all__ = ["ROUTERS"]
