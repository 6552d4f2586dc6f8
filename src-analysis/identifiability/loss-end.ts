/** Where a model ends and its loss begins. */
import type { Activation, Layer, ModelGraph } from '../model/graph.ts';

export interface LossEnd {
  /** The layer that computes the logits, and which of its outputs they are. */
  readonly layer: Layer;
  readonly output: number;
  /** Layers behind it that belong to the loss or do nothing. */
  readonly skipped: ReadonlySet<number>;
  /** The activation of the layer itself, unless it belongs to the loss. */
  readonly activation: Activation | undefined;
  /** Cross-entropy of a softmax along `axis`; otherwise every output has a loss of its own. */
  readonly softmax: boolean;
  readonly axis: number;
}

/** Where the model's logits are: a softmax or sigmoid at the end belongs to the loss. */
export function lossEnd(graph: ModelGraph): LossEnd {
  const edge = graph.outputs[0]!;
  let layer = graph.layers[edge.layer]!;
  let { output } = edge;
  const skipped = new Set<number>();
  let loss: Activation | undefined;
  while (loss === undefined) {
    if (layer.op.kind === 'activation' && isLoss(layer.op.activation)) loss = layer.op.activation;
    else if (!['identity', 'dropout'].includes(layer.op.kind) || layer.activation) break;
    skipped.add(layer.id);
    const from = layer.inputs[0];
    if (!from) break;
    layer = graph.layers[from.layer]!;
    output = from.output;
  }
  const fused = loss === undefined && layer.activation && isLoss(layer.activation) ? layer.activation : undefined;
  const name = (loss ?? fused)?.name;
  const last = layer.outputShapes[output]?.at(-1);
  return {
    layer,
    output,
    skipped,
    activation: fused ? undefined : layer.activation,
    softmax: name !== 'sigmoid' && last !== 1,
    axis: (loss ?? fused)?.axis ?? -1,
  };
}

function isLoss({ name }: Activation): boolean {
  return name === 'softmax' || name === 'logSoftmax' || name === 'sigmoid';
}
