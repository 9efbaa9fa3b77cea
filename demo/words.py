"""What events, places and people of the demo are called; all of it is made up."""

CITIES = ("Lindau", "Porto", "Bergen", "Graz", "Turku", "Gdynia", "Leiden", "Bilbao")
VENUES = (
    *("Harbour Hall", "Opera House", "Old Tram Depot", "Riverside Arena"),
    *("Botanical Garden", "Town Theatre", "Paper Mill", "Planetarium"),
)
# What is played, and how it is told.
CONCERTS = {
    "Chamber Orchestra plays Dvořák": "The Serenade for Strings, and the American Quartet.",
    "Night of the Organ": "Five centuries of music on one instrument; doors close at eight.",
    "The Copper Trio": "Piano, bass and drums, recorded live.",
    "Songs of the Sea": "A choir of ninety and a ship's bell.",
    "Brass in the Park": "Bring a blanket; it is played in the rain as well.",
    "Mira Solé, Open Air": "The new album, and the old songs.",
}
STAGES = {
    "The Cherry Orchard": "Chekhov's last play, in a new translation.",
    "Improvised: A Comedy": "Nobody knows what is played tonight, the actors least of all.",
    "Swan Lake": "The company's own choreography, with live music.",
    "Puppets After Dark": "For grown-ups.",
}
TALKS = {
    "Stars Above the City": "Two hours under the dome, and one outside.",
    "How Bread Works": "A lecture, an oven, and something to take home.",
    "PyCon Regional": "Two tracks, one day, lunch included.",
}
GIVEN = (
    *("Amara", "Björn", "Chiara", "Dmitri", "Elif", "Farid", "Greta", "Hugo", "Ines", "Jonas"),
    *("Katya", "Lucía", "Mateusz", "Noor", "Olu", "Priya", "Quentin", "Rosa", "Sven", "Tomoko"),
)
FAMILY = (
    *("Abebe", "Bianchi", "Castro", "Dubois", "Eriksen", "Fischer", "García", "Haddad"),
    *("Ivanova", "Jansen", "Kowalski", "Lindqvist", "Moreau", "Nakamura", "Okafor", "Petrov"),
    *("Rossi", "Schmidt", "Tanaka", "Varga"),
)
NOTES = ("Two wheelchairs, please.", "It is a present.", "We come by the last train.")
WHY_CANCELLED = ("bought twice", "can't come after all", "wrong evening")
WHY_REFUNDED = ("moved seats", "fell ill", "as a courtesy")
WHY_FAILED = ("insufficient funds", "card declined", "expired card")
