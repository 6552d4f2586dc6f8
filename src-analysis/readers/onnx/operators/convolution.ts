import type { ConvOp, ConvTransposeOp, WeightRef } from '../../../model/graph.ts';
import {
  batchOf,
  constantInputs,
  fail,
  imageBatchProblem,
  intAttribute,
  intsAttribute,
  layerWeight,
  type NodeContext,
  notCovered,
  type Operator,
  type Outcome,
  optionalInput,
  requiredInput,
  shapeText,
} from '../context.ts';
import { checkedDim, type Dim, differ, informed, MAX_DIM, plainDim, times } from '../dimension.ts';
import type { Value } from '../value.ts';
import { windowGeometry, windowOutput } from './window.ts';

/** What Conv and ConvTranspose check and read in the same way. The kernel is [first, second, ...kernelSize]. */
export interface Convolution {
  readonly input: Value;
  readonly kernel: Value;
  readonly bias: Value | null;
  readonly spatialRank: number;
  readonly kernelSize: readonly Dim[];
  /** The two leading axes of the kernel. */
  readonly first: Dim;
  readonly second: Dim;
  readonly groups: number;
  /** Input lengths along the spatial axes. */
  readonly spatial: readonly Dim[];
  readonly inChannels: Dim;
}

export function readConvolution(context: NodeContext): Convolution {
  const input = requiredInput(context, 0);
  const kernel = requiredInput(context, 1);
  const kernelShape = intsAttribute(context, 'kernel_shape');
  const rank = (kernel.shape ?? input.shape)?.length ?? (kernelShape ? kernelShape.length + 2 : null);
  if (rank === null) fail('neither its input nor its kernel has a known shape');
  if (rank < 3) fail(`its kernel has shape ${shapeText(kernel.shape ?? input.shape)}; at least 3 axes are needed`);
  const spatialRank = rank - 2;
  if (input.shape && input.shape.length !== rank) {
    fail(`its kernel has shape ${shapeText(kernel.shape)}, but its input ${shapeText(input.shape)}: the ranks differ`);
  }
  const stored = kernel.shape ?? Array<null>(rank).fill(null);
  const kernelSize = kernelSizeOf(stored.slice(2), kernelShape);
  const groups = intAttribute(context, 'group', 1);
  if (groups < 1 || groups > MAX_DIM) fail(`its attribute 'group' is ${groups}`);
  return {
    input,
    kernel,
    bias: optionalInput(context, 2),
    spatialRank,
    kernelSize,
    first: stored[0] ?? null,
    second: stored[1] ?? null,
    groups,
    spatial: input.shape?.slice(2) ?? Array<null>(spatialRank).fill(null),
    inChannels: input.shape?.[1] ?? null,
  };
}

/** The kernel's own axes, which `kernel_shape` may only repeat. */
function kernelSizeOf(stored: readonly Dim[], attribute: readonly number[] | null): readonly Dim[] {
  const size = stored.map((dim, axis) => dim ?? attribute?.[axis] ?? null);
  if (
    attribute &&
    (attribute.length !== size.length || size.some((dim, axis) => differ(dim, attribute[axis] ?? null)))
  ) {
    fail(`its attribute 'kernel_shape' is [${attribute.join(', ')}], but the kernel's own is ${shapeText(size)}`);
  }
  if (size.some(dim => dim === 0)) fail('its kernel is empty');
  return size;
}

export const conv: Operator = {
  attributes: ['auto_pad', 'dilations', 'group', 'kernel_shape', 'pads', 'strides'],
  infer: context => {
    const convolution = readConvolution(context);
    const { kernelSize, first: filters, second, groups } = convolution;
    const inChannels = agreeing(convolution.inChannels, checkedDim(times(second, groups)), 'input channels');
    if (typeof filters === 'number' && filters % groups !== 0) {
      fail(`its ${filters} filters cannot be divided into ${groups} groups`);
    }
    const geometry = windowGeometry(context, kernelSize);
    const shape = [convolution.input.shape?.[0] ?? null, filters, ...windowOutput(convolution.spatial, geometry)];
    return finishConvolution(context, convolution, shape, spatialRank => ({
      kind: 'conv',
      spatialRank,
      inChannels: plainDim(inChannels),
      filters: plainDim(filters),
      kernelSize: geometry.kernel,
      strides: geometry.strides,
      dilations: geometry.dilations,
      padding: geometry.padding,
      groups,
      bias: convolution.bias !== null,
      dataFormat: 'channelsFirst',
    }));
  },
};

/** Two sources of one number, null where neither knows it. */
export function agreeing(a: Dim, b: Dim, what: string): Dim {
  if (differ(a, b)) fail(`its input has ${a} ${what}, but its kernel has ${b}`);
  return informed(a, b);
}

/** Checks the bias, collects the weights and decides whether the layer is one that the analysis can describe. */
export function finishConvolution(
  context: NodeContext,
  { input, kernel, bias, spatialRank }: Convolution,
  shape: readonly Dim[],
  describe: (spatialRank: 1 | 2 | 3) => ConvOp | ConvTransposeOp,
): Outcome {
  const filters = shape[1] ?? null;
  if (bias?.shape && (bias.shape.length !== 1 || !couldBe(bias.shape[0] ?? null, filters))) {
    fail(`its bias has shape ${shapeText(bias.shape)}, but it has ${filters ?? '?'} filters`);
  }
  const outputs = [{ shape, batch: batchOf(input) }];
  if (kernel.kind === 'activation') {
    return notCovered('Its kernel is computed from the input of the model.', outputs, constantInputs(context));
  }
  const weights: WeightRef[] = [layerWeight(context, kernel, 'kernel')];
  if (bias?.kind === 'constant') weights.push(layerWeight(context, bias, 'bias'));
  if (bias?.kind === 'activation') {
    return notCovered('Its bias is computed from the input of the model.', outputs, weights);
  }
  const reason = imageBatchProblem(context, input);
  if (reason) return notCovered(reason, outputs, weights);
  if (spatialRank > 3) return notCovered(`Convolution over ${spatialRank} axes is not covered.`, outputs, weights);
  return { op: describe(spatialRank as 1 | 2 | 3), outputs, weights };
}

function couldBe(a: Dim, b: Dim): boolean {
  return !differ(a, b);
}
