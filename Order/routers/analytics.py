from fastapi import APIRouter

router = APIRouter(prefix="/api/analytics", tags=["Analytics"])
