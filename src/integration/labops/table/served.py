"""What answers come from now, and who waits for it to move on."""

from collections.abc import Callable

from domain.kernel.errors import UnavailableError
from integration.labops.table.contents import TableContents
from integration.labops.table.engine import Engine
from integration.labops.table.files import FileShelf
from integration.labops.table.manifest import Image, Manifest
from integration.labops.table.moves import Moves
from integration.labops.table.views import HeldSnapshot, TableView


class ServedTable:
    """The contents that everybody sees, as one view for all who ask between two moves. Belongs to the event loop.

    Attributes:
        contents: an empty table until ``loaded``.
        shelf: keeps files for as long as a snapshot reads them.
        doubted: an answer failed since the files were looked at; one of them may be damaged.
        damage: what is wrong with the files, until other contents are served; None when nothing is known to be.
    """

    def __init__(self) -> None:
        self.contents = TableContents(Manifest(Image()))
        self.shelf = FileShelf()
        self.loaded = False
        self.doubted = False
        self.damage: str | None = None
        self._moves = Moves()
        self._view: TableView | None = None

    def replace(self, contents: TableContents) -> None:
        """Serve other contents from now on."""
        self.contents = contents
        self.loaded = True
        self.damage = None
        self.tell_moved()

    def doubt(self) -> None:
        """Note that an answer failed."""
        self.doubted = True

    def is_whole(self) -> bool:
        """Tell whether all files are as they were written. Reads them all: to be called in a thread."""
        return self.contents.kept.damage() is None

    def tell_moved(self) -> None:
        """Say that the contents have changed: the next snapshot sees it, and all who wait look again."""
        self.forget_view()
        self._moves.tell()

    def forget_view(self) -> None:
        """Have the next snapshot look anew; those that are held stay as they are."""
        if self._view is not None:
            self._view.release()
            self._view = None

    def snapshot(self, engine: Engine) -> HeldSnapshot:
        """Return one more hold on the present state.

        Raises:
            UnavailableError: nothing is loaded yet.
        """
        if not self.loaded:
            raise UnavailableError("the table of specimens is being loaded", 1.0)
        if self._view is None:
            seen = self.contents
            self._view = TableView(seen.seen(), seen.position, seen.stamp, seen.changed_at, engine, self.shelf)
            self._view.hold()
        return HeldSnapshot(self._view)

    async def wait_async(self, holds: Callable[[], bool], timeout_seconds: float) -> bool:
        """Wait until a condition holds, which is looked at after each move; False when the time is over."""
        return await self._moves.wait_async(holds, timeout_seconds)
