#!/usr/bin/env python3
# An operator of Burnish on Pillow: it blurs photos, but none with transparency.
#
#   operators:
#     soften:
#       command: [./soften.py]
#       parameters:
#         radius: {type: number, min: 0, max: 50, default: 2}
import json
import sys

from PIL import Image, ImageFilter

MODES = {1: "L", 3: "RGB", 4: "CMYK"}


def read():
    """A frame: its header and its body, or nothing at the end."""
    line = sys.stdin.buffer.readline()
    if not line:
        return None, b""
    header, body = map(int, line.split())
    return json.loads(sys.stdin.buffer.read(header)), sys.stdin.buffer.read(body)


def say(header, body=b""):
    text = json.dumps(header).encode() + b"\n"
    sys.stdout.buffer.write(b"%d %d\n" % (len(text), len(body)) + text + body)
    sys.stdout.buffer.flush()


while True:
    message, pixels = read()
    if message is None:
        break
    if message["type"] == "hello":
        say({"type": "ready", "protocol": 1, "name": "soften", "version": "1", "bands": [1, 3, 4],
             "parameters": [{"name": "radius", "type": "number"}]})
    elif message["type"] == "photo":
        try:
            size = message["width"], message["height"]
            photo = Image.frombytes(MODES[message["bands"]], size, pixels)
            photo = photo.filter(ImageFilter.GaussianBlur(message["parameters"]["radius"]))
            say({"type": "result", "id": message["id"]}, photo.tobytes())
        except MemoryError:
            say({"type": "error", "id": message["id"], "fault": "photo", "message": "the photo does not fit into memory",
                 "hint": "raise operators.soften.memory"})
