"""Which API keys are known: a key that somebody made up must not get an account of its own."""

# Keys that a process remembers, at some hundred bytes each; who falls out counts by address once.
_REMEMBERED = 4096


class KnownKeys:
    """The hashes of keys that the database knew when they were last shown to this process."""

    def __init__(self) -> None:
        self._hashes: dict[str, None] = {}

    def __contains__(self, key_hash: str) -> bool:
        return key_hash in self._hashes

    def learn(self, key_hash: str) -> None:
        if key_hash in self._hashes:
            return
        self._hashes[key_hash] = None
        if len(self._hashes) > _REMEMBERED:
            self._hashes.pop(next(iter(self._hashes)), None)

    def forget(self, key_hash: str) -> None:
        self._hashes.pop(key_hash, None)
