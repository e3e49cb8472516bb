"""The checksums that projects publish for the released programs, compared with the pinned ones."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from shared.environment_variables import TIERS_PROGRAMS_MIRROR
from shared.errors import PlatformError
from tooling.lane.downloads import Downloads
from tooling.lane.released import published_checksum
from tooling.lane.releases import HOSTS, RELEASED, pinned_checksums, release_of


@dataclass(frozen=True, kw_only=True)
class Checksum:
    """`now` is empty if the project could not be asked; `why` gives the reason."""

    name: str
    url: str
    pinned: str = ""
    now: str = ""
    why: str = ""

    @property
    def moved(self) -> bool:
        """Whether the project publishes another file than the pinned one, under the same version."""
        return bool(self.pinned and self.now and self.pinned != self.now)


def published() -> Iterator[Checksum]:
    """Asks for the checksum of every released file, of every kind of machine."""
    found = [release for name in RELEASED for host in HOSTS if (release := release_of(name, host)) is not None]
    silent: dict[str, str] = {}  # a site that does not answer is asked once, not for each of its files
    with contextlib.closing(Downloads(os.environ.get(TIERS_PROGRAMS_MIRROR.name, ""))) as downloads:
        for release in found:
            now, why = "", silent.get(release.site, "")
            if not why:
                try:
                    now = published_checksum(release, downloads)
                except PlatformError as error:
                    why = f"{error.what} ({error.at})"
                    if error.code == "release-unreachable":
                        silent[release.site] = why
            pinned = pinned_checksums().get(release.url, "")
            yield Checksum(name=release.url.partition("://")[2], url=release.url, pinned=pinned, now=now, why=why)


def completed(text: str, checksums: Iterable[Checksum]) -> str:
    """The content of the file of pinned checksums with those that were found. One that has moved is left as it is, and
    one of a file that is no longer released for this version goes."""
    pinned = json.loads(text)
    kept = {each.url: pinned.get(each.url) or each.now for each in checksums}
    return json.dumps({url: value for url, value in sorted(kept.items()) if value}, indent=2) + "\n"
