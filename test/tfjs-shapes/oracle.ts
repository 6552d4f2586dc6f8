import * as tf from '@tensorflow/tfjs';
import type { Shape, WeightRef } from '../../src-analysis/model/graph.ts';
import { factoryOf } from '../../src-analysis/readers/tfjs-layers/catalogue.ts';
import type { ConfigValue, LayerConfig } from '../../src-analysis/readers/tfjs-layers/config.ts';

/** What TensorFlow.js itself makes of a layer: its shapes, or why it refuses. */
export type Verdict =
  | { readonly refused: string }
  | {
      /** Without the batch axis; those it infers and those it computes from zeros are the same. */
      readonly outputShapes: readonly Shape[];
      /** The role is the last part of its name, in snake case. */
      readonly weights: readonly Pick<WeightRef, 'role' | 'shape' | 'trainable'>[];
      /** The configuration it would save, with all defaults spelt out. */
      readonly config: LayerConfig;
    };

type AnyLayer = tf.layers.Layer & { readonly trainableWeights: readonly { readonly id: number }[] };
const factories = tf.layers as unknown as Readonly<Record<string, (config: unknown) => AnyLayer>>;
const batch = 2;

/** Makes a real layer; `{ className, config }` objects inside the configuration become layers too. */
export function makeLayer(className: string, config: LayerConfig): AnyLayer {
  if (className === 'Sequential') return tf.sequential(instantiate(config) as tf.SequentialArgs) as unknown as AnyLayer;
  const factory = factories[factoryOf(className) ?? className];
  if (!factory) throw new Error(`no factory for ${className}`);
  return factory(instantiate(config));
}

function instantiate(value: ConfigValue): unknown {
  if (Array.isArray(value)) return value.map(instantiate);
  if (typeof value !== 'object' || value === null) return value;
  const entries = value as LayerConfig;
  if (typeof entries.className === 'string' && typeof entries.config === 'object') {
    return makeLayer(entries.className, entries.config as LayerConfig);
  }
  return Object.fromEntries(Object.entries(entries).map(([key, v]) => [key, instantiate(v)]));
}

export function ask(className: string, config: LayerConfig, inputShapes: readonly (readonly number[])[]): Verdict {
  tf.engine().startScope();
  try {
    return judge(className, config, inputShapes);
  } catch (error) {
    return { refused: error instanceof Error ? error.message : String(error) };
  } finally {
    tf.engine().endScope();
  }
}

function judge(className: string, config: LayerConfig, inputShapes: readonly (readonly number[])[]): Verdict {
  const layer = makeLayer(className, config);
  const shapes = inputShapes.map(shape => [batch, ...shape]);
  const symbols = shapes.map(batchShape => tf.input({ batchShape: [...batchShape] }));
  const symbolic = toList(layer.apply(one(symbols)));
  const outputShapes = symbolic.map(t => t.shape.slice(1));
  const sizes = [...outputShapes, ...layer.weights.map(w => w.shape)].flat();
  if (!sizes.every(dim => Number(dim) > 0 && Number.isFinite(dim))) return { refused: 'an empty tensor' };
  const [first, ...states] = shapes.map(shape => tf.zeros(shape));
  const kwargs = states.length > 0 && 'cell' in layer ? { initialState: states } : {};
  const inputs = 'cell' in layer || states.length === 0 ? first : [first, ...states];
  const computed = toList(layer.apply(inputs as tf.Tensor, kwargs)) as tf.Tensor[];
  const trainable = new Set(layer.trainableWeights.map(w => w.id));
  const weights = layer.weights as unknown as readonly { id: number; shape: number[]; originalName: string }[];
  const computedShapes = computed.map(t => t.shape.slice(1));
  if (JSON.stringify(computedShapes) !== JSON.stringify(outputShapes)) {
    return { refused: `infers ${JSON.stringify(outputShapes)}, but computes ${JSON.stringify(computedShapes)}` };
  }
  const verdict = {
    outputShapes,
    config: JSON.parse(JSON.stringify(layer.getConfig())) as LayerConfig,
    weights: weights.map(w => ({
      role: w.originalName.split('/').at(-1) ?? '',
      shape: w.shape,
      trainable: trainable.has(w.id),
    })),
  };
  for (const w of layer.weights) w.dispose();
  return verdict;
}

function one<T>(list: readonly T[]): T | T[] {
  const [only] = list;
  return list.length === 1 && only !== undefined ? only : [...list];
}

function toList<T>(value: T | T[]): T[] {
  return Array.isArray(value) ? value : [value];
}
