/** Rows of -1 and +1 as bits, 32 a word, 1 for +1; each row begins with a word of its own and is filled up with zeros. */
interface SignRows {
  readonly columns: number;
  readonly bits: Int32Array;
  readonly wordsPerRow: number;
}

/** Packs `data`, row after row of `columns` elements, all -1 or +1. */
export function packSigns(data: ArrayLike<number>, columns: number): SignRows {
  const rows = columns === 0 ? 0 : data.length / columns;
  const wordsPerRow = Math.ceil(columns / 32);
  const bits = new Int32Array(rows * wordsPerRow);
  for (let row = 0, at = 0, next = 0; row < rows; row++) {
    for (let left = columns; left > 0; left -= 32) {
      let word = 0;
      for (let i = 0; i < Math.min(32, left); i++) if ((data[at++] as number) > 0) word |= 1 << i;
      bits[next++] = word;
    }
  }
  return { columns, bits, wordsPerRow };
}

const packed = new WeakMap<object, SignRows>();

/** As `packSigns`, for constants: once for each array, as long as it is a matrix of the same shape. */
export function packedSigns(data: ArrayLike<number> & object, columns: number): SignRows {
  let known = packed.get(data);
  if (known?.columns !== columns) packed.set(data, (known = packSigns(data, columns)));
  return known;
}

/**
 * Products of one row of x with every row of w, all of `columns` elements, into `sums`: where signs differ the product is -1, else +1, so a
 * sum is `columns` less twice the places where they differ.
 */
export function signDots(x: SignRows, row: number, w: SignRows, columns: number, sums: Float64Array): void {
  const { wordsPerRow } = x;
  const from = row * wordsPerRow;
  let at = 0;
  for (let output = 0; output < sums.length; output++) {
    let different = 0;
    for (let i = from; i < from + wordsPerRow; i++) {
      // bits are counted by twos, by fours, by bytes, and the bytes added by a multiplication
      let v = (x.bits[i] as number) ^ (w.bits[at++] as number);
      v = (v - ((v >>> 1) & 0x55555555)) | 0;
      v = (v & 0x33333333) + ((v >>> 2) & 0x33333333);
      different += Math.imul((v + (v >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
    }
    sums[output] = columns - 2 * different;
  }
}
