"""Networks of other authors, from their published definitions and at small widths.

The operator `network` runs any image-to-image ONNX model. These show that it does:
each is exported as such models are, and its answer in Burnish is compared with
PyTorch's. `python -m model.others.export` writes the files. Their weights are random,
or trained for seconds: they restore nothing.
"""
