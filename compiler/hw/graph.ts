import type { ElementType } from '../qir/types.ts';
import type { Origin } from '../qir/graph.ts';

/**
 * What travels on a channel.
 *
 * One frame is one tensor of `elements` elements in row-major order. It is cut into `rows` rows of elements / rows elements
 * (one pixel's channels, one window's taps), and each row into beats of `lanes` elements; the last beat of a row is padded with
 * zero bits. Within a beat, element 0 stands in the lowest bits. A transfer takes place in a cycle with `valid` and `ready` both high; once high, `valid` and its data hold until the
 * transfer.
 */
export interface StreamType {
  readonly elem: ElementType;
  /** Elements of one frame. */
  readonly elements: number;
  /** Elements of one beat, 1 or more. */
  readonly lanes: number;
  /** Rows of one frame, each of which begins a new beat; divides `elements`. Absent: 1. */
  readonly rows?: number;
}

/** Elements of one row of a stream. */
export function rowLength(stream: StreamType): number {
  return stream.elements / (stream.rows ?? 1);
}

/** Beats of one frame. */
export function beats(stream: StreamType): number {
  return (stream.rows ?? 1) * Math.ceil(rowLength(stream) / stream.lanes);
}

/** The beat of a frame that carries an element. */
export function beatOfElement(stream: StreamType, element: number): number {
  const length = rowLength(stream);
  const row = Math.floor(element / length);
  return row * Math.ceil(length / stream.lanes) + Math.floor((element - row * length) / stream.lanes);
}

/** Whether rows begin new beats although they would not by themselves: whether any row ends in a padded beat before the frame's end. */
function padded(stream: StreamType): boolean {
  return (stream.rows ?? 1) > 1 && rowLength(stream) % stream.lanes !== 0;
}

/** Whether two streams of the same tensor have the same beats, so that a channel can join them. */
export function sameBeats(a: StreamType, b: StreamType): boolean {
  if (a.elements !== b.elements || a.lanes !== b.lanes) return false;
  if (!padded(a) && !padded(b)) return true;
  return rowLength(a) === rowLength(b);
}

/** A parameter of a unit instance: plain data, so that the graph prints, parses and hashes. */
export type Param = number | string | boolean | readonly Param[] | { readonly [key: string]: Param };

/** Constant data of an instance (weights, thresholds, biases): integers in row-major order. */
export interface HwConst {
  readonly elem: ElementType;
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

/** One instance of a hardware unit. */
export interface HwNode {
  /** Unique, a legal Verilog identifier, made from the names of the nodes it implements. */
  readonly name: string;
  /** Name of the unit, that is of its folder in templates/. */
  readonly unit: string;
  readonly params: Readonly<Record<string, Param>>;
  readonly consts: Readonly<Record<string, HwConst>>;
  /** The QIR nodes and, behind them, the nodes of the source model that this instance implements. */
  readonly origin: Origin;
  /** Name of the QIR value whose tensor its first output carries; empty for plumbing that does not change the tensor. */
  readonly value: string;
}

/** One end of a channel: a port of an instance, or (`node` empty) a port of the whole design. */
export interface Endpoint {
  readonly node: string;
  readonly port: string;
}

/** A point-to-point channel. A FIFO is an instance of the fifo unit, so a channel itself stores nothing. */
export interface Channel {
  readonly name: string;
  readonly stream: StreamType;
  readonly from: Endpoint;
  readonly to: Endpoint;
}

/**
 * The hardware graph: deeply frozen; emission, simulation and report all take this same object.
 * Node order is topological. A design has one or more inputs (channels whose `from.node` is '') and outputs (`to.node` '').
 */
export interface HwGraph {
  /** A legal Verilog identifier: the top module's name. */
  readonly name: string;
  readonly nodes: readonly HwNode[];
  readonly channels: readonly Channel[];
  /** Clock the design was folded for, MHz. */
  readonly clockMhz: number;
}

/** Freezes a graph and all it reaches (typed arrays excepted, which cannot be frozen and must not be written). */
export function freeze(graph: HwGraph): HwGraph {
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null || Object.isFrozen(value) || ArrayBuffer.isView(value))
      return;
    Object.freeze(value);
    for (const inner of Object.values(value)) visit(inner);
  };
  visit(graph);
  return graph;
}
