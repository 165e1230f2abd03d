"""Scripts that run inside an image and print JSON: what can be imported there, what is installed, what lies about."""

IMPORTS = """
import ast, importlib, importlib.util, json, sys
from importlib.metadata import distributions
from pathlib import Path

failed = {}
wanted = set()
for path in sorted(Path("/app/apps").rglob("*.py")):
    name = ".".join(path.relative_to("/app").with_suffix("").parts).removesuffix(".__init__")
    try:
        importlib.import_module(name)
    except Exception as error:
        failed[name] = repr(error)
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            wanted |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            wanted.add(node.module.split(".")[0])
missing = sorted(name for name in wanted if name not in sys.modules and importlib.util.find_spec(name) is None)
installed = {each.metadata["Name"].lower().replace("_", "-"): each.version for each in distributions()}
print(json.dumps({"failed": failed, "missing": missing, "installed": installed}))
"""

FILES = """
import json, os, re, shutil
suspect = re.compile(r"/(tests?|[.]git|[.]env|node_modules)(/|$)|/(test_[^/]*|conftest)[.]py$|[.](pem|key|pfx|lock)$")
found, writable = [], []
for folder, folders, files in os.walk("/app"):
    for name in [*folders, *files]:
        path = os.path.join(folder, name)
        if suspect.search(path.removeprefix("/app/packages")):
            found.append(path)
        if os.access(path, os.W_OK, effective_ids=True) or os.stat(path).st_uid == os.getuid():
            writable.append(path)
installers = [name for name in ("pip", "pip3", "easy_install", "wheel") if shutil.which(name)]
import importlib.util
installers += [name for name in ("pip", "setuptools", "wheel", "ensurepip") if importlib.util.find_spec(name)]
print(json.dumps({"suspect": found, "owned": writable, "installers": installers, "environment": sorted(os.environ)}))
"""

WRITES = """
import json, os, pathlib
told = {"uid": os.getuid(), "gid": os.getgid(), "wrote": [], "refused": []}
for folder in ("/", "/app", "/app/apps", "/app/packages", "/etc", "/usr/local", "/tmp", *FOLDERS):
    try:
        pathlib.Path(folder, "written").write_text("x")
        told["wrote"].append(folder)
    except OSError:
        told["refused"].append(folder)
print(json.dumps(told))
"""
