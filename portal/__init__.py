"""Notices in, announcement site out: the half of Duenotice that never sends anything."""
