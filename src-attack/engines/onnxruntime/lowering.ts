import { reshape, sliceAxis } from '../../ir/arrange.ts';
import { convInputGrad } from '../../ir/convolution.ts';
import type { ConvolutionGeometry, Node } from '../../ir/graph.ts';
import { addAll } from '../../ir/reduce.ts';
import { rewrite } from '../../ir/rewrite.ts';
import {
  convolutionByPatches,
  inputGradientByPatches,
  weightGradientByConvolution,
  weightGradientByPatches,
} from '../convolution-lowering.ts';
import type { Precision } from '../engine.ts';

/** From this many weights in a kernel's channel pair matrix on, patches and one matrix product are faster. */
const wideLayer = 256;

export interface LoweringOptions {
  readonly precision: Precision;
  /**
   * ONNX Runtime's WebGPU provider (1.30) computes a transposed depthwise convolution wrongly where a channel has
   * several filters: these are then taken one by one.
   */
  readonly oneFilterAChannel: boolean;
}

/**
 * The graph in operations that ONNX has: weight gradients become convolutions or matrix products. ONNX Runtime's CPU
 * kernels have no float64 convolution: there every convolution becomes a matrix product.
 */
export function lowerForOnnx(outputs: readonly Node[], { precision, oneFilterAChannel }: LoweringOptions): Node[] {
  return rewrite(outputs, (node, inputs) => {
    const [a, b] = inputs as [Node, Node];
    const { operation, shape } = node;
    switch (operation.kind) {
      case 'convWeightGrad': {
        const wide = shape[0]! * shape[1]! >= wideLayer;
        const lower = wide || precision === 'float64' ? weightGradientByPatches : weightGradientByConvolution;
        return lower(a, b, shape, operation.geometry);
      }
      case 'conv':
        return precision === 'float64' ? convolutionByPatches(a, b, shape, operation.geometry) : undefined;
      case 'convInputGrad':
        if (precision === 'float64') return inputGradientByPatches(a, b, shape, operation.geometry);
        return oneFilterAChannel ? depthwiseInputGradient(a, b, shape, operation.geometry) : undefined;
      default:
        return undefined;
    }
  });
}

/** Sum over the filters of a channel; undefined where there is one, or where groups have several channels. */
function depthwiseInputGradient(
  dy: Node,
  w: Node,
  xShape: readonly number[],
  geometry: ConvolutionGeometry,
): Node | undefined {
  const { groups } = geometry;
  const filters = w.shape[0]! / groups;
  if (groups === 1 || filters === 1 || w.shape[1] !== 1) return undefined;
  const maps = reshape(dy, [dy.shape[0]!, groups, filters, ...dy.shape.slice(2)]);
  const kernels = reshape(w, [groups, filters, ...w.shape.slice(2)]);
  const terms = Array.from({ length: filters }, (_, filter) => {
    const map = reshape(sliceAxis(maps, 2, filter, filter + 1), [dy.shape[0]!, groups, ...dy.shape.slice(2)]);
    return convInputGrad(map, sliceAxis(kernels, 1, filter, filter + 1), xShape, geometry);
  });
  return addAll(terms);
}
