"""A real PostgreSQL and a real server of the S3 protocol, for as long as the tests run."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from servers import free_port


class Postgres:
    """A database server of its own.

    Args:
        folder: Where its files lie.
        port: Where it listens.
    """

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port
        self.url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
        self._bin = found[-1] if found else None
        self._user = "postgres" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name

    @property
    def installed(self) -> bool:
        return self._bin is not None

    def make(self) -> None:
        if os.getuid() == 0:
            shutil.chown(self.folder, self._user)
        self._run("initdb", "-D", str(self.folder / "data"), "-U", "postgres", "-A", "trust", "--no-sync")

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder} -c max_connections=200"
        self._run(
            "pg_ctl", "-D", str(self.folder / "data"), "-o", options, "-l", str(self.folder / "log"), "-w", "start"
        )

    def stop(self, how: str = "fast") -> None:
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-m", how, "-w", "stop")

    def fresh(self) -> str:
        """The address of a database with nothing in it."""
        name = f"test_{time.time_ns()}"
        with sa.create_engine(
            self.url.replace("://", "+psycopg://"), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool
        ).connect() as db:
            db.execute(sa.text(f"CREATE DATABASE {name}"))
        return self.url.rpartition("/")[0] + f"/{name}"

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._bin / program), *arguments]
        if os.getuid() == 0:
            command = ["runuser", "-u", self._user, "--", *command]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")


@contextmanager
def postgres_running():
    folder = Path(tempfile.mkdtemp(prefix="smartsynth-pg-"))
    server = Postgres(folder, free_port())
    try:
        if not server.installed:
            pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
        server.make()
        server.start()
        yield server
        server.stop("immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres():
    with postgres_running() as server:
        yield server


@pytest.fixture(scope="session")
def s3():
    """The address of a bucket that is new for each test."""
    from moto.server import ThreadedMotoServer

    port = free_port()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
    server.start()
    told = {
        "FSSPEC_S3_ENDPOINT_URL": f"http://127.0.0.1:{port}", "FSSPEC_S3_KEY": "test", "FSSPEC_S3_SECRET": "test",  # pragma: allowlist secret
        "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
    }  # fmt: skip
    before = {name: os.environ.get(name) for name in told}
    os.environ.update(told)
    from fsspec import config

    config.set_conf_env(config.conf)
    yield "s3://"
    for name, value in before.items():
        if value is None:
            os.environ.pop(name)
        else:
            os.environ[name] = value
    config.conf.pop("s3", None)
    server.stop()


@pytest.fixture
def bucket(s3):
    import s3fs

    name = f"test-{time.time_ns()}"
    s3fs.S3FileSystem().mkdir(name)
    return f"s3://{name}/smartsynth"
