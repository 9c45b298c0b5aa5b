"""Task metrics of several copies of a zoo model on some of its samples.

stdin: {"tools": folder of task_metric.py, "data": .npz, "name": of the model, "samples": indices, "models": paths}
stdout: a line for each model, {metric: value} or {"failed": why}
needs: onnxruntime, numpy, scipy
"""
import json
import sys

import numpy as np

asked = json.load(sys.stdin)
sys.path.insert(0, asked["tools"])
import task_metric  # noqa: E402

whole = np.load(asked["data"])
data = {name: whole[name][asked["samples"]] for name in whole.files}
for model in asked["models"]:
    try:
        out, names, session = task_metric.outputs(model, data)
        found = task_metric.METRICS[asked["name"]](data, out, names, session)
        print(json.dumps({name: float(value) for name, value in found.items()}), flush=True)
    except Exception as error:
        print(json.dumps({"failed": str(error).splitlines()[0]}), flush=True)
