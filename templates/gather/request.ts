import type { ElementType } from '../../compiler/qir/types.ts';
import type { LayerRequest } from '../../compiler/hw/index.ts';
import { movementSchema } from './movement.ts';
import type { Movement } from './movement.ts';

/** What a request asks for, in the unit's own terms. */
export interface Asked {
  readonly movement: Movement;
  readonly shape: readonly number[];
  readonly x: ElementType;
  readonly y: ElementType;
  readonly fill: number;
}

const none = [0, 0, 0, 0];

/** Reads a request; a word on what it has and what would do, if this is not for the unit. */
export function readRequest(
  request: LayerRequest,
): Asked | { readonly found: string; readonly expected: string } {
  const [op, ...rest] = request.ops;
  const names = request.ops.map((one) => one.op).join('+');
  if (op === undefined || rest.length > 0) return { found: names, expected: 'one operation' };
  const { attributes } = op;
  const { shape, elem: x } = request.input;
  const axis = Number(attributes['axis'] ?? -1);
  const asked: Record<string, unknown> = { op: op.op };
  switch (op.op) {
    case 'windows':
      asked['kernel'] = attributes['kernel'];
      asked['strides'] = attributes['strides'] ?? [1, 1];
      asked['pads'] = attributes['pads'] ?? none;
      asked['dilations'] = attributes['dilations'] ?? [1, 1];
      break;
    case 'pad':
      asked['pads'] = attributes['pads'] ?? none;
      break;
    case 'upsample':
    case 'dilate':
      asked['factors'] = attributes['factors'];
      break;
    case 'depth_to_space':
      asked['block'] = attributes['block'];
      asked['mode'] = attributes['mode'] ?? 'DCR';
      break;
    case 'transpose':
      asked['perm'] = attributes['perm'];
      break;
    case 'slice':
      asked['axis'] = axis < 0 ? axis + shape.length : axis;
      asked['start'] = attributes['start'] ?? 0;
      asked['end'] = attributes['end'];
      break;
    default:
      break;
  }
  const read = movementSchema.safeParse(asked);
  if (!read.success) {
    const [issue] = read.error.issues;
    return {
      found: names,
      expected: issue === undefined ? 'a movement' : `${issue.path.join('.')}: ${issue.message}`,
    };
  }
  for (const elem of [x, op.result.elem])
    if (elem.kind === 'float32') return { found: 'element type float32', expected: 'integers' };
  const fill = attributes[op.op === 'windows' ? 'pad_value' : 'value'];
  return { movement: read.data, shape, x, y: op.result.elem, fill: typeof fill === 'number' ? fill : 0 };
}
