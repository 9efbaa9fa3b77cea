"""A shop to look at: a season of events, people who buy, and what became of their orders.

All of it is made by the services, at times of its own, so every rule that holds for sales holds.
"""
