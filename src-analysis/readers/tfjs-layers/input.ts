import type { Dim, Shape } from '../../model/graph.ts';
import { type ConfigValue, isUnknown, type LayerConfig } from './config.ts';
import { type Describe, type LayerContext, show } from './values.ts';

/** `shape` and `batchShape` are the names in `tf.input`, the others those of layers. */
const withoutBatch = ['inputShape', 'shape'] as const;
const withBatch = ['batchInputShape', 'batchShape'] as const;

/**
 * The input shape that a layer's configuration declares, without the batch axis: what makes it fit to be the first
 * of a sequential model. Undefined where none is declared, null where it is declared but not known.
 * Source: tfjs-layers engine/topology.ts, and core.ts and embeddings.ts for inputDim and inputLength.
 */
export function declaredInputShape(className: string, config: LayerConfig): Shape | undefined {
  const get = (key: string): ConfigValue => (Object.hasOwn(config, key) ? config[key] : undefined);
  for (const key of withBatch) {
    const value = get(key);
    if (value != null) return Array.isArray(value) ? toDims(value.slice(1)) : null;
  }
  for (const key of withoutBatch) {
    const value = get(key);
    if (value == null) continue;
    // `[batchSize].concat(inputShape)` takes a bare number as one dimension.
    return isUnknown(value) ? null : toDims(Array.isArray(value) ? value : [value]);
  }
  if (className === 'Dense' && get('inputDim') != null) return toDims([get('inputDim')]);
  if (className !== 'Embedding') return undefined;
  const lengths = get('inputLength');
  return isUnknown(lengths) ? null : toDims(Array.isArray(lengths) ? lengths : [lengths]);
}

function toDims(values: readonly ConfigValue[]): readonly Dim[] {
  return values.map(v => (typeof v === 'number' && Number.isSafeInteger(v) && v >= 0 ? v : null));
}

/** InputLayer and tf.input. */
export const inputLayer: Describe = c => {
  const shape = declaredInputShape(c.className, c.config);
  if (shape === undefined) c.problems.push('An input needs a shape or a batchInputShape.');
  for (const key of [...withBatch, ...withoutBatch]) checkDims(c, key);
  return { op: { kind: 'input' }, outputShapes: [shape ?? null], trainable: false };
};

function checkDims(c: LayerContext, key: string): void {
  const value = Object.hasOwn(c.config, key) ? c.config[key] : undefined;
  const dims: readonly ConfigValue[] = value == null ? [] : Array.isArray(value) ? value : [value];
  const isDim = (v: ConfigValue) =>
    v == null || isUnknown(v) || (typeof v === 'number' && Number.isInteger(v) && v >= 0);
  if (!dims.every(isDim)) c.problems.push(`${key} must consist of sizes or null, but is ${show(value)}.`);
}
