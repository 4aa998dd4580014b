import type { Attribute, Boundary, Scale } from './graph.ts';
import type { Numbers, TensorLike } from './tensor-like.ts';
import type { ElementType, TensorType } from './types.ts';

/** A value of the graph under construction: what an input or an operation gives. */
export class Value {
  /** Its name in the graph; unique. */
  readonly name: string;
  readonly type: TensorType;
  constructor(name: string, type: TensorType) {
    this.name = name;
    this.type = type;
  }
}

/** A constant of the graph under construction, for use at several places. */
export class Constant {
  readonly name: string;
  readonly type: TensorType;
  constructor(name: string, type: TensorType) {
    this.name = name;
    this.type = type;
  }
}

/** How the integers at an input or output stand for real numbers: real = (integer - zeroPoint) * scale + offset. */
export interface BoundaryOptions {
  /** A number, or a quotient where a decimal would not be exact: `{ numerator: 1, denominator: 255 }`. */
  readonly scale?: number | Scale;
  readonly zeroPoint?: number;
  readonly offset?: number;
  /** `nchw`: the arrays outside have the channels first; the shape here is [height, width, channels]. */
  readonly layout?: 'nchw';
  /** Names in the source model, for reports. */
  readonly origin?: readonly string[];
}

export interface OutputOptions extends BoundaryOptions {
  /** What the host still has to do with this output, one sentence a step. */
  readonly host?: readonly string[];
}

export interface NodeOptions {
  /** Name of the result: letters, digits, underscores. By default the op and a number. */
  readonly name?: string;
  /** Element type of the result. By default the narrowest that holds every possible result. */
  readonly result?: ElementType;
  /** Names in the source model, for reports. */
  readonly origin?: readonly string[];
}

/** How windows slide over an image; what is absent is 1, padding 0. */
export interface SlideOptions {
  /** Steps [down, right]. */
  readonly strides?: readonly [number, number];
  /** Padding [top, left, bottom, right]. */
  readonly pads?: readonly [number, number, number, number];
  /** Distances [down, right] of the taps. */
  readonly dilations?: readonly [number, number];
}

export type OperandLike = Value | Constant | TensorLike;

/**
 * The integer thresholds `t'` for which `x >= t'` is the same as `x > t` at every integer x: floor(t) + 1. QIR's `threshold` compares
 * with `>=`; networks such as those of BNN-PYNQ are given with `sum > t`.
 *
 * @example
 * g.threshold(sum, strictlyGreater([12, -3, 40]), { result: bipolar });
 */
export function strictlyGreater(thresholds: ArrayLike<number>): number[] {
  return Array.from(thresholds, (t) => Math.floor(t) + 1);
}

/** The boundary that a call describes. */
export function boundaryFrom(options: BoundaryOptions): Boundary {
  const { scale, zeroPoint, offset, layout } = options;
  return {
    ...(scale !== undefined && {
      scale: typeof scale === 'number' ? { numerator: scale, denominator: 1 } : scale,
    }),
    ...(zeroPoint !== undefined && { zeroPoint }),
    ...(offset !== undefined && { offset }),
    ...(layout !== undefined && { layout }),
  };
}

/** Whether plain numbers were given, without a type. */
export function isNumbers(like: Constant | TensorLike): like is Numbers {
  return !(like instanceof Constant) && !('data' in like);
}

/** Whether a plain list of numbers was given, one dimension and no type. */
export function isList(like: Constant | TensorLike): like is readonly number[] {
  return Array.isArray(like) && like.every((n) => typeof n === 'number');
}

/** One threshold a channel, as a column; rows stay rows. */
export function asColumn(numbers: Numbers): TensorLike {
  return typeof numbers[0] === 'object' ? numbers : { shape: [numbers.length, 1], data: numbers };
}

/** The attributes that are given; an absent one keeps its default. */
export function given(
  options: Readonly<Record<string, Attribute | undefined>>,
): Readonly<Record<string, Attribute>> {
  return Object.fromEntries(
    Object.entries(options).filter((entry): entry is [string, Attribute] => entry[1] !== undefined),
  );
}
