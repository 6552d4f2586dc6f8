import type { DataFormat, Edge, ModelGraph } from '../../src-analysis/model/graph.ts';
import type { Graph, Node } from '../ir/graph.ts';
import { isOnnx } from './layers/context.ts';
import { inOwnLayout, NotSupported, type Value } from './value.ts';
import type { Victim, VictimOptions } from './victim.ts';

export interface ModelInput {
  readonly edge: Edge;
  readonly x: Node;
  readonly value: Value;
  readonly layout: Victim['inputLayout'];
}

/** The input node `x`. Images are [B, C, H, W] whatever the model's own layout, everything else is as the model has it. */
export function inputOf(model: ModelGraph, graph: Graph, options: VictimOptions): ModelInput {
  const [edge] = model.inputs;
  if (!edge) throw new NotSupported('The model has no input.');
  if (model.inputs.length > 1) {
    throw new NotSupported(`The model has ${model.inputs.length} inputs; the attack engine covers one.`);
  }
  const shape = options.inputShape ?? model.layers[edge.layer]?.outputShapes[edge.output];
  if (!shape?.every(dim => dim !== null && dim > 0)) {
    const told = shape ? `[${shape.map(dim => dim ?? '?').join(', ')}]` : 'not even its rank';
    throw new NotSupported(`The shape of the input is not known in full (${told}): write it into the model.`);
  }
  const dims = shape as readonly number[];
  if (dims.length !== 3) {
    const x = graph.input('x', [options.batch, ...dims]);
    return { edge, x, value: inOwnLayout(x), layout: 'flat' };
  }
  const layout = imageFormat(model, edge);
  const [height, width, channels] = dims as [number, number, number];
  const x = graph.input('x', [options.batch, ...(layout === 'channelsLast' ? [channels, height, width] : dims)]);
  return { edge, x, value: { node: x, swapped: layout === 'channelsLast' }, layout };
}

/**
 * How a model's image input is laid out: as the first convolution or pooling reads it, unless a permutation comes
 * before (models that were converted from TensorFlow to ONNX begin with one); where there is neither, as the format has it.
 */
function imageFormat(model: ModelGraph, edge: Edge): DataFormat {
  const behind = new Set([edge.layer]);
  for (const { id, op, inputs } of model.layers) {
    if (!inputs.some(input => behind.has(input.layer))) continue;
    if (op.kind === 'conv' || op.kind === 'convTranspose' || op.kind === 'separableConv' || op.kind === 'pool') {
      return op.dataFormat;
    }
    if (op.kind === 'rearrange') {
      if (op.how === 'permute') return op.permutation?.join() === '2,0,1' ? 'channelsLast' : formatDefault(model);
      if (op.how !== 'pad' && op.how !== 'crop') break;
    }
    behind.add(id);
  }
  return formatDefault(model);
}

function formatDefault(model: ModelGraph): DataFormat {
  return isOnnx(model.format) ? 'channelsFirst' : 'channelsLast';
}
