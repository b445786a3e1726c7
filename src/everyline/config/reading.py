"""What is gathered while a configuration is read: files, tables, problems."""

from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from everyline.config.tables import Table, read_table
from everyline.problems import Problem, did_you_mean

FILE = "everyline.yaml"


class Reading:
    """One reading of one project: what was read, and what is wrong.

    Attributes:
        project: the folder of `everyline.yaml`.
        keys: the names of the taxonomy, in order, as far as they are written.
        problems: each problem once, in the order of finding.
        files: each file read, in the order of reading.
    """

    def __init__(self, project: Path) -> None:
        self.project = project
        self.keys: tuple[str, ...] = ()
        self.problems: dict[Problem, None] = {}
        self.files: dict[Path, None] = {}
        self._tables: dict[str, Table | None] = {}

    def report(self, name: str, sentence: str, place: str, *, about: str, hint: str = "") -> None:
        """Note a problem of the configuration; `about` is the value or name that is wrong."""
        problem = Problem(
            name=name,
            level="configuration",
            sentence=sentence,
            place=place,
            subject=about,
            hint=hint,
        )
        self.problems[problem] = None

    def add(self, problems: Iterable[Problem]) -> None:
        """Note problems that others found."""
        self.problems.update(dict.fromkeys(problems))

    def has(self, file: str) -> bool:
        """Whether the project has this file."""
        return (self.project / file).is_file()

    def near(self, file: str) -> str:
        """A hint that names the files that lie where `file` should."""
        folder = self.project / PurePosixPath(file).parent
        names = [p.name for p in folder.iterdir() if p.is_file()] if folder.is_dir() else []
        return did_you_mean(PurePosixPath(file).name, names) or f"make the file `{file}`"

    def bytes_of(self, file: str, name: str) -> bytes | None:
        """What is in `file`; if the system does not give it, a problem `name` is noted."""
        path = self.project / file
        try:
            raw = path.read_bytes()
        except OSError as error:
            what = f"{file} can't be read: {error.strerror}"
            self.report(name, what, file, about=file, hint="let this user read the file")
            return None
        self.files[path] = None
        return raw

    def table(self, file: str) -> Table | None:
        """The CSV `file`, read once; None if it can't be read, which is then noted."""
        if file not in self._tables:
            self._tables[file] = None
            raw = self.bytes_of(file, "csv-unreadable")
            if raw is not None:
                self._tables[file], problems = read_table(raw, file)
                self.add(problems)
        return self._tables[file]
