"""The Python peers as whole processes, for `npm run bench -- --python PYTHON`: what they used goes to $ESPALIER_USAGE.

    python peers.py onnxsim MODEL.onnx OUT.onnx         simplify, then structured pruning by half, as its defaults are
    python peers.py torch-pruning NAME OUT.onnx         a model of torchvision, L2 norms, half of each layer, ONNX export

Exits with 3 where the package is not there.
"""

import json
import os
import resource
import sys


def onnxsim(model: str, out: str) -> None:
    import onnx
    import onnxsim

    simplified, _ = onnxsim.simplify(onnx.load(model))
    onnx.save(onnxsim.apply_structured_pruning_cpp(simplified, 0.5), out)


def torch_pruning(name: str, out: str) -> None:
    import torch
    import torch_pruning
    import torchvision

    model = torchvision.models.get_model(name).eval()
    inputs = torch.zeros(1, 3, 224, 224)
    classifier = [m for m in model.modules() if isinstance(m, torch.nn.Linear) and m.out_features == 1000]
    torch_pruning.pruner.BasePruner(
        model,
        inputs,
        importance=torch_pruning.importance.MagnitudeImportance(),
        pruning_ratio=0.5,
        ignored_layers=classifier,
    ).step()
    torch.onnx.export(model, (inputs,), out)


if __name__ == "__main__":
    peer, model, out = sys.argv[1:]
    try:
        {"onnxsim": onnxsim, "torch-pruning": torch_pruning}[peer](model, out)
    except ModuleNotFoundError as error:
        print(error, file=sys.stderr)
        sys.exit(3)
    # Of ru_maxrss: bytes on macOS, KiB elsewhere.
    UNIT = 1 if sys.platform == "darwin" else 1024
    used = resource.getrusage(resource.RUSAGE_SELF)
    with open(os.environ["ESPALIER_USAGE"], "w") as file:
        json.dump({"cpu": used.ru_utime + used.ru_stime, "rss": used.ru_maxrss * UNIT}, file)
