import type { ModelGraph } from '../../src-analysis/model/graph.ts';
import { onnxTextToBinary } from '../../src-analysis/readers/onnx-text/to-binary.ts';
import type { SourceFile } from '../../src-analysis/readers/reader.ts';
import { readTfjsWeights } from '../../src-analysis/readers/tfjs-json/weights.ts';
import { onnxWeightValues } from '../victim/onnx-weights.ts';
import { weightKey } from '../victim/parameters.ts';
import type { WeightValues } from '../victim/victim.ts';
import { initialise, seedOf } from './initialise.ts';

export interface ModelWeights {
  /** By weightKey. */
  readonly values: ReadonlyMap<string, WeightValues>;
  /** Where they are from, as a clause for the report. */
  readonly origin: string;
}

/**
 * A model's weights: those stored in its file or beside it, and for the rest a seeded draw by the layer's own initializer.
 *
 * @param shard bytes of a file that model.json names, by its path as written there; undefined where there is none
 * @throws {Error} with a sentence where stored weights cannot be read
 */
export function weightsOfModel(
  model: ModelGraph,
  file: SourceFile,
  shard: (path: string) => Uint8Array | undefined,
  seed: number,
): ModelWeights {
  const values = storedWeights(model, file, shard);
  const stored = values.size;
  let drawn = 0;
  for (const layer of model.layers) {
    for (const ref of layer.weights) {
      const key = weightKey(model, layer, ref);
      // An open dimension, like a missing tensor, is told by whoever needs the weight.
      if (values.has(key) || ref.source.kind !== 'initializer' || ref.shape.some(dim => dim === null)) continue;
      const shape = ref.shape as readonly number[];
      values.set(key, { shape, data: initialise(ref.source.initializer, shape, seedOf(seed, key)) });
      drawn++;
    }
  }
  return { values, origin: originOf(stored, drawn, seed) };
}

function originOf(stored: number, drawn: number, seed: number): string {
  if (drawn === 0) return 'the weights stored with the model';
  const initial = `weights as the layers’ initializers draw them (seed ${seed})`;
  return stored === 0 ? initial : `the stored weights, and for ${drawn} tensors ${initial}`;
}

function storedWeights(
  model: ModelGraph,
  file: SourceFile,
  shard: (path: string) => Uint8Array | undefined,
): Map<string, WeightValues> {
  if (model.format === 'onnx' && file.bytes) return onnxWeightValues(file.bytes, model);
  if (model.format === 'onnx-text' && file.text !== undefined) {
    return onnxWeightValues(onnxTextToBinary(file.text), model);
  }
  const isStored = model.layers.some(layer => layer.weights.some(ref => ref.source.kind === 'stored'));
  if (model.format !== 'tfjs-json' || file.text === undefined || !isStored) return new Map();
  const { weights, errors } = readTfjsWeights(file.text, shard);
  if (errors.length > 0) throw new Error(`The weights of ${file.path} cannot be read: ${errors[0]!.message}`);
  return new Map(
    [...weights].map(([name, { shape, data }]) => [
      name,
      { shape, data: data instanceof Float32Array ? data : Float32Array.from(data) },
    ]),
  );
}
