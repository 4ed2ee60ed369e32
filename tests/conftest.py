"""Shared parts, all real: the model, the indexes, a server process. The model hub is off limits."""

from __future__ import annotations

import os

os.environ["HF_HUB_OFFLINE"] = "1"  # before anything imports a hub client

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import HealthCheck, settings
from support.paths import SEEDS
from support.postgres import Server, needed

from citeqa.api.service import Service
from citeqa.index.embedding.embedder import Embedder
from citeqa.index.embedding.loading import load_embedder
from citeqa.index.embedding.sentence_transformer import SentenceTransformerEmbedder
from citeqa.index.embedding.weights import DEFAULT_MODEL
from citeqa.index.storage.postgresql.connecting import close_pools
from citeqa.index.storage.snapshot import Index
from citeqa.index.storage.writer import update
from citeqa.rag.look import SECOND
from citeqa.rag.reader.loading import opened as readers
from citeqa.rag.reader.onnx_reader import SHIPPED, OnnxReader

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as a shell leaves it to what runs in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)  # programs that tests start are stopped by it

# What makes a test one of parts together: a model, an index, a service or a server among its fixtures, or its folder.
TOGETHER = {"reference", "embedder", "reader", "seeds_index", "seeds", "service", "address", "postgres"}
FOLDERS = [Path(__file__).parent / name for name in ("index/storage", "rag/evaluation", "rag/training")]

settings.register_profile("citeqa", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
settings.load_profile("citeqa")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of parts together."""
    for item in items:
        fixtures = item.fixturenames if isinstance(item, pytest.Function) else []
        if not TOGETHER.isdisjoint(fixtures) or any(item.path.is_relative_to(folder) for folder in FOLDERS):
            item.add_marker("integration")


@pytest.fixture(scope="session")
def reference() -> SentenceTransformerEmbedder:
    """The default model as sentence-transformers runs it: what every other form is compared with."""
    return SentenceTransformerEmbedder()


@pytest.fixture(scope="session", autouse=True)
def models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of exported models that all tests, and the programs they start, share; CITEQA_TEST_MODELS names one
    that is kept, so that nothing is exported again at the next run."""
    own = tmp_path_factory.getbasetemp()
    common = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    folder = Path(os.environ.get("CITEQA_TEST_MODELS", common / "models"))
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["CITEQA_MODELS"] = str(folder)
    yield folder
    del os.environ["CITEQA_MODELS"]


@pytest.fixture(scope="session")
def embedder(models: Path) -> Embedder:
    """The default model as it serves: exported once for all tests, whichever process comes first."""
    with FileLock(f"{models}.lock"):
        return load_embedder(DEFAULT_MODEL, models)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """A PostgreSQL server of this test run."""
    needed()
    server = Server()
    yield server
    server.close()


@pytest.fixture
def postgres(postgres_server: Server) -> Iterator[Server]:
    """The PostgreSQL server of this test run; what a test leaves connected is closed, as every test has a schema, and
    so connections, of its own."""
    yield postgres_server
    close_pools()


@pytest.fixture(scope="session", autouse=True)
def kept(models: Path) -> list[object]:
    """The shipped models, in use during all tests: whatever a test opens in this process shares them."""
    return [load_embedder(DEFAULT_MODEL, models), readers.open(SHIPPED), readers.open(SECOND)]


@pytest.fixture(scope="session")
def reader() -> OnnxReader:
    """The reader that is shipped."""
    return readers.open(SHIPPED)


@pytest.fixture(scope="session")
def seeds_index(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Path:
    """The folder of an index of the seed articles; not to be written to."""
    folder = tmp_path_factory.mktemp("seeds") / "index"
    update(folder, [SEEDS], embedder)
    return folder


@pytest.fixture(scope="session")
def seeds(seeds_index: Path) -> Iterator[Index]:
    """The seed articles' index, open."""
    index = Index(seeds_index)
    yield index
    index.close()


@pytest.fixture(scope="session")
def service(seeds_index: Path, models: Path) -> Iterator[Service]:
    """Everything that answers questions about the seed articles."""
    opened = Service.open(seeds_index, models)
    yield opened
    opened.close()
