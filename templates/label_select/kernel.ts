import type { FrameAccess } from '../../compiler/hw/layout.ts';

/** For every vector of every frame, repeatedly takes the best element that has not been taken; the first of equals. */
export function selectLabels(
  scores: FrameAccess,
  labels: FrameAccess,
  spec: {
    readonly rows: number;
    readonly elements: number;
    readonly k: number;
    readonly largest: boolean;
    readonly frames: number;
  },
): void {
  const taken = new Uint8Array(spec.elements);
  for (let vector = 0; vector < spec.frames * spec.rows; vector++) {
    const frame = Math.floor(vector / spec.rows);
    const row = vector % spec.rows;
    taken.fill(0);
    for (let place = 0; place < spec.k; place++) {
      let best = -1;
      let bestScore = 0;
      for (let element = 0; element < spec.elements; element++) {
        if (taken[element] === 1) continue;
        const score = scores.get(frame, row * spec.elements + element);
        if (best < 0 || (spec.largest ? score > bestScore : score < bestScore)) {
          best = element;
          bestScore = score;
        }
      }
      taken[best] = 1;
      labels.set(frame, row * spec.k + place, best);
    }
  }
}
