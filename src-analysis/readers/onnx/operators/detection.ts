import {
  batchOf,
  inputElements,
  intAttribute,
  intsAttribute,
  layerWeight,
  type NodeContext,
  notCovered,
  type Operator,
  type OutputValue,
  requiredInput,
} from '../context.ts';
import { checkedDim } from '../dimension.ts';
import { readConvolution } from './convolution.ts';
import { dimsOf, fixed, known, unknownOutput, withInputs } from './known.ts';
import { windowGeometry, windowOutput } from './window.ts';

/** One map of fixed size for every region; regions are no samples. */
function regions(context: NodeContext, height: number, width: number): readonly OutputValue[] {
  const channels = dimsOf(context, 0, 4)[1] ?? null;
  const count = requiredInput(context, 1).shape?.[0] ?? null;
  return [{ shape: [count, channels, checkedDim(height), checkedDim(width)], batch: 'lost' }];
}

function roiAlign(context: NodeContext): readonly OutputValue[] {
  return regions(context, intAttribute(context, 'output_height', 1), intAttribute(context, 'output_width', 1));
}

function maxRoiPool(context: NodeContext): readonly OutputValue[] {
  const [height = 0, width = 0] = intsAttribute(context, 'pooled_shape') ?? [];
  return regions(context, height, width);
}

/** GridSample: one entry of every channel for every point of the grid, whose last axis holds coordinates. */
function gridSample(context: NodeContext): readonly OutputValue[] {
  const input = requiredInput(context, 0);
  const grid = requiredInput(context, 1);
  const batch = batchOf(input) === 'none' ? batchOf(grid) : batchOf(input);
  if (grid.shape === null) return [{ shape: null, batch }];
  const [first = null, channels = null] = input.shape ?? [];
  return [{ shape: [first ?? grid.shape[0] ?? null, channels, ...grid.shape.slice(1, -1)], batch }];
}

/** AffineGrid: for the size [batch, channels, …lengths] the coordinates of every point. */
function affineGrid(context: NodeContext): readonly OutputValue[] {
  const theta = requiredInput(context, 0);
  const size = inputElements(context, 1);
  const batch = batchOf(theta);
  if (size === null) return [unknownOutput];
  return [{ shape: [...[size[0] ?? null, ...size.slice(2)].map(dim => checkedDim(dim)), size.length - 2], batch }];
}

/** DeformConv: a convolution whose windows are bent by offsets. */
const deformConv: Operator = {
  attributes: ['dilations', 'group', 'kernel_shape', 'offset_group', 'pads', 'strides'],
  infer: context => {
    const [input, kernel, , bias] = context.inputs;
    const convolution = readConvolution(withInputs(context, [input, kernel, bias]));
    const lengths = windowOutput(convolution.spatial, windowGeometry(context, convolution.kernelSize));
    const shape = [convolution.input.shape?.[0] ?? null, convolution.first, ...lengths];
    const weights = [
      ...(kernel?.kind === 'constant' ? [layerWeight(context, kernel, 'kernel')] : []),
      ...(bias?.kind === 'constant' ? [layerWeight(context, bias, 'bias')] : []),
    ];
    const outputs = [{ shape, batch: batchOf(convolution.input) }];
    return notCovered('Its windows are bent by offsets that the model computes.', outputs, weights);
  },
};

export const detectionOperators: Readonly<Record<string, Operator>> = {
  RoiAlign: known('roiAlign', roiAlign, [
    'coordinate_transformation_mode',
    'mode',
    'output_height',
    'output_width',
    'sampling_ratio',
    'spatial_scale',
  ]),
  MaxRoiPool: known('maxRoiPool', maxRoiPool, ['pooled_shape', 'spatial_scale']),
  NonMaxSuppression: known('nonMaxSuppression', () => [fixed([null, 3])], ['center_point_box']),
  GridSample: known('gridSample', gridSample, ['align_corners', 'mode', 'padding_mode']),
  AffineGrid: known('affineGrid', affineGrid, ['align_corners']),
  DeformConv: deformConv,
};
