import { unknownsOf } from '../../src-analysis/identifiability/unknowns.ts';
import type { DataFormat, Edge, ModelGraph } from '../../src-analysis/model/graph.ts';
import type { Graph, Node } from '../ir/graph.ts';
import { isOnnx } from './layers/context.ts';
import { inOwnLayout, NotSupported, type Value } from './value.ts';
import type { Victim, VictimOptions } from './victim.ts';

export interface ModelInput {
  /** The tensor that `x` stands for: the model's input, or what an embedding makes of it. */
  readonly edge: Edge;
  /** Layers in front of it. */
  readonly skipped: ReadonlySet<number>;
  readonly x: Node;
  readonly value: Value;
  readonly layout: Victim['inputLayout'];
}

/** The input node `x`. Images are [B, C, H, W] whatever the model's own layout, everything else is as the model has it. */
export function inputOf(model: ModelGraph, graph: Graph, options: VictimOptions): ModelInput {
  if (model.inputs.length === 0) throw new NotSupported('The model has no input.');
  if (model.inputs.length > 1) {
    throw new NotSupported(`The model has ${model.inputs.length} inputs; the attack engine covers one.`);
  }
  const { edge, skipped, isLookedUp } = unknownTensor(model, options);
  const given = isLookedUp ? undefined : options.inputShape;
  const shape = given ?? model.layers[edge.layer]?.outputShapes[edge.output];
  if (!shape?.every(dim => dim !== null && dim > 0)) {
    const told = shape ? `[${shape.map(dim => dim ?? '?').join(', ')}]` : 'not even its rank';
    throw new NotSupported(`The shape of the input is not known in full (${told}): write it into the model.`);
  }
  const dims = shape as readonly number[];
  if (dims.length !== 3 || isLookedUp) {
    const x = graph.input('x', [options.batch, ...dims]);
    return { edge, skipped, x, value: inOwnLayout(x), layout: 'flat' };
  }
  const layout = imageFormat(model, edge);
  const [height, width, channels] = dims as [number, number, number];
  const x = graph.input('x', [options.batch, ...(layout === 'channelsLast' ? [channels, height, width] : dims)]);
  return { edge, skipped, x, value: { node: x, swapped: layout === 'channelsLast' }, layout };
}

/** The model's input; where tokens' vectors are asked for and the input is made of tokens, the vectors. */
function unknownTensor(model: ModelGraph, { tokenVectors }: VictimOptions) {
  const input = { edge: model.inputs[0]!, skipped: new Set<number>(), isLookedUp: false };
  if (!tokenVectors) return input;
  const unknowns = unknownsOf(model);
  if ('reason' in unknowns) throw new NotSupported(`What its unknowns are is not known: ${unknowns.reason}.`);
  const [edge, ...more] = unknowns.edges;
  if (!edge || unknowns.embeddings.size === 0) return input;
  if (more.length > 0)
    throw new NotSupported(`Its tokens are looked up in ${1 + more.length} tables, and one is covered.`);
  return { edge, skipped: unknowns.skipped, isLookedUp: true };
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
