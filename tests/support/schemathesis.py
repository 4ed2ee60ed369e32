"""Requests that schemathesis generates from the OpenAPI document of a running service."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

# No 5xx, and nothing that the OpenAPI document does not describe. Whether what is refused fits the schema is not among
# them: ids that are not there and reversed days fit it, and types are stricter than JSON Schema can say (43.0 for 43).
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
    "response_schema_conformance,unsupported_method"
)


def tried(url: str, examples: int, *options: str) -> subprocess.CompletedProcess[str]:
    """Send about so many generated requests to each operation; status 1 if one was answered as it may not be."""
    program = str(Path(sys.executable).with_name("schemathesis"))
    command = [program, "run", f"{url}/openapi.json", "--checks", CHECKS, "--continue-on-failure", "--no-color"]
    command += ["--request-timeout", "120", "--max-examples", str(examples)]
    with tempfile.TemporaryDirectory(prefix="citeqa-generated-") as folder:  # where it keeps what it found
        return subprocess.run([*command, *options], capture_output=True, text=True, check=False, cwd=folder)
