"""Two versions of a notice: what changed, marked up in the text and summed up as facts."""

from portal.redline.facts import Fact, facts
from portal.redline.marking import Redline, redline

__all__ = ["Fact", "Redline", "facts", "redline"]
