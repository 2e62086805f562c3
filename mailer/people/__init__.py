"""Who is told, and when it suits them: persons behind addresses, subscribers, calendars."""
