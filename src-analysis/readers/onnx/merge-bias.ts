import type { Layer } from '../../model/graph.ts';
import { layerWeight, type NodeContext } from './context.ts';
import { isFloatType, type OnnxNode } from './model.ts';
import { alignedOperand } from './operators/elementwise.ts';
import type { GraphState } from './state.ts';
import type { ActivationValue, ConstantValue } from './value.ts';

/**
 * ONNX's MatMul has no bias, and some exporters leave it out of Conv too: it comes as an Add of a constant. If such an
 * Add is all that takes the layer's output, it becomes the layer's bias and is no layer of its own.
 *
 * @returns the value that the Add makes, or null if it is no bias.
 */
export function mergedBias(state: GraphState, node: OnnxNode, context: NodeContext): ActivationValue | null {
  if (node.domain !== '' || node.opType !== 'Add' || node.inputs.length !== 2) return null;
  const index = context.inputs.findIndex(value => value?.kind === 'activation');
  const product = context.inputs[index];
  const constant = context.inputs[1 - index];
  if (product?.kind !== 'activation' || constant?.kind !== 'constant' || !isFloatType(constant.dataType)) return null;
  const layer = state.layers[product.edge.layer];
  if (!layer || !lacksBias(layer) || !state.ownLayers.has(layer.id) || state.uses.get(node.inputs[index]!) !== 1)
    return null;
  const aligned = index === 0 ? alignedOperand(context, product, constant) : constant;
  if (!isBiasOf(layer, product, aligned as ConstantValue)) return null;
  state.layers[layer.id] = {
    ...layer,
    op: { ...layer.op, bias: true },
    weights: [...layer.weights, layerWeight(context, constant, 'bias')],
  };
  return product;
}

type BiasedLayer = Layer & { readonly op: { readonly kind: 'dense' | 'conv' | 'convTranspose' } };

function lacksBias(layer: Layer): layer is BiasedLayer {
  const { op } = layer;
  return (op.kind === 'dense' || op.kind === 'conv' || op.kind === 'convTranspose') && !op.bias;
}

/** One number for every unit or filter: of length 1 along every other axis, and with no axis more than the output. */
function isBiasOf({ op }: BiasedLayer, product: ActivationValue, { shape }: ConstantValue): boolean {
  if (!shape || shape.length === 0) return false;
  if (product.shape && shape.length > product.shape.length) return false;
  const [length, fromRight] = op.kind === 'dense' ? [op.units, 1] : [op.filters, op.spatialRank + 1];
  const axis = shape.length - fromRight;
  return length !== null && shape.every((dim, i) => dim === (i === axis ? length : 1)) && axis >= 0;
}
