"""Draws the digits 0..9 as 16x16 greyscale images, white ink on black, from stroke skeletons.

Nothing is read from outside: each digit is one or more polylines in a unit box (x to the right, y down),
put on the page by a random affine map and a slight bend, and rasterised with a pen of random width.
"""
import numpy as np

SIZE = 16


def arc(cx, cy, rx, ry, start, stop, steps=14):
    """Points on an ellipse, from `start` to `stop` degrees; 0 is right, 90 is down."""
    angles = np.radians(np.linspace(start, stop, steps))
    return [(cx + rx * np.cos(a), cy + ry * np.sin(a)) for a in angles]


# digit -> ways of writing it -> strokes -> points
SKELETONS = [
    [[arc(0.50, 0.50, 0.42, 0.50, 0, 360, 20)], [arc(0.50, 0.50, 0.33, 0.50, 0, 360, 20)]],
    [
        [[(0.50, 0.0), (0.50, 1.0)]],
        [[(0.22, 0.26), (0.55, 0.0), (0.55, 1.0)]],
        [[(0.22, 0.26), (0.52, 0.0), (0.52, 1.0)], [(0.18, 1.0), (0.86, 1.0)]],
    ],
    [[arc(0.50, 0.28, 0.42, 0.28, 190, 390) + [(0.06, 1.0), (0.96, 1.0)]]],
    [
        [arc(0.45, 0.26, 0.40, 0.26, 205, 450) + arc(0.45, 0.75, 0.47, 0.25, 270, 520)],
        [[(0.08, 0.0), (0.88, 0.0)] + arc(0.42, 0.71, 0.48, 0.29, 270, 515)],
    ],
    [
        [[(0.72, 1.0), (0.72, 0.0), (0.03, 0.68), (1.0, 0.68)]],
        [[(0.18, 0.0), (0.10, 0.56), (0.96, 0.56)], [(0.76, 0.05), (0.72, 1.0)]],
    ],
    [[[(0.90, 0.0), (0.20, 0.0)] + arc(0.45, 0.68, 0.48, 0.32, 230, 510)]],
    [[arc(0.88, 0.68, 0.83, 0.68, 268, 180, 8) + arc(0.50, 0.70, 0.45, 0.30, 180, -180, 18)]],
    [
        [[(0.03, 0.0), (0.95, 0.0), (0.40, 1.0)]],
        [[(0.03, 0.0), (0.95, 0.0), (0.40, 1.0)], [(0.28, 0.52), (0.88, 0.52)]],
    ],
    [[arc(0.50, 0.25, 0.36, 0.25, 90, 450, 18) + arc(0.50, 0.75, 0.45, 0.25, 270, -90, 18)]],
    [
        [arc(0.12, 0.32, 0.83, 0.68, 88, 0, 8) + arc(0.50, 0.30, 0.45, 0.30, 0, -360, 18)],
        [arc(0.48, 0.29, 0.42, 0.29, 0, -360, 18) + [(0.90, 0.29), (0.80, 1.0)]],
    ],
]


def segments(strokes):
    """The straight pieces of a way of writing: start points and end points, each [pieces, 2]."""
    starts = [p for stroke in strokes for p in stroke[:-1]]
    ends = [p for stroke in strokes for p in stroke[1:]]
    return np.array(starts), np.array(ends)


def place(points, hand):
    """Puts unit-box points [pieces, 2] on the page for each row of `hand`; gives pixels [n, pieces, 2]."""
    x, y = points[:, 0] - 0.5, points[:, 1] - 0.5
    bent_x = x + hand['bend_x'][:, None] * (y * y - 0.08)
    bent_y = y + hand['bend_y'][:, None] * (x * x - 0.08)
    wide = hand['width'][:, None] * bent_x + hand['slant'][:, None] * bent_y
    tall = hand['height'][:, None] * bent_y
    cos, sin = np.cos(hand['turn'])[:, None], np.sin(hand['turn'])[:, None]
    centre = (SIZE - 1) / 2
    column = cos * wide - sin * tall + centre + hand['right'][:, None]
    row = sin * wide + cos * tall + centre + hand['down'][:, None]
    return np.stack([column, row], axis=-1)


def ink(starts, ends, radius):
    """How much of each pixel the pen covers, 0..1, [n, SIZE, SIZE]; antialiased over one pixel's width."""
    rows, columns = np.mgrid[0:SIZE, 0:SIZE]
    pixels = np.stack([columns.ravel(), rows.ravel()], axis=-1)[None, :, None, :]
    along = (ends - starts)[:, None]
    offset = pixels - starts[:, None]
    length2 = np.maximum((along * along).sum(-1), 1e-12)
    foot = np.clip((offset * along).sum(-1) / length2, 0.0, 1.0)
    gap = offset - foot[..., None] * along
    distance = np.sqrt((gap * gap).sum(-1).min(-1))
    return np.clip(radius[:, None] + 0.5 - distance, 0.0, 1.0).reshape(-1, SIZE, SIZE)


def draw(labels, seed):
    """Draws one digit per label; the same labels and seed give the same pixels, uint8 [n, SIZE, SIZE]."""
    labels = np.asarray(labels)
    rng = np.random.default_rng(seed)
    n = len(labels)
    hand = {
        'width': rng.uniform(6.5, 9.5, n),
        'height': rng.uniform(9.5, 12.0, n),
        'slant': rng.normal(0.0, 1.2, n),
        'turn': rng.normal(0.0, 0.09, n),
        'bend_x': rng.normal(0.0, 0.25, n),
        'bend_y': rng.normal(0.0, 0.25, n),
        'right': rng.uniform(-1.0, 1.0, n),
        'down': rng.uniform(-1.0, 1.0, n),
    }
    radius = rng.uniform(0.55, 1.15, n)
    strength = rng.uniform(190.0, 255.0, n)
    way = rng.random(n)
    covered = np.zeros((n, SIZE, SIZE))
    for digit, ways in enumerate(SKELETONS):
        for index, strokes in enumerate(ways):
            chosen = np.flatnonzero((labels == digit) & ((way * len(ways)).astype(int) == index))
            for part in np.array_split(chosen, len(chosen) // 250 + 1):
                one = {name: values[part] for name, values in hand.items()}
                starts, ends = (place(points, one) for points in segments(strokes))
                covered[part] = ink(starts, ends, radius[part])
    page = covered * strength[:, None, None] + rng.normal(0.0, 12.0, covered.shape)
    specks = rng.random(covered.shape) < 0.005
    page[specks] = rng.uniform(0.0, 255.0, int(specks.sum()))
    return np.clip(np.rint(page), 0, 255).astype(np.uint8)
