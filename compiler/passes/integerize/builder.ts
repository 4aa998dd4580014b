import { InternalError, invariant } from '../../diagnostics/index.ts';
import { constant, value, type Attribute, type Const, type Node, type Operand } from '../../qir/graph.ts';
import { isProblem } from '../../qir/op.ts';
import { ops } from '../../qir/ops/index.ts';
import { accumulatorType } from '../../qir/ops/sums.ts';
import { lastAxis, sameShape } from '../../qir/ops/shapes.ts';
import {
  allocate,
  elementCount,
  fitInteger,
  isSigned,
  uint,
  valueRange,
  type ElementType,
  type Tensor,
  type TensorType,
} from '../../qir/types.ts';
import { addConst, freshName } from '../graph-edit.ts';
import type { Carrier } from './carrier.ts';
import type { Steps, Table } from './levels.ts';

/** An integer value of the graph under construction. */
export interface IntegerValue {
  readonly name: string;
  readonly type: TensorType;
}

/** Collects the nodes and constants of the integer form; every type is checked against the op's own rule. */
export class Builder {
  readonly nodes: Node[] = [];
  readonly consts = new Map<string, Const>();
  readonly #names = new Set<string>();
  readonly #types = new Map<string, TensorType>();
  readonly #inputs = new Set<string>();

  /** `reserved`: the names of the source graph's values, which its integer counterparts may take over. */
  constructor(reserved: Iterable<string>) {
    for (const name of reserved) this.#names.add(name);
  }

  /** Adds a constant; returns the operand. */
  constant(wanted: string, tensor: Tensor): Operand {
    return constant(addConst(this.consts, wanted, tensor));
  }

  /** Adds a node under the name of a source value, or with `helper` under a fresh name made from it. */
  add(parts: {
    readonly name: string;
    readonly helper?: string;
    readonly op: string;
    readonly operands: readonly Operand[];
    readonly attributes?: Readonly<Record<string, Attribute>>;
    readonly elem?: ElementType;
    readonly shape?: readonly number[];
    readonly origin: readonly string[];
  }): IntegerValue {
    // a source value may have several integer counterparts: with and without a bias, say
    const isTaken = parts.helper !== undefined || this.#types.has(parts.name);
    const name = isTaken ? this.unusedName(`${parts.name}_${parts.helper ?? 'again'}`) : parts.name;
    const op = ops.get(parts.op);
    invariant(op, `no op ${parts.op}`);
    const attributes = parts.attributes ?? {};
    const declared =
      parts.elem === undefined || parts.shape === undefined
        ? undefined
        : { elem: parts.elem, shape: parts.shape };
    const operands = parts.operands.map((operand) => {
      const tensor = operand.kind === 'const' ? this.consts.get(operand.name)?.tensor : undefined;
      const type = tensor?.type ?? this.#typeOf(operand.name);
      return tensor === undefined ? { type } : { type, tensor };
    });
    const type = op.type(operands, attributes, declared);
    if (isProblem(type)) {
      throw new InternalError(`integerize made a wrong ${parts.op}: ${type.message}, ${type.found}`);
    }
    this.nodes.push({
      name,
      op: parts.op,
      operands: parts.operands,
      attributes,
      type,
      origin: { nodes: [...new Set(parts.origin)] },
    });
    this.#types.set(name, type);
    return { name, type };
  }

  /** A value name that neither the source graph nor this one has; reserved for the caller. */
  unusedName(wanted: string): string {
    const name = freshName(wanted, this.#names);
    this.#names.add(name);
    return name;
  }

  /** Makes a graph input known. */
  input(input: IntegerValue): IntegerValue {
    this.#types.set(input.name, input.type);
    this.#inputs.add(input.name);
    return input;
  }

  #typeOf(name: string): TensorType {
    const type = this.#types.get(name);
    invariant(type, `no value ${name} yet`);
    return type;
  }

  /** The same elements under another shape; no node where the shape is that already. */
  reshape(x: IntegerValue, shape: readonly number[], name: string, origin: readonly string[]): IntegerValue {
    if (sameShape(x.type.shape, shape)) return x;
    const operands = [value(x.name)];
    return this.add({ name, helper: 'shape', op: 'reshape', operands, attributes: { shape }, origin });
  }

  /** Whether a value is an input of the graph. */
  isInput(name: string): boolean {
    return this.#inputs.has(name);
  }

  /** A carrier's integers behind its moves: reshapes that follow one another become one node, or none. */
  moves(carrier: Carrier, name: string, origin: readonly string[]): IntegerValue {
    let current: IntegerValue = { name: carrier.base, type: carrier.type };
    let shape = carrier.type.shape;
    for (const { node, sources } of carrier.moves) {
      if (sources !== undefined) {
        const x = this.reshape(current, shape, name, origin);
        const { op, attributes } = node;
        const operands = [value(x.name)];
        current = this.add({ name, helper: op, op, operands, attributes, origin: node.origin.nodes });
      }
      shape = node.type.shape;
    }
    return this.reshape(current, shape, name, origin);
  }

