"""Draws the tables of benches/README.md that docs/turn-taking.md shows as pictures. Needs nothing but Python.

    python benches/plots.py
"""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COLOURS = {"silence": "#7a8699", "adaptive": "#1f7a4d", "Smart Turn": "#b5651d", "adaptive with Smart Turn": "#2b5fb8"}
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 400, 64, 24, 28, 56


def table(heading, first_column):
    """The rows of the table below `heading` that begins with `first_column`, as lists of cells."""
    text = (ROOT / "benches" / "README.md").read_text(encoding="utf-8")
    section = text.split(heading, 1)[1].split("\n## ", 1)[0]
    body = section.split(f"| {first_column} |", 1)[1].split("\n\n", 1)[0]
    lines = [line for line in body.splitlines()[2:] if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def number(cell, which=-1):
    """A figure of a cell; of `before → after` the last, unless told otherwise."""
    return float(re.findall(r"[\d.]+", cell.replace(",", ""))[which])


class Plot:
    """Axes, points and lines in one picture. `x` and `y` are the largest values shown."""

    def __init__(self, x, y, x_label, y_label):
        self.x, self.y = x, y
        self.parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        ]
        self.text(LEFT + (WIDTH - LEFT - RIGHT) / 2, HEIGHT - 12, x_label, "middle")
        self.text(LEFT - 48, TOP - 12, y_label)

    def place(self, x, y):
        across = LEFT + (WIDTH - LEFT - RIGHT) * x / self.x
        return across, HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * y / self.y

    def text(self, x, y, words, anchor="start", colour="#222222"):
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{words}</text>')

    def line(self, points, colour, width=2.0, dashes=""):
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (self.place(*point) for point in points))
        style = f' stroke-dasharray="{dashes}"' if dashes else ""
        self.parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}"{style}/>')

    def point(self, x, y, colour, label=""):
        across, down = self.place(x, y)
        self.parts.append(f'<circle cx="{across:.1f}" cy="{down:.1f}" r="4" fill="{colour}"/>')
        self.text(across + 7, down - 6, label, colour=colour)

    def ticks(self, across, down, unit=""):
        for value, label in across:
            x, y = self.place(value, 0)
            self.text(x, y + 18, label, "middle")
        for value in down:
            self.line([(0, value), (self.x, value)], "#e4e7ec", 1)
            x, y = self.place(0, value)
            self.text(x - 8, y + 4, f"{value:g}{unit}", "end")

    def legend(self, entries):
        for row, (name, colour) in enumerate(entries):
            y = TOP + 8 + 18 * row
            self.parts.append(f'<rect x="{WIDTH - 210}" y="{y - 9}" width="12" height="10" fill="{colour}"/>')
            self.text(WIDTH - 192, y, name)

    def save(self, name):
        path = ROOT / "docs" / name
        path.write_text("\n".join([*self.parts, "</svg>", ""]), encoding="utf-8")
        print(path.relative_to(ROOT))


def endpointing():
    """How often a policy cuts somebody off against how long its answers wait."""
    plot = Plot(1200, 100, "silence before the answer begins, median, ms", "pauses cut off, %")
    plot.ticks([(ms, str(ms)) for ms in range(0, 1201, 200)], range(0, 101, 20))
    curves = {}
    for name, cut_off, _, p50, _ in table("## `turn_taking`", "policy"):
        kind, setting = name.split(", ", 1)
        curves.setdefault(kind, []).append((number(p50), number(cut_off), setting.split(" ")[0]))
    for kind, points in curves.items():
        shown = [point for point in points if point[0] <= 1200]
        plot.line([point[:2] for point in shown], COLOURS[kind])
        for x, y, label in shown:
            plot.point(x, y, COLOURS[kind], label)
    plot.legend([(kind, COLOURS[kind]) for kind in curves])
    plot.save("turn-taking-endpointing.svg")


def noise():
    """How much of the time speech detection is wrong, the fixed threshold dashed."""
    levels = [20, 10, 5, 0]
    kinds = {"white": "#7a8699", "pink": "#b5651d", "music": "#1f7a4d", "babble": "#2b5fb8"}
    plot = Plot(3.3, 55, "speech above the noise, dB", "wrong, % of the time")
    plot.ticks([(index, str(level)) for index, level in enumerate(levels)], range(0, 51, 10))
    rows = {row[0]: row[-1] for row in table("## `noise`", "noise below speech")}
    for kind, colour in kinds.items():
        cells = [rows[f"{kind}, {level} dB"] for level in levels]
        plot.line([(index, number(cell, 0)) for index, cell in enumerate(cells)], colour, 1.5, "5 4")
        plot.line([(index, number(cell)) for index, cell in enumerate(cells)], colour)
        for index, cell in enumerate(cells):
            plot.point(index, number(cell), colour)
    plot.legend(kinds.items())
    plot.save("turn-taking-noise.svg")


if __name__ == "__main__":
    endpointing()
    noise()
