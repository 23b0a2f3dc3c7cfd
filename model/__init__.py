"""PromptCIR: network, data, training, evaluation and export.

One file a job. Nothing here knows about the daemon that runs the exported
model; all it shares with it is the ONNX file and its metadata (export.py).
"""
