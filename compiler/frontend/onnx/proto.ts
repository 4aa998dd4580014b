import { emptyFile, fileTooLarge, notOnnx, truncatedFile } from '../../diagnostics/catalog/frontend-file.ts';
import { noGraph } from '../../diagnostics/catalog/frontend-graph.ts';
import { fail } from '../../diagnostics/index.ts';
import type { Where } from '../../diagnostics/index.ts';
import { modelType } from './schema.ts';
import type { GraphMessage, ModelMessage } from './schema.ts';

/** Models above this size are refused before they are decoded. */
export const maxFileBytes = 256 * 1024 * 1024;

/** First bytes of files that people pass by mistake, and what to say about them. */
const otherFormats: readonly {
  readonly magic: readonly number[];
  readonly name: string;
  readonly help: string;
}[] = [
  {
    magic: [0x89, 0x50, 0x4e, 0x47],
    name: 'a PNG image',
    help: 'pass the model, and images to `qcc sim --input`',
  },
  {
    magic: [0xff, 0xd8, 0xff],
    name: 'a JPEG image',
    help: 'pass the model, and images to `qcc sim --input`',
  },
  {
    magic: [0x50, 0x4b, 0x03, 0x04],
    name: 'a zip archive (a PyTorch checkpoint or .npz?)',
    help: 'export it with torch.onnx.export or brevitas.export.export_qonnx',
  },
  { magic: [0x1f, 0x8b], name: 'a gzip file', help: 'unpack it first' },
  { magic: [0x89, 0x48, 0x44, 0x46], name: 'an HDF5 file (Keras?)', help: 'convert it to ONNX with tf2onnx' },
  {
    magic: [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59],
    name: 'a NumPy array',
    help: 'pass the model, and arrays to `qcc sim --input`',
  },
];

/**
 * Decodes an ONNX model.
 * @throws DiagnosticError with a code of QCC2000 to QCC2003 or QCC2100, whatever the bytes are.
 */
export function decodeModel(
  bytes: Uint8Array,
  file: string,
): ModelMessage & { readonly graph: GraphMessage } {
  const where: Where = { kind: 'file', file };
  if (bytes.length === 0) fail(emptyFile(where));
  if (bytes.length > maxFileBytes) fail(fileTooLarge(where, bytes.length, maxFileBytes));
  const other = otherFormats.find(({ magic }) => magic.every((byte, i) => bytes[i] === byte));
  if (other) fail(notOnnx(where, other.name, other.help));
  let model: ModelMessage;
  try {
    model = modelType.decode(bytes) as unknown as ModelMessage;
  } catch (error) {
    // The library reports bad bytes as RangeError (a length beyond the end) or Error; nothing else can happen in there.
    const text = error instanceof Error ? error.message.slice(0, 120) : String(error);
    if (error instanceof RangeError && text.startsWith('index out of range'))
      fail(truncatedFile(where, text));
    fail(notOnnx(where, `bytes that no protocol buffer has (${text})`));
  }
  if (!model.graph) fail(notOnnx(where, 'a protocol buffer without an ONNX graph'));
  if (model.graph.node.length === 0) fail(noGraph(where, 'a graph without nodes'));
  return { ...model, opsetImport: model.opsetImport, graph: model.graph };
}
