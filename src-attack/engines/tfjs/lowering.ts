import { concat, pad, slice, sliceAxis, transpose, zerosBetween } from '../../ir/arrange.ts';
import { convolutionGeometry } from '../../ir/convolution.ts';
import type { ConvolutionGeometry, Graph, Node } from '../../ir/graph.ts';
import { rewrite } from '../../ir/rewrite.ts';
import { convolutionByPatches, weightGradientByConvolution, weightGradientByPatches } from '../convolution-lowering.ts';

/*
 * What TensorFlow.js offers is narrower than the graph: convolution only channels-last, without groups, without
 * strides and dilations at once; its gradient kernels reject explicit padding; some backends have no kernel for the
 * weight gradient at all. Here the graph is rewritten to what every backend has.
 *
 * In the lowered graph, `conv` and `convInputGrad` nodes mean channels-last tensors and a kernel [kh, kw, C, M], without
 * padding and groups. The transpositions around them are ordinary nodes: those of weights are computed once, and those
 * between two convolutions cancel.
 */

const toChannelsLast = [0, 2, 3, 1];
const toChannelsFirst = [0, 3, 1, 2];
const kernelToChannelsLast = [2, 3, 1, 0];

export function lowerForTfjs(outputs: readonly Node[]): Node[] {
  // Weight gradients become convolutions first, which the second pass then lowers with the others.
  const withoutWeightGradients = rewrite(outputs, ({ operation, shape }, inputs) => {
    if (operation.kind !== 'convWeightGrad') return undefined;
    const { strides, dilations } = operation.geometry;
    const both = Math.max(...strides) > 1 && Math.max(...dilations) > 1;
    const lower = both ? weightGradientByPatches : weightGradientByConvolution;
    return lower(inputs[0]!, inputs[1]!, shape, operation.geometry);
  });
  return rewrite(withoutWeightGradients, ({ operation, shape }, inputs) => {
    const [a, b] = inputs as [Node, Node];
    if (operation.kind === 'conv') return lowerConv(a, b, shape, operation.geometry);
    if (operation.kind === 'convInputGrad') return lowerInputGradient(a, b, shape, operation.geometry);
    return undefined;
  });
}

function lowerConv(x: Node, w: Node, yShape: readonly number[], geometry: ConvolutionGeometry): Node {
  const { strides, dilations, padBefore, padAfter, groups } = geometry;
  if (Math.max(...strides) > 1 && Math.max(...dilations) > 1) return convolutionByPatches(x, w, yShape, geometry);
  const padded = pad(x, [0, 0, ...padBefore], [0, 0, ...padAfter]);
  const plain = convolutionGeometry({ strides, dilations });
  const parts = split(padded, 1, groups).map((part, group) =>
    channelsLast(part.graph, 'conv', plain, part, split(w, 0, groups)[group]!, [
      yShape[0]!,
      yShape[1]! / groups,
      ...yShape.slice(2),
    ]),
  );
  return concat(parts, 1);
}

function lowerInputGradient(dy: Node, w: Node, xShape: readonly number[], geometry: ConvolutionGeometry): Node {
  const { strides, dilations, padBefore, padAfter, groups } = geometry;
  // A dilated kernel is a larger one with zeros in it.
  const dense = zerosBetween(w, [1, 1, ...dilations]);
  const plain = convolutionGeometry({ strides });
  const paddedShape = [
    xShape[0]!,
    xShape[1]! / groups,
    ...[0, 1].map(i => xShape[i + 2]! + padBefore[i]! + padAfter[i]!),
  ];
  const parts = split(dy, 1, groups).map((part, group) =>
    channelsLast(part.graph, 'convInputGrad', plain, part, split(dense, 0, groups)[group]!, paddedShape),
  );
  const [top, left] = padBefore;
  const ends = [xShape[0]!, xShape[1]!, top + xShape[2]!, left + xShape[3]!];
  return slice(concat(parts, 1), [0, 0, top, left], ends);
}

/** A channels-last node between transpositions. `shape` is the result's, channels first. */
function channelsLast(
  graph: Graph,
  kind: 'conv' | 'convInputGrad',
  geometry: ConvolutionGeometry,
  map: Node,
  kernel: Node,
  shape: readonly number[],
): Node {
  const inputs = [transpose(map, toChannelsLast), transpose(kernel, kernelToChannelsLast)];
  const result = graph.node(
    { kind, geometry },
    inputs,
    toChannelsLast.map(axis => shape[axis]!),
  );
  return transpose(result, toChannelsFirst);
}

function split(node: Node, axis: number, groups: number): Node[] {
  const length = node.shape[axis]! / groups;
  return Array.from({ length: groups }, (_, group) => sliceAxis(node, axis, group * length, (group + 1) * length));
}
