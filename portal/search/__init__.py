"""The index of everything public, and the page to search it on.

It is made from the public part of the plan alone: nothing private and nothing scheduled can stand in it, and of each
notice only the latest version does.
"""

from portal.search.documents import Document, Source, follows, notices
from portal.search.index import is_excerpts
from portal.search.shelf import forget
from portal.search.site import bundles

__all__ = ["Document", "Source", "bundles", "follows", "forget", "is_excerpts", "notices"]
