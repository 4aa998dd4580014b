import { bitWidth, isSigned, printElement } from '../../compiler/qir/types.ts';
import type { ElementType } from '../../compiler/qir/types.ts';
import type { HwNode, TemplateView } from '../../compiler/hw/index.ts';
import { extended } from '../lib/lanes.ts';
import { concatParams, shares, streamsOf } from './plan.ts';

function counterBits(states: number): number {
  return Math.max(1, Math.ceil(Math.log2(states)));
}

/** The wires of one element in the width of the result's, as an expression. */
function widened(wire: string, elem: ElementType, y: ElementType): string {
  const bits = bitWidth(y);
  // the bit of a bipolar element says +1 (0...01) or -1 (1...11)
  if (elem.kind === 'bipolar' && y.kind !== 'bipolar') return `{{${bits - 1}{~${wire}}}, 1'b1}`;
  return extended(wire, bitWidth(elem), bits, isSigned(elem));
}

/** The template's root object. */
export function view(
  node: HwNode,
  names: { readonly module: string; readonly memPrefix: string },
): TemplateView {
  const { lanes, y } = concatParams(node);
  const { inputs, output } = streamsOf(node);
  const yBits = bitWidth(y);
  const counts = shares(node);
  const selBits = counterBits(inputs.length);
  const beatBits = counterBits(Math.max(...counts));
  return {
    module: names.module,
    to: printElement(output.elem),
    many: inputs.length > 1,
    counted: Math.max(...counts) > 1,
    outMsb: lanes * yBits - 1,
    outBits: lanes * yBits,
    selBits,
    selMsb: selBits - 1,
    lastSel: `${selBits}'d${inputs.length - 1}`,
    beatBits,
    beatMsb: beatBits - 1,
    inputs: inputs.map(({ elem }, index) => {
      const bits = bitWidth(elem);
      return {
        name: `in${index}`,
        index,
        what: printElement(elem),
        count: counts[index] ?? 1,
        sel: `${selBits}'d${index}`,
        last: `${beatBits}'d${(counts[index] ?? 1) - 1}`,
        msb: lanes * bits - 1,
        lanes: Array.from({ length: lanes }, (_, lane) => {
          const wire = `in${index}_lane${lane}`;
          return {
            wire,
            msb: bits - 1,
            slice: `in${index}_data[${(lane + 1) * bits - 1}:${lane * bits}]`,
            value: widened(wire, elem, y),
            high: (lane + 1) * yBits - 1,
            low: lane * yBits,
          };
        }),
      };
    }),
  };
}
