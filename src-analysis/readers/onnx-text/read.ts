import type { Layer, ModelGraph } from '../../model/graph.ts';
import { buildGraph } from '../onnx/build.ts';
import { convertModel } from '../onnx/from-proto.ts';
import type { CancellationToken, ReadError, ReadResult, SourceFile } from '../reader.ts';
import { type ParsedText, parseOnnxText } from './parse.ts';

/**
 * Reads a model in the textual syntax of ONNX. Layers and findings have ranges: the operator's name and the whole node,
 * inputs where the graph declares them, the model at the graph's name.
 *
 * Never throws on any text, except `Cancelled`.
 */
export function readOnnxText(file: SourceFile, cancel: CancellationToken): ReadResult {
  const parsed = parseOnnxText(file.text ?? '', cancel);
  const { errors, comments } = parsed;
  if (!parsed.model.graph || !parsed.graphPlace) return { models: [], errors, comments };
  const { model, problems } = convertModel(parsed.model, cancel, parsed.nodePlaces);
  const identity = { name: modelName(file.path, model.graph.name), format: 'onnx-text' } as const;
  const built = buildGraph(model, identity, cancel);
  const further = [...problems.map(message => ({ message })), ...withoutConsequences(built.errors, parsed)];
  return { models: built.graph ? [withPlaces(built.graph, parsed)] : [], errors: [...errors, ...further], comments };
}

/** What does not make sense about a node that could not be read to its end is not another error. */
function withoutConsequences(errors: readonly ReadError[], { nodePlaces }: ParsedText): readonly ReadError[] {
  const broken = new Set<number>();
  for (const place of nodePlaces.values()) if (place.broken) broken.add(place.range.start);
  return errors.filter(({ range }) => range === undefined || !broken.has(range.start));
}

function withPlaces(graph: ModelGraph, { graphPlace, occurrences }: ParsedText): ModelGraph {
  const declared = new Map<string, { readonly start: number; readonly end: number }>();
  for (const { name, range, role } of occurrences) {
    if (role === 'definition' && !declared.has(name)) declared.set(name, range);
  }
  const withPlace = (layer: Layer): Layer => {
    const range = layer.op.kind === 'input' ? declared.get(layer.name) : undefined;
    return range ? { ...layer, range, fullRange: range } : layer;
  };
  return { ...graph, ...graphPlace, layers: graph.layers.map(withPlace) };
}

/** The file's name without its endings (`resnet50.onnx.onnxtxt` is how the editor shows `resnet50.onnx`). */
function modelName(path: string, graphName: string): string {
  const file = path.split(/[\\/]/).at(-1) ?? '';
  return file.replace(/\.onnxte?xt$/i, '').replace(/\.onnx$/i, '') || graphName || 'model';
}
