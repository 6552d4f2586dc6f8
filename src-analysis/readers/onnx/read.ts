import type { CancellationToken, ReadResult, SourceFile } from '../reader.ts';
import { buildGraph } from './build.ts';
import { decodeModel } from './decode.ts';
import { convertModel } from './from-proto.ts';
import { newNotes, note } from './state.ts';

/**
 * Reads a binary ONNX model: structure, shapes and hyper-parameters. Tensors are not decoded but for the few small ones
 * that shapes are computed from; external data is not opened.
 *
 * Never throws on any bytes, except `Cancelled`.
 */
export function readOnnx(file: SourceFile, cancel: CancellationToken): ReadResult {
  const proto = decodeModel(file.bytes ?? new Uint8Array(), cancel);
  if (typeof proto === 'string') return { models: [], errors: [{ message: proto }], comments: [] };
  const { model, problems } = convertModel(proto, cancel);
  const { graph, errors } = buildGraph(model, { name: modelName(file.path, model.graph.name), format: 'onnx' }, cancel);
  const damage = newNotes<{ readonly message: string }>();
  for (const message of problems) note(damage, { message });
  return { models: graph ? [graph] : [], errors: [...damage.kept, ...errors], comments: [] };
}

/** The file's name without its extension: exporters call most graphs `main_graph` or `torch_jit`. */
function modelName(path: string, graphName: string): string {
  const file = path.split(/[\\/]/).at(-1) ?? '';
  return file.replace(/\.onnx$/i, '') || graphName || 'model';
}
