"""Drawn pages of type, lines and flat shapes: training on photographs alone blurs screenshots and drawings."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

_SYLLABLES = "ka lo mi ren tos ver an dul be sig ro pa nt el um qui fa go hys wex Zo Ab Ti Pr 12 7 408 % & @".split()


def pages(count, side=512, seed=0):
    """`count` pages of side x side x 3 uint8 RGB; the same for the same seed and Pillow."""
    return [_page(np.random.default_rng((seed, number)), side) for number in range(count)]


def _page(rng, side):
    image = Image.new("RGB", (side, side), _colour(rng, light=rng.random() < 0.7))
    draw = ImageDraw.Draw(image)
    for _ in range(int(rng.integers(2, 8))):
        _panel(draw, rng, side)
    parts = (_text, _text, _text, _lines, _curve, _gradient, _chart)
    for _ in range(int(rng.integers(12, 30))):
        parts[int(rng.integers(len(parts)))](draw, rng, side)
    return np.asarray(image)


def _colour(rng, light=None):
    """Gray half of the time; light or dark where asked."""
    low, high = (170, 256) if light else (0, 90) if light is False else (0, 256)
    if rng.random() < 0.5:
        return (int(rng.integers(low, high)),) * 3
    return tuple(int(v) for v in rng.integers(low, high, 3))


def _points(rng, side, count=2):
    return [tuple(int(v) for v in rng.integers(0, side, 2)) for _ in range(count)]


def _box(rng, side, least=8, most=0.5):
    left, top = (int(v) for v in rng.integers(0, side - least, 2))
    wide, high = (int(v) for v in rng.integers(least, max(int(side * most), least + 1), 2))
    return [left, top, left + wide, top + high]


def _panel(draw, rng, side):
    box, fill = _box(rng, side, 40, 0.8), _colour(rng)
    outline = _colour(rng) if rng.random() < 0.5 else None
    if rng.random() < 0.5:
        draw.rounded_rectangle(box, int(rng.integers(0, 20)), fill, outline)
    else:
        draw.rectangle(box, fill, outline)


def _font(size):
    try:
        return ImageFont.load_default(size)  # Pillow 10 and newer have an outline font
    except TypeError:
        return ImageFont.load_default()


def _text(draw, rng, side):
    size = int(rng.choice((9, 10, 11, 12, 13, 14, 16, 18, 22, 28, 40)))
    font, fill = _font(size), _colour(rng, light=rng.random() < 0.35)
    left, top = (int(v) for v in rng.integers(0, side - 20, 2))
    for line in range(int(rng.integers(1, 9))):
        words = ["".join(rng.choice(_SYLLABLES, int(rng.integers(1, 4)))) for _ in range(int(rng.integers(1, 9)))]
        draw.text((left, top + line * int(size * 1.25)), " ".join(words), fill, font)


def _lines(draw, rng, side):
    fill, width = _colour(rng), int(rng.integers(1, 4))
    if rng.random() < 0.5:
        draw.line(_points(rng, side, int(rng.integers(2, 6))), fill, width)
        return
    left, top, right, bottom = _box(rng, side, 40)
    step = int(rng.integers(6, 30))
    for x in range(left, right + 1, step):
        draw.line([(x, top), (x, bottom)], fill, width)
    for y in range(top, bottom + 1, step):
        draw.line([(left, y), (right, y)], fill, width)


def _curve(draw, rng, side):
    box = _box(rng, side, 12)
    if rng.random() < 0.5:
        draw.ellipse(box, _colour(rng), _colour(rng), int(rng.integers(1, 4)))
    else:
        draw.arc(box, int(rng.integers(360)), int(rng.integers(360)), _colour(rng), int(rng.integers(1, 5)))


def _gradient(draw, rng, side):
    left, top, right, bottom = _box(rng, side, 20)
    first, last = (np.array(_colour(rng), dtype=float) for _ in range(2))
    for x in range(left, right + 1):
        share = (x - left) / max(right - left, 1)
        draw.line([(x, top), (x, bottom)], tuple(int(v) for v in first + share * (last - first)))


def _chart(draw, rng, side):
    left, top, right, bottom = _box(rng, side, 40)
    step, fill = int(rng.integers(5, 25)), _colour(rng)
    for x in range(left, right, step):
        draw.rectangle([x, int(rng.integers(top, bottom)), x + max(step - 3, 1), bottom], fill)
