"""How much time of a core it takes to read files of each format, as the folder of `support.mixed_folder` has them:
thirteen sentences a file. Handing files to the child process, embedding and writing to an index are not in it. Time of
a core, because it depends little on what else the machine does.

`PYTHONPATH=tests python tests/benchmarks/formats.py [FILES]` prints milliseconds a file, the median; behind them a page
that is recognised, where the extra `ocr` is installed.
"""

from __future__ import annotations

import sys
from io import BytesIO
from pathlib import Path
from statistics import median
from time import process_time

from support.mixed_folder import KINDS, sentences

from citeqa.index.formats import ocr
from citeqa.index.formats.registry import Format, format_of

FILES = 20
PAGES = 2  # that are recognised
WORDS = "The lighthouse is painted every seven years, and the keeper writes it into the log. "


def of_format(format_: Format, files: list[bytes]) -> float:
    """The median of the seconds of a core that files of a format take."""
    taken = []
    for data in files:
        before = process_time()
        format_.extract(data)
        taken.append(process_time() - before)
    return median(taken)


def scanned_page() -> bytes:
    """A picture of a page of thirty lines, at 200 dots an inch."""
    from PIL import Image, ImageDraw, ImageFont

    page = Image.new("L", (1654, 2339), 255)
    draw = ImageDraw.Draw(page)
    for line in range(30):
        draw.text((150, 150 + 65 * line), WORDS, fill=0, font=ImageFont.load_default(32))
    file = BytesIO()
    page.save(file, "PNG")
    return file.getvalue()


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else FILES
    taken: dict[str, float] = {}
    for ending, make in KINDS:
        found = format_of(Path(f"x{ending}"))
        if found is None:
            raise RuntimeError(f"there is no format for {ending}")
        files = [make(sentences(20 * number + 9)) for number in range(1, count + 1)]
        of_format(found, files[:1])  # the first file imports the format's module
        taken[found.name] = of_format(found, files)
    for name, seconds in sorted(taken.items(), key=lambda item: item[1]):
        print(f"| {name} | {1000 * seconds:.2f} |")
    if ocr.available() and (image := format_of(Path("x.png"))):
        page = scanned_page()
        of_format(image, [page])
        print(f"| a page that is recognised | {1000 * of_format(image, [page] * PAGES):.0f} |")


if __name__ == "__main__":
    main()
