#!/usr/bin/python3
"""Makes the image fixtures and what Pillow makes of them (Debian 12: python3-pil 9.4.0, python3-numpy).

    /usr/bin/python3 tests/data-pipeline/golden/make.py

writes <name>.jpg / <name>.png and expected.json: for each image its upright RGB pixels, and for the photographs
their antialiased bilinear reductions and enlargements.
"""
import base64
import io
import json
import os
import struct
import zlib

import numpy
from PIL import Image, ImageOps, PngImagePlugin

here = os.path.dirname(os.path.abspath(__file__))
random = numpy.random.RandomState(20)
expected = {}


def photograph(width, height):
    """Smooth light, edges and grain, as a camera sees them."""
    y, x = numpy.mgrid[0:height, 0:width].astype(float)
    channels = []
    for channel in range(3):
        light = 120 + 70 * numpy.sin(x / (9 + 3 * channel)) * numpy.cos(y / (13 - channel))
        light += 60 * ((x - width * .4) ** 2 + (y - height * .6) ** 2 < (height * (.2 + .05 * channel)) ** 2)
        light -= 50 * (x + y > width * .9 + 7 * channel)
        channels.append(light + random.normal(0, 9, light.shape))
    return Image.fromarray(numpy.clip(numpy.stack(channels, -1), 0, 255).astype("uint8"))


def write(name, content):
    with open(os.path.join(here, name), "wb") as file:
        file.write(content)


def expect(name, rgb, tolerance, sizes=()):
    rgb = Image.fromarray(rgb) if isinstance(rgb, numpy.ndarray) else rgb
    assert rgb.mode == "RGB"
    encode = lambda image: base64.b64encode(image.tobytes()).decode()
    expected[name] = {
        "width": rgb.width, "height": rgb.height, "tolerance": tolerance, "rgb": encode(rgb),
        "resized": {str(size): encode(rgb.resize((size, size), Image.BILINEAR)) for size in sizes},
    }


def saved(name, image, tolerance=0, sizes=(), **options):
    buffer = io.BytesIO()
    image.save(buffer, "JPEG" if name.endswith("jpg") else "PNG", **options)
    write(name, buffer.getvalue())
    expect(name, ImageOps.exif_transpose(Image.open(buffer)).convert("RGB"), tolerance, sizes)
    return buffer.getvalue()


def png(name, width, height, depth, color, rows, interlaced=False):
    """A PNG that Pillow does not write."""
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    write(name, b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, interlaced))
          + chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows))) + chunk(b"IEND", b""))


small = photograph(20, 14)

# JPEG: a decoder of another version may round an inverse transform differently, by one level.
saved("rgb.jpg", small, 1, quality=90, subsampling=0)
saved("gray.jpg", small.convert("L"), 1, quality=90)
saved("progressive.jpg", small, 1, quality=90, progressive=True)
saved("subsampled.jpg", small, 1, quality=90, subsampling=2)
cmyk = saved("cmyk.jpg", small.convert("CMYK"), 1, quality=90)
# The transform flag of the Adobe marker says what the four channels are: 0 CMYK, 2 YCCK.
flag = cmyk.index(b"Adobe") + 11
assert cmyk[flag] == 0
ycck = cmyk[:flag] + b"\x02" + cmyk[flag + 1:]
write("ycck.jpg", ycck)
expect("ycck.jpg", Image.open(io.BytesIO(ycck)).convert("RGB"), 1)
for orientation in range(1, 9):
    exif = Image.Exif()
    exif[0x0112] = orientation
    saved(f"orientation-{orientation}.jpg", small, 1, quality=90, exif=exif)
big_endian = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
saved("orientation-big-endian.jpg", small, 1, quality=90, exif=big_endian)

# PNG
saved("rgb.png", small)
saved("gray.png", small.convert("L"))
saved("gray-alpha.png", Image.merge("LA", [small.convert("L"), small.getchannel(1)]))
alpha = small.getchannel(2).point(lambda value: 0 if value < 110 else value)
saved("alpha.png", Image.merge("RGBA", [*small.split(), alpha]))
saved("palette.png", small.quantize(13))
saved("palette-transparent.png", small.quantize(13), transparency=3)
saved("bilevel.png", small.convert("1"))
saved("gray-transparent.png", small.convert("L"), transparency=120)
gamma = PngImagePlugin.PngInfo()
gamma.add(b"gAMA", struct.pack(">I", 100000))
saved("gamma.png", small, pnginfo=gamma)
deep = random.randint(0, 65536, (6, 7, 3)).astype(">u2")
png("rgb-16.png", 7, 6, 16, 2, [row.tobytes() for row in deep])
expect("rgb-16.png", (deep >> 8).astype("uint8"), 1)
png("gray-16.png", 7, 6, 16, 0, [row[:, 0].tobytes() for row in deep])
expect("gray-16.png", numpy.repeat((deep[:, :, :1] >> 8).astype("uint8"), 3, 2), 1)
four = random.randint(0, 256, (6, 4)).astype("uint8")
png("gray-4.png", 8, 6, 4, 0, [row.tobytes() for row in four])
levels = numpy.stack([four >> 4, four & 15], -1).reshape(6, 8, 1) * 17
expect("gray-4.png", numpy.repeat(levels.astype("uint8"), 3, 2), 0)

# Adam7: first column, first row and steps of the seven passes.
pixels = numpy.asarray(small)
passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
png("interlaced.png", 20, 14, 8, 2, [row.tobytes() for x, y, dx, dy in passes for row in pixels[y::dy, x::dx]], True)
expect("interlaced.png", small, 0)
assert Image.open(os.path.join(here, "interlaced.png")).tobytes() == small.tobytes()

# Photographs for the resize: PNG, so that only the resize is compared.
saved("photograph-wide.png", photograph(97, 61), sizes=(16, 32, 61, 97, 120))
saved("photograph-tall.png", photograph(33, 150), sizes=(32, 64))
saved("pixel.png", small.crop((0, 0, 1, 1)), sizes=(1, 5))

with open(os.path.join(here, "expected.json"), "w") as file:
    json.dump(expected, file, indent=1, sort_keys=True)
    file.write("\n")
