import type { Graph, Node, Values } from '../ir/graph.ts';

/** A weight tensor's values, row-major, in the layout of the model's own format. */
export interface WeightValues {
  readonly shape: readonly number[];
  readonly data: Values;
}

/** What is differentiated: the loss that the model is trained with, a mean over the batch. */
export type VictimLoss = 'cross-entropy' | 'mse' | 'bce';

export interface VictimOptions {
  readonly batch: number;
  readonly loss: VictimLoss;
  /** Whether batch-norm uses its stored statistics (`eval`) or those of the batch (`train`). */
  readonly normMode: 'eval' | 'train';
  /**
   * Of a model that looks tokens up, `x` are their vectors: no derivative leads to the tokens themselves. Otherwise such a model is
   * not supported.
   */
  readonly tokenVectors?: boolean;
  /** Shape of the input in the model's own layout, without the batch, where the model leaves dimensions open. */
  readonly inputShape?: readonly number[];
}

export interface VictimParameter {
  /** The key in the weight map. */
  readonly name: string;
  readonly layerId: number;
  readonly role: string;
  /**
   * Constant node in the layout of the model's own format, so that its gradient is the one that a client would send. Of a table
   * whose vectors are the unknowns, `x` itself: the rows of its gradient that are not 0, where no token comes twice.
   */
  readonly node: Node;
}

/** Something on the path from input to loss that cannot be run, with what to do about it. */
export interface Unsupported {
  /** Layer id; null for what concerns the whole model. */
  readonly layer: number | null;
  readonly reason: string;
}

/** A model as the attack sees it: the loss of its training step and the gradient that would be shared. */
export interface Victim {
  readonly graph: Graph;
  /** Input node `x`: [B, C, H, W] for images whatever the model's layout, else [B, …] as the model has it. */
  readonly x: Node;
  /** Where `x` are the vectors of tokens: their table, [vocabulary, D]. */
  readonly table?: WeightValues;
  /** The layout of the model's own input, for what is shown to the user. */
  readonly inputLayout: 'channelsFirst' | 'channelsLast' | 'flat';
  /** Input node `y` of the shape of the output: one-hot labels, or the target of a regression. */
  readonly y: Node;
  /** Output before a final softmax (cross-entropy) or sigmoid (bce); [B, classes]. */
  readonly logits: Node;
  readonly loss: Node;
  /** Trainable weights, in layer order. */
  readonly parameters: readonly VictimParameter[];
  /** ∂loss/∂parameter, in the same order. */
  readonly gradients: readonly Node[];
  /** Output of every layer that was built: feature maps as [B, C, H, W], the rest in the model's own layout. */
  readonly layerOutputs: ReadonlyMap<number, Node>;
  /** What was assumed, in sentences (dropout off, …). */
  readonly assumptions: readonly string[];
}

/** A victim, or why there is none: every obstacle at once. */
export type VictimResult =
  | { readonly victim: Victim; readonly unsupported: readonly [] }
  | { readonly victim: null; readonly unsupported: readonly Unsupported[] };
