"""Ask a folder of documents a question; get the documents' own words back, cited to the character."""

from citeqa.index import __version__

__all__ = ["__version__"]