  /**
   * Adds the threshold or lookup node that computes a step function or a table, with rows shared where they are equal: found for all
   * elements, for each channel, or for each element. `x` has the result's shape. A bipolar result counts its levels 0 and 1.
   */
  levels(
    x: IntegerValue,
    found: Steps | Table,
    elem: ElementType,
    name: string,
    origin: readonly string[],
  ): IntegerValue {
    const elements = elementCount(x.type.shape);
    const rows = sharedRows(found, elements, lastAxis(x.type.shape));
    if (rows !== 1 && rows !== lastAxis(x.type.shape)) {
      // a row for each element: the channels of the flattened tensor
      const flat = this.reshape(x, [elements], name, origin);
      const result = this.#levelsNode(flat, found, rows, elem, { name, helper: 'flat' }, origin);
      const attributes = { shape: x.type.shape };
      return this.add({ name, op: 'reshape', operands: [value(result.name)], attributes, origin });
    }
    return this.#levelsNode(x, found, rows, elem, { name }, origin);
  }

  #levelsNode(
    x: IntegerValue,
    found: Steps | Table,
    rows: number,
    elem: ElementType,
    names: { readonly name: string; readonly helper?: string },
    origin: readonly string[],
  ): IntegerValue {
    const { name } = names;
    const common = { ...names, elem, shape: x.type.shape, origin };
    const isBipolar = elem.kind === 'bipolar';
    if (found.kind === 'table') {
      const { min, max } = valueRange(x.type.elem);
      const size = max - min + 1;
      const levels = new Float64Array(rows * size);
      for (let i = 0; i < levels.length; i++) {
        const level = levelAt(found, Math.floor(i / size), min + (i % size));
        levels[i] = isBipolar ? 2 * level - 1 : level;
      }
      const table = this.constant(`${name}_table`, tensorOf(elem, [rows, size], levels));
      return this.add({
        ...common,
        op: 'lookup',
        operands: [value(x.name), table],
        attributes: { offset: min },
      });
    }
    const steps = below(found, isBipolar ? 1 : valueRange(elem).max, valueRange(x.type.elem).min);
    const data = steps.thresholds.slice(0, rows * steps.count);
    const [min, max] = [data.reduce((a, b) => Math.min(a, b)), data.reduce((a, b) => Math.max(a, b))];
    const signed = isSigned(x.type.elem) || x.type.elem.kind === 'bipolar' || min < 0;
    const thresholdElem = signed ? accumulatorType(min, max) : fitInteger(min, max);
    invariant(thresholdElem, 'thresholds beyond 32 bits');
    const t = this.constant(`${name}_t`, tensorOf(thresholdElem, [rows, steps.count], data));
    const flips = steps.flip.slice(0, rows);
    const flip = flips.some((f) => f === 1)
      ? [this.constant(`${name}_flip`, tensorOf(uint(1), [rows], flips))]
      : [];
    const base = isBipolar ? -1 : steps.base;
    return this.add({
      ...common,
      op: 'threshold',
      operands: [value(x.name), t, ...flip],
      attributes: { base },
    });
  }
}

/** Integers as a tensor in the smallest array. */
export function tensorOf(elem: ElementType, shape: readonly number[], values: ArrayLike<number>): Tensor {
  const data = allocate(elem, values.length);
  data.set(values);
  return { type: { elem, shape }, data };
}

/**
 * 1 if all elements have the same row, `channels` if the rows repeat with the last axis, else the number of elements.
 */
function sharedRows(found: Steps | Table, elements: number, channels: number): number {
  const cells = found.kind === 'table' ? found.levels : found.thresholds;
  const rows = cells.length / found.count;
  const same = (a: number, b: number) => {
    for (let j = 0; j < found.count; j++)
      if (cells[a * found.count + j] !== cells[b * found.count + j]) return false;
    return found.kind === 'table' || found.flip[a] === found.flip[b];
  };
  const every = (period: number) => {
    for (let row = period; row < rows; row++) if (!same(row, row % period)) return false;
    return true;
  };
  invariant(
    rows === 1 || rows === channels || rows === elements,
    'one row, one for each channel, or one for each element',
  );
  if (every(1)) return 1;
  return every(channels) ? channels : elements;
}

/** The same levels without the rows that repeat. */
export function shareRows<T extends Steps | Table>(found: T, elements: number, channels: number): T {
  const rows = sharedRows(found, elements, channels);
  const cells = rows * found.count;
  return found.kind === 'table'
    ? { ...found, levels: found.levels.slice(0, cells) }
    : { ...found, thresholds: found.thresholds.slice(0, cells), flip: found.flip.slice(0, rows) };
}

/** The level at an integer; for one that never comes up, that of the nearest one that does (the table covers the type). */
function levelAt(table: Table, row: number, integer: number): number {
  const index = Math.min(Math.max(integer - table.offset, 0), table.count - 1);
  return table.levels[row * table.count + index] ?? 0;
}

/** A constant at the highest level still needs one threshold: then the base is one lower, and every integer reaches it. */
export function below(steps: Steps, highest: number, least: number): Steps {
  if (steps.base + steps.count <= highest) return steps;
  invariant(steps.count === 1, 'levels beyond their type');
  const thresholds = steps.thresholds.map(() => least);
  return { ...steps, base: steps.base - 1, thresholds, flip: steps.flip.map(() => 0) };
}
