import type { IToken } from 'chevrotain';
import * as sayFiles from '../../diagnostics/catalog/qir-files.ts';
import * as sayTypes from '../../diagnostics/catalog/qir-types.ts';
import { excerpt } from '../../diagnostics/wording.ts';
import { DiagnosticError } from '../../diagnostics/index.ts';
import type { Const } from '../graph.ts';
import { parseNumber } from '../numbers.ts';
import type { TensorData, TensorType } from '../types.ts';
import { allocate, elementCount, holds, printElement, printType } from '../types.ts';
import { describeValues, printIndex } from '../verify-data.ts';
import { sha256, WeightsFile } from '../weights.ts';
import { systemReason } from '../system-reason.ts';
import type { ConstText, FileText, WeightsText } from './ast.ts';
import type { Values } from './values.ts';

/** Returns the bytes of the weights file of the given plain name; throws the system's error if it cannot. */
export type ReadWeights = (file: string) => Uint8Array;

/**
 * The constants of a file: those whose elements stand in the text, and those of the weights file. The second result says where
 * each name was written.
 */
export function constsFrom(
  values: Values,
  file: FileText,
  readWeights: ReadWeights | undefined,
): { readonly consts: Map<string, Const>; readonly tokens: Map<string, IToken> } {
  const { source, diagnostics } = values;
  const consts = new Map<string, Const>();
  const tokens = new Map<string, IToken>();
  const outside = file.consts.filter((c) => c.values === undefined);
  const weights = file.weights[0];
  const opened = weights && outside.length > 0 ? openWeights(values, weights, readWeights) : undefined;
  for (const text of file.consts) {
    const name = values.name(text.name);
    const first = tokens.get(name);
    if (first !== undefined) {
      diagnostics.add(sayTypes.repeatedConst(source.span(text.name), name, source.span(first)));
      continue;
    }
    tokens.set(name, text.name);
    const type = values.type(text.type, `The constant @${excerpt(name)}`);
    if (type === undefined) continue;
    let data: TensorData | undefined;
    if (text.values !== undefined) data = inlineData(values, text, type, name);
    else if (weights === undefined) diagnostics.add(sayFiles.noWeightsFile(source.span(text.name), name));
    else data = diagnostics.capture(() => opened?.read(name, type, source.span(text.name)));
    if (data !== undefined) consts.set(name, { name, tensor: { type, data } });
  }
  return { consts, tokens };
}

/** Opens the weights file once its name and hash are known to be good. */
function openWeights(
  values: Values,
  text: WeightsText,
  readWeights: ReadWeights | undefined,
): WeightsFile | undefined {
  const { source, diagnostics } = values;
  const file = values.string(text.file);
  const hash = values.string(text.sha256);
  const where = source.span(text.file);
  if (file === '' || file === '.' || file === '..' || /[/\\\0]/.test(file)) {
    diagnostics.add(sayFiles.weightsName(where, file));
    return undefined;
  }
  if (!/^[0-9a-f]{64}$/.test(hash)) {
    diagnostics.add(sayFiles.badHash(source.span(text.sha256), hash));
    return undefined;
  }
  return diagnostics.capture(() => {
    const bytes = readBytes(file, readWeights);
    if (typeof bytes === 'string') throw new DiagnosticError([sayFiles.weightsMissing(where, file, bytes)]);
    const found = sha256(bytes);
    if (found !== hash) throw new DiagnosticError([sayFiles.weightsHash(where, file, found, hash)]);
    return new WeightsFile(bytes, file, where);
  });
}

/** The bytes, or why there are none. */
function readBytes(file: string, readWeights: ReadWeights | undefined): Uint8Array | string {
  if (readWeights === undefined) return 'no function was given that reads it';
  try {
    return readWeights(file);
  } catch (error) {
    const reason = systemReason(error);
    if (reason === undefined) throw error;
    return reason;
  }
}

function inlineData(values: Values, text: ConstText, type: TensorType, name: string): TensorData | undefined {
  const tokens = text.values!;
  const { source, diagnostics } = values;
  const count = elementCount(type.shape);
  if (tokens.length !== count) {
    diagnostics.add(sayTypes.wrongCount(source.span(text.name), name, tokens.length, count, printType(type)));
    return undefined;
  }
  const float = type.elem.kind === 'float32';
  const data = allocate(type.elem, count);
  for (const [i, token] of tokens.entries()) {
    const number = parseNumber(token.image);
    const index = printIndex(type.shape, i);
    // a decimal stands for the nearest float32; what overflows is no float32
    const good = float ? Number.isFinite(Math.fround(number)) : holds(type.elem, number);
    if (!good) {
      const where = source.span(token);
      const literal = /inf|nan/.test(token.image);
      diagnostics.add(
        float && literal
          ? sayTypes.notFinite(where, name, index, token.image)
          : sayTypes.elementOutOfType(
              where,
              name,
              index,
              token.image,
              printElement(type.elem),
              describeValues(type.elem),
            ),
      );
      return undefined;
    }
    data[i] = number;
  }
  return data;
}
