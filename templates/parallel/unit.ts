import * as z from 'zod';
import { badUnitParameter, unitCannotImplement } from '../../compiler/diagnostics/catalog/hw.ts';
import type { Diagnostic } from '../../compiler/diagnostics/index.ts';
import { checkParams } from '../../compiler/hw/params.ts';
import { bitWidth } from '../../compiler/qir/types.ts';
import type {
  Cost,
  Folding,
  Form,
  HwNode,
  Implementation,
  LayerRequest,
  PortSpec,
  RandomSource,
  UnitDefinition,
} from '../../compiler/hw/index.ts';
import { copied, copyOf, parallelParams, rowsIn, rowsOf, unitOf, whole, wholeRows } from './plan.ts';

const schema = z.object({
  unit: z.enum([...copied.keys()]),
  copies: z.int().min(2),
  /** Of one copy, as if it did the whole frame. */
  params: z.record(z.string(), z.unknown()),
});

function check(node: HwNode): readonly Diagnostic[] {
  const found = checkParams(node, schema);
  if (found.length > 0) return found;
  const { copies } = parallelParams(node);
  const unit = unitOf(node);
  const inner = unit.check(whole(node));
  if (inner.length > 0) return inner;
  if (rowsOf(node) % copies !== 0)
    return [badUnitParameter(node, 'copies', `${copies}, which do not divide ${rowsOf(node)} rows`)];
  if (!unit.ports(copyOf(node)).every(({ stream }) => wholeRows(stream)))
    return [badUnitParameter(node, 'params', 'lanes that are no whole row, in or out')];
  return [];
}

/** The ports of a copy with a row of each copy side by side. */
function ports(node: HwNode): readonly PortSpec[] {
  const { copies } = parallelParams(node);
  return unitOf(node)
    .ports(copyOf(node))
    .map(({ name, direction, stream: { elem, elements, lanes } }) => ({
      name,
      direction,
      stream: { elem, elements: copies * elements, lanes: copies * lanes },
    }));
}

/** How one copy of a unit takes a request, whole rows a beat; kept, so that copies of any number share its analysis. */
const answers = new WeakMap<LayerRequest, Map<string, Implementation>>();

function one(unit: UnitDefinition, request: LayerRequest, folding: Folding): Implementation {
  let known = answers.get(request);
  if (known === undefined) answers.set(request, (known = new Map<string, Implementation>()));
  let answer = known.get(unit.name);
  if (answer === undefined) {
    const refusal = unitCannotImplement(unit.name, request.value, 'this layer', 'another one');
    known.set(unit.name, (answer = unit.implement?.(request, folding) ?? { refusal }));
  }
  return answer;
}

/** The unit that takes a request in a style. */
function unitFor(request: LayerRequest, style: Folding['style']): UnitDefinition | undefined {
  const chain = request.ops.map(({ op }) => op).join('+');
  return [...copied.values()].find(
    ({ name, implementsOps }) =>
      implementsOps.includes(chain) && (name === 'unrolled') === (style === 'unrolled'),
  );
}

function implement(request: LayerRequest, folding: Folding): Implementation {
  const refuse = (found: string, expected: string): Implementation => ({
    refusal: unitCannotImplement('parallel', request.value, found, expected),
  });
  const size = rowsIn(request);
  const unit = unitFor(request, folding.style);
  if (size === undefined || unit === undefined)
    return refuse(`style ${folding.style}`, 'a style in which there is a unit for the layer');
  const copies = folding.pe / size.output;
  if (copies < 2 || size.rows % copies !== 0 || folding.simd !== copies * size.input) {
    const expected = `pe n * ${size.output}, simd n * ${size.input}, where n from 2 on divides ${size.rows}`;
    return refuse(`pe ${folding.pe}, simd ${folding.simd}`, expected);
  }
  const answer = one(unit, request, { ...folding, pe: size.output, simd: size.input });
  if ('refusal' in answer) return answer;
  return { params: { unit: unit.name, copies, params: answer.params }, consts: answer.consts };
}

