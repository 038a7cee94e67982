"""Routing 智能派单: from the words of a citizen to an item, a kind, an area and the alarms that must not wait.

Knows nothing of tickets, units or the responsibility table: it names codes, and whoever asks looks up who answers for them.
"""
