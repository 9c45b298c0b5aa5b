"""
Writes schemas.json beside this file: every operator of ai.onnx and ai.onnx.ml with the versions of its operator set at
which it changed, as the installed onnx package lists them. Run it when a new onnx comes out, and give each operator that
is new a row in src/ops:

    pip install onnx && python test/ops/schemas.py
"""

import json
import pathlib

import onnx
import onnx.defs

DOMAINS = {"": "ai.onnx", "ai.onnx.ml": "ai.onnx.ml"}

versions = {domain: {} for domain in DOMAINS.values()}
deprecated = {domain: {} for domain in DOMAINS.values()}
for schema in onnx.defs.get_all_schemas_with_history():
    domain = DOMAINS.get(schema.domain)
    if domain is None:
        continue
    versions[domain].setdefault(schema.name, []).append(schema.since_version)
    if schema.deprecated:
        deprecated[domain].setdefault(schema.name, []).append(schema.since_version)


def listed(operators):
    lines = [f"      {json.dumps(name)}: {sorted(found)}" for name, found in sorted(operators.items())]
    return "{\n" + ",\n".join(lines) + "\n    }" if lines else "{}"


def section(name, domains):
    lines = [f"    {json.dumps(domain)}: {listed(operators)}" for domain, operators in domains.items()]
    return f"  {json.dumps(name)}: {{\n" + ",\n".join(lines) + "\n  }"


parts = [f'  "onnx": {json.dumps(onnx.__version__)}', section("versions", versions), section("deprecated", deprecated)]
target = pathlib.Path(__file__).with_name("schemas.json")
target.write_text("{\n" + ",\n".join(parts) + "\n}\n")