/** More copies than the fewest that are fast enough, by this factor, only waste cells. */
const slack = 2;

/** Only where one row a cycle is too slow: the fewest copies that are fast enough, and up to twice as many. */
function foldings(
  request: LayerRequest,
  cycles: number,
  styles: readonly Folding['style'][],
): readonly Folding[] {
  const size = rowsIn(request);
  if (size === undefined || size.rows <= cycles) return [];
  const { rows, input, output } = size;
  const found: Folding[] = [];
  let fewest = Infinity;
  for (let copies = Math.ceil(rows / cycles); copies <= Math.min(rows, slack * fewest); copies++) {
    if (rows % copies !== 0) continue;
    fewest = Math.min(fewest, copies);
    for (const style of styles)
      found.push({ style, pe: copies * output, simd: copies * input, order: 'output' });
  }
  return found;
}

const costs = new WeakMap<HwNode['params'], Map<Form, Cost>>();

function cost(node: HwNode, form: Form = 'portable'): Cost {
  const { copies, params } = parallelParams(node);
  let known = costs.get(params);
  if (known === undefined) costs.set(params, (known = new Map<Form, Cost>()));
  let each = known.get(form);
  if (each === undefined) known.set(form, (each = unitOf(node).cost(whole(node), form)));
  const { lut, ff, bram36, dsp } = each;
  return { lut: copies * lut, ff: copies * ff, bram36: copies * bram36, dsp: copies * dsp };
}

/** Samples of the units, brought to whole rows. */
function sample(random: RandomSource): ReturnType<UnitDefinition['sample']> {
  for (;;) {
    const unit = random.pick([...copied.values()]);
    const { params, consts } = unit.sample(random);
    const copies = random.integer(2, 4);
    const rows = copies * random.integer(1, 3);
    const lanes =
      'outputs' in params
        ? { pe: params['outputs'] ?? 1, simd: params['inputs'] ?? 1 }
        : { lanes: Number(params['taps']) * Number(params['channels']) };
    const found = { unit: unit.name, copies, params: { ...params, ...lanes, rows } };
    const node = {
      name: 'sample',
      unit: 'parallel',
      params: found,
      consts,
      origin: { nodes: [] },
      value: '',
    };
    if (check(node).length === 0) return { params: found, consts };
  }
}

export const unit: UnitDefinition = {
  name: 'parallel',
  summary: 'Copies of a unit side by side, which take a row each: several vectors or windows a cycle.',
  implementsOps: [...new Set([...copied.values()].flatMap(({ implementsOps }) => implementsOps))],
  check,
  ports,
  implement,
  foldings,
  timing: (node) => unitOf(node).timing(copyOf(node)),
  model: (node) => unitOf(node).model(copyOf(node)),
  kernel: (node, context) => unitOf(node).kernel(whole(node), context),
  cost,
  memories: (node) => unitOf(node).memories(copyOf(node)),
  storedBits: (node, form) =>
    parallelParams(node).copies * (unitOf(node).storedBits?.(copyOf(node), form) ?? 0),
  parts: (node) => [{ unit: unitOf(node), node: copyOf(node) }],
  template: 'parallel/unit.v.njk',
  libraries: ['qcc_spill'],
  view: (node, { module, parts }) => {
    const { copies, unit: name } = parallelParams(node);
    const [input, output] = ports(node).map(({ stream }) => (stream.lanes * bitWidth(stream.elem)) / copies);
    const [inBits, outBits] = [input ?? 1, output ?? 1];
    return {
      module,
      part: parts?.[0] ?? '',
      unit: name,
      copies,
      inMsb: copies * inBits - 1,
      outMsb: copies * outBits - 1,
      rest: copies - 2,
      each: Array.from({ length: copies }, (_, i) => ({
        index: i,
        same: i - 1,
        in: `in_data[${(i + 1) * inBits - 1}:${i * inBits}]`,
        out: `out_data[${(i + 1) * outBits - 1}:${i * outBits}]`,
      })),
    };
  },
  sample,
};
