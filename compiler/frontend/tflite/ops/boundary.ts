import { dequantizedByHost } from '../../../diagnostics/catalog/frontend-tflite.ts';
import { softmaxOnHost } from '../../../diagnostics/catalog/passes.ts';
import { sanitize } from '../../onnx/names.ts';
import type { Activation, Conversion } from '../conversion.ts';

/** What the operand is at the boundary, and what the host has to do already. */
function boundaryOperand(conversion: Conversion): { from: Activation; steps: readonly string[] } {
  const bound = conversion.state.bounds.get(conversion.operandTensor(0).index);
  if (bound?.kind === 'hosted') return bound;
  return { from: conversion.activation(0, ['int8', 'uint8']), steps: [] };
}

/** SOFTMAX at the output: the greatest of its operands is the greatest of its results, so the host can do without it. */
export function softmax(conversion: Conversion): void {
  const { from, steps } = boundaryOperand(conversion);
  const { operator, result, state, where } = conversion;
  const step = `Softmax along the last axis (operator ${operator.index})`;
  state.diagnostics.add(softmaxOnHost(where, sanitize(result.name, 'softmax')));
  state.bounds.set(result.index, { kind: 'hosted', from, steps: [...steps, step] });
}

/** DEQUANTIZE at the output: scale and zero point of the output say the same. */
export function dequantize(conversion: Conversion): void {
  const { from, steps } = boundaryOperand(conversion);
  const { result, state, where } = conversion;
  state.diagnostics.add(dequantizedByHost(where, result.name));
  state.bounds.set(result.index, { kind: 'hosted', from, steps });
}
