import type { ModelGraph } from '../../src-analysis/model/graph.ts';
import { readOnnxWeights } from '../../src-analysis/readers/onnx/weights.ts';
import type { WeightValues } from './victim.ts';

/**
 * The values of every weight that an ONNX model's layers refer to, for {@link buildVictim}. Integers are turned into
 * floating-point numbers. Throws with a sentence where a tensor is missing or unreadable (see readOnnxWeights).
 */
export function onnxWeightValues(bytes: Uint8Array, model: ModelGraph): Map<string, WeightValues> {
  const weights = model.layers.flatMap(layer => layer.weights);
  const values = new Map<string, WeightValues>();
  const names = new Set<string>();
  for (const { name, shape, source } of weights) {
    const computed = source.kind === 'stored' && shape.every(dim => dim !== null) ? source.values : undefined;
    if (computed) values.set(name, { shape: shape as readonly number[], data: Float64Array.from(computed) });
    else names.add(name);
  }
  for (const [name, { shape, data }] of readOnnxWeights(bytes, names)) {
    const isFloat = data instanceof Float32Array || data instanceof Float64Array;
    values.set(name, { shape, data: isFloat ? data : Float64Array.from(data as ArrayLike<number | bigint>, Number) });
  }
  return values;
}
