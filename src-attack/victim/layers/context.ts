import type { Activation, Layer, ModelFormat } from '../../../src-analysis/model/graph.ts';
import type { Graph, Node } from '../../ir/graph.ts';
import type { Parameters } from '../parameters.ts';
import type { Value } from '../value.ts';

/** What a layer is built from. */
export interface LayerContext {
  readonly layer: Layer;
  readonly inputs: readonly Value[];
  readonly graph: Graph;
  readonly parameters: Parameters;
  /** Weights of ONNX models have the output channels first, those of TensorFlow.js last. */
  readonly format: ModelFormat;
  readonly normMode: 'eval' | 'train';
  /** A sentence about the model as it is run, for the report. */
  readonly assume: (sentence: string) => void;
  /** Remembers what went into a softmax or sigmoid, for a loss that wants logits. */
  readonly noteLogits: (output: Node, activation: Activation['name'], logits: Node) => void;
}

export function isOnnx(format: ModelFormat): boolean {
  return format === 'onnx' || format === 'onnx-text';
}
