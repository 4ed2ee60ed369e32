"""Requests that schemathesis generates from the OpenAPI document of a running service."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

# Nothing that the OpenAPI document does not describe, and no 5xx but 503 and 507, which in turn a route must describe:
# it may be busy, a `min_change` may not be there yet, a disk may be full. Whether what is refused fits the schema is
# not among the checks: ids that are not there and reversed days fit it, and types are stricter than JSON Schema can say
# (43.0 for 43).
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
    "response_schema_conformance,unsupported_method"
)
CONFIGURATION = """
[checks.not_a_server_error]
expected-statuses = ["2xx", "3xx", "4xx", 503, 507]
"""


def tried(url: str, examples: int, *options: str) -> subprocess.CompletedProcess[str]:
    """Send about so many generated requests to each operation; status 1 if one was answered as it may not be."""
    program = str(Path(sys.executable).with_name("schemathesis"))
    with tempfile.TemporaryDirectory(prefix="citeqa-generated-") as folder:  # where it keeps what it found
        configuration = Path(folder, "schemathesis.toml")
        configuration.write_text(CONFIGURATION)
        command = [program, "--config-file", str(configuration), "run", f"{url}/openapi.json", "--checks", CHECKS]
        command += ["--continue-on-failure", "--no-color", "--request-timeout", "120", "--max-examples", str(examples)]
        return subprocess.run([*command, *options], capture_output=True, text=True, check=False, cwd=folder)
