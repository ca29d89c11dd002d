"""The cameras and their days."""

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.requests import Request

from sightline.storage.users.protocol import Role
from sightline.web.access import GuardedRoute, for_roles
from sightline.web.console import console_of
from sightline.web.days import known_days

router = APIRouter(route_class=GuardedRoute)


class Camera(BaseModel):
    """A camera."""

    camera: str = Field(description="its name")
    days: list[str] = Field(description="capture days with pictures, in the camera's time zone, the newest first")


class Cameras(BaseModel):
    """All cameras."""

    cameras: list[Camera]


@router.get("/cameras")
@for_roles(Role.OWNER)
def list_cameras(request: Request) -> Cameras:
    """List the cameras, each with the days that it has pictures of."""
    days = known_days(console_of(request))
    return Cameras(cameras=[Camera(camera=camera, days=of_camera) for camera, of_camera in days.items()])
