"""What comes from the queue, the data folder and clients is data: nothing that reads them could run what they hold."""

import ast
from pathlib import Path

import pytest

from service.config import Settings
from service.queue import make_celery

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted(file for folder in ("service", "workers", "migrations") for file in (ROOT / folder).rglob("*.py"))
MODULES = {
    "pickle",
    "cPickle",
    "_pickle",
    "dill",
    "cloudpickle",
    "joblib",
    "marshal",
    "shelve",
    "yaml",
    "code",
    "codeop",
}
CALLS = {"eval", "exec", "compile", "__import__"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_module_reads_objects_or_runs_text(file: Path) -> None:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            assert not MODULES & {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level or (node.module or "").partition(".")[0] not in MODULES
        elif isinstance(node, ast.Call):
            assert not (isinstance(node.func, ast.Name) and node.func.id in CALLS)
            for keyword in node.keywords:
                value = keyword.value.value if isinstance(keyword.value, ast.Constant) else None
                assert (keyword.arg, value) not in (("allow_pickle", True), ("shell", True))


def test_messages_are_json_and_no_other_kind_is_opened() -> None:
    app = make_celery(Settings().queue_url or "redis://127.0.0.1:6379/0")
    assert app.conf.accept_content == ["json"] and app.conf.task_serializer == "json"
    assert app.conf.task_ignore_result and not app.conf.worker_enable_remote_control
