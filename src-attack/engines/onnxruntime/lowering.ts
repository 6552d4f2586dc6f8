import type { Node } from '../../ir/graph.ts';
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

/**
 * The graph in operations that ONNX has: weight gradients become convolutions or matrix products. ONNX Runtime's CPU
 * kernels have no float64 convolution: there every convolution becomes a matrix product.
 */
export function lowerForOnnx(outputs: readonly Node[], precision: Precision): Node[] {
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
        return precision === 'float64' ? inputGradientByPatches(a, b, shape, operation.geometry) : undefined;
      default:
        return undefined;
    }
  });
}
