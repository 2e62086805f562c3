"""Ways for a message to leave: SMTP, or a folder that can reach nobody."""

from mailer.transport.interface import Connection, Envelope, Lost, Transport
from mailer.transport.outbox import Outbox
from mailer.transport.smtp import Server, Smtp

__all__ = ["Connection", "Envelope", "Lost", "Outbox", "Server", "Smtp", "Transport"]
