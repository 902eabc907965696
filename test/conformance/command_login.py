"""The real clients speak with a login that the command saved, and the command with one that was saved by hand."""

import json
import os
import subprocess
import tempfile
from pathlib import Path

from support import API_KEY, HOST, Run, about_now, same

try:
    from o41_metrics_api import Metrics

    client = "o41-metrics-api 0.2.2"
    folders = ["syvain-metrics", "o41-metrics"]

    def kind_of_key() -> str:
        return Metrics().auth_status().kind

except ImportError:
    from importlib.metadata import version

    from syvain_metrics_api_client import SyvainMetricsApiClient

    client = f"syvain-metrics-api-client {version('syvain-metrics-api-client')}"
    folders = ["syvain-metrics"]

    def kind_of_key() -> str:
        local = SyvainMetricsApiClient.from_local()
        same((local.host, local.org_id), (HOST, "organization"), "what the client took from the file")
        about_now(local.login_at, "loginAt")
        return local.auth_status().auth.kind


run = Run("the command")
command = json.loads(os.environ["SYVAIN_COMMAND"])
# The environment would come first.
for name in ("SYVAIN_METRICS_API_KEY", "SYVAIN_METRICS_HOST"):
    del os.environ[name]


def ran(*args: str, stdin: str = "") -> str:
    with run.calling(args[0]):
        done = subprocess.run([*command, *args], input=stdin, capture_output=True, text=True)
    same((done.returncode, done.stderr), (0, ""), "the end of the command")
    return done.stdout


with tempfile.TemporaryDirectory() as home:
    os.environ["XDG_CONFIG_HOME"] = home
    with run.check("login", f"saves what {client} speaks with"):
        ran("login", "--host", HOST, stdin=API_KEY)
        same(kind_of_key(), "api_key", "the kind of the key")
        mode = Path(home, "syvain-metrics", "auth.json").stat().st_mode & 0o777
        same(oct(mode), "0o600", "the mode of the file")

for folder in folders:
    with tempfile.TemporaryDirectory() as home:
        os.environ["XDG_CONFIG_HOME"] = home
        Path(home, folder).mkdir()
        file = Path(home, folder, "auth.json")
        file.write_text(json.dumps({"apiKey": API_KEY, "host": HOST, "orgId": "organization", "loginAt": 1}))
        file.chmod(0o600)
        with run.check("status", f"speaks with a login saved by hand in {folder}"):
            status = json.loads(ran("status", "--json"))
            same((status["host"], status["source"]), (HOST, "saved login"), "where it asks")

run.finish()
