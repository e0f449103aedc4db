"""The real yaml-language-server, spoken to over stdio as an editor does.

It is an npm package, pinned by the lock file beside this one (see `tests/plugins/npm.py`).
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any, Final

import pytest
from click.testing import CliRunner

import npm
from tertib.cli.init import command as init

HERE: Final = Path(__file__).resolve().parent
SERVER: Final = "yaml-language-server/bin/yaml-language-server"
PATIENCE: Final = 120
"""In seconds: how long an answer may take on a machine that is busy with other tests."""


class Editor:
    """A session with the language server: open a text, and ask what an editor asks."""

    def __init__(self, program: Path, folder: Path, settings: Mapping[str, Any]) -> None:
        self.folder = folder
        self._settings = settings
        self._numbers = iter(range(1, 1_000_000))
        self._answers: queue.Queue[dict[str, Any]] = queue.Queue()
        self._diagnostics: dict[str, queue.Queue[list[dict[str, Any]]]] = {}
        self._process = subprocess.Popen(
            ["node", str(program), "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=folder
        )
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        self._greet()

    def _greet(self) -> None:
        root = self.folder.as_uri()
        able = {"workspace": {"configuration": True, "workspaceFolders": True}, "textDocument": {}}
        folders = [{"uri": root, "name": self.folder.name}]
        wanted = {
            "processId": os.getpid(),
            "rootUri": root,
            "capabilities": able,
            "workspaceFolders": folders,
        }
        self.ask("initialize", wanted)
        self.tell("initialized", {})
        self.tell("workspace/didChangeConfiguration", {"settings": self._settings})

    def tell(self, method: str, params: Mapping[str, Any]) -> None:
        """Send a notification."""
        self._send({"jsonrpc": "2.0", "method": method, "params": params})

    def ask(self, method: str, params: Mapping[str, Any]) -> Any:
        """Send a request and return the result."""
        number = next(self._numbers)
        self._send({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        answer = self._answers.get(timeout=PATIENCE)
        assert answer["id"] == number, answer
        assert "error" not in answer, answer["error"]
        return answer["result"]

    def open(self, name: str, text: str) -> str:
        """Open a text under a name below the folder, and return its URI; the file need not be on disk.

        Each text gets a directory of its own, because the server remembers what it knew of a name.
        """
        parent, _, last = name.rpartition("/")
        uri = (self.folder / parent / (f"{next(self._numbers)}" if parent else "") / last).as_uri()
        self._diagnostics[uri] = queue.Queue()
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        self.tell("textDocument/didOpen", {"textDocument": document})
        return uri

    def problems(self, name: str, text: str) -> list[tuple[int, str]]:
        """Return what is underlined in a text: each line, from 1, and the message."""
        uri = self.open(name, text)
        found = self._diagnostics[uri].get(timeout=PATIENCE)
        self.tell("textDocument/didClose", {"textDocument": {"uri": uri}})
        return [(one["range"]["start"]["line"] + 1, one["message"]) for one in found]

    def hover(self, name: str, text: str) -> str:
        """Return what hovering over the place marked `‸` shows."""
        found = self._at("textDocument/hover", name, text)
        return "" if found is None else str(found["contents"]["value"])

    def completions(self, name: str, text: str) -> dict[str, str]:
        """Return what is offered at the place marked `‸`, each with its help."""
        found = self._at("textDocument/completion", name, text)
        return {one["label"]: _plain(one.get("documentation", "")) for one in found["items"]}

    def _at(self, method: str, name: str, marked: str) -> Any:
        before, _, after = marked.partition("‸")
        place = {"line": before.count("\n"), "character": len(before) - before.rfind("\n") - 1}
        uri = self.open(name, before + after)
        found = self.ask(method, {"textDocument": {"uri": uri}, "position": place})
        self.tell("textDocument/didClose", {"textDocument": {"uri": uri}})
        return found

    def close(self) -> None:
        """End the session and the server."""
        self.ask("shutdown", {})
        self.tell("exit", {})
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.wait(timeout=PATIENCE)
        self._listener.join(timeout=PATIENCE)
        self._process.stdin.close()
        self._process.stdout.close()

    # --- the wire ---------------------------------------------------------------------------------------

    def _send(self, message: Mapping[str, Any]) -> None:
        body = json.dumps(message).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._process.stdin.flush()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        while (message := _message(self._process.stdout)) is not None:
            if "method" not in message:
                self._answers.put(message)
            elif "id" in message:
                self._send({"jsonrpc": "2.0", "id": message["id"], "result": self._told(message)})
            elif message["method"] == "textDocument/publishDiagnostics":
                self._published(message["params"])

    def _told(self, message: Mapping[str, Any]) -> Any:
        """Return what the server asks of its editor: settings by section, or nothing."""
        if message["method"] != "workspace/configuration":
            return None
        return [self._settings.get(item["section"]) for item in message["params"]["items"]]

    def _published(self, params: Mapping[str, Any]) -> None:
        waiting = self._diagnostics.get(params["uri"])
        if waiting is not None:
            waiting.put(params["diagnostics"])


def _message(stream: IO[bytes]) -> dict[str, Any] | None:
    length = 0
    while (line := stream.readline().strip()) or not length:
        if not line:
            return None
        if line.lower().startswith(b"content-length:"):
            length = int(line.partition(b":")[2])
    found: dict[str, Any] = json.loads(stream.read(length))
    return found


def _plain(documentation: str | Mapping[str, str]) -> str:
    return documentation if isinstance(documentation, str) else documentation["value"]


@pytest.fixture(scope="session")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    """Return an editor on a project as `tertib init` lays it out, with the settings that it writes there."""
    server = npm.needed(HERE, SERVER)
    project = tmp_path_factory.mktemp("editor") / "shop"
    laid_out = CliRunner().invoke(init, [str(project)])
    assert laid_out.exit_code == 0, laid_out.output
    session = Editor(server, project, _settings(project))
    yield session
    session.close()


def _settings(project: Path) -> dict[str, Any]:
    """Return the settings that `tertib init` wrote, by section, with nothing fetched from anywhere."""
    written = json.loads((project / ".vscode" / "settings.json").read_text("utf-8"))
    yaml = {name.partition(".")[2]: value for name, value in written.items() if name.startswith("yaml.")}
    quiet = {"schemaStore": {"enable": False}, "kubernetesCRDStore": {"enable": False}}
    return {"yaml": {"validate": True, "hover": True, "completion": True, **quiet, **yaml}}
