"""What people look at. Its pages ask the API, as any other front end does."""

from web.equipment import equip
from web.routers import files, guide, pages
from work.domain import Domain

DOMAIN = Domain(routers=[pages.router, files.router, guide.router], equip=equip)
