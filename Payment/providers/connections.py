"""How many connections are held with a provider."""

import httpx2

# A crowd of buyers waits for a slow provider, and not for one another. All of its connections are
# kept for a while, because a crowd goes on, and a new one costs more than it takes to find one.
CONNECTIONS = httpx2.Limits(max_connections=1000, max_keepalive_connections=1000)
