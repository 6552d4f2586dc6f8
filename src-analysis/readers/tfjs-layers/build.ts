import type { Activation, Op, Shape, WeightRef } from '../../model/graph.ts';
import type { LayerConfig } from './config.ts';

/** What one application of a TensorFlow.js layer does, as far as its configuration tells. */
export interface LayerDescription {
  readonly op: Op;
  /** One shape for each output tensor, without the batch axis. */
  readonly outputShapes: readonly Shape[];
  /** Activation fused into the layer; absent for none and for `linear`. */
  readonly activation?: Activation;
  /** In the order of `layer.weights` in TensorFlow.js, in its layout; names are empty, the reader knows them. */
  readonly weights: readonly WeightRef[];
  /** `trainable` of the configuration. */
  readonly trainable: boolean;
  /** What TensorFlow.js would refuse, one sentence each. */
  readonly problems: readonly string[];
}

/**
 * Describes the layer that TensorFlow.js would build from `className` and `config` on inputs of the given shapes
 * (without the batch axis; null where unknown). Never throws: what is wrong is told in `problems`, what is not
 * known is null or an op of kind `unknown`.
 */
export function describeLayer(
  className: string,
  config: LayerConfig,
  _inputShapes: readonly Shape[],
): LayerDescription {
  return {
    op: { kind: 'unknown', reason: `Leaklint does not know the layer class ${className}.` },
    outputShapes: [null],
    weights: [],
    trainable: config.trainable !== false,
    problems: [],
  };
}
