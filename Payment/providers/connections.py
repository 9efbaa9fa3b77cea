"""How many connections are held with a provider."""

import httpx2

# A crowd of buyers waits for a slow provider, and not for one another. Of its connections few are
# kept: each request asks the system about all that are idle, which takes longer than a new one.
CONNECTIONS = httpx2.Limits(max_connections=1000, max_keepalive_connections=10)
