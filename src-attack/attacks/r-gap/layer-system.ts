import type { Engine } from '../../engines/engine.ts';
import { conv, convInputGrad, convWeightGrad } from '../../ir/convolution.ts';
import { add, mul } from '../../ir/elementwise.ts';
import { type ConvolutionGeometry, createGraph, type Node, sizeOf } from '../../ir/graph.ts';
import type { LinearOperator } from '../../linear-algebra/conjugate-gradients.ts';
import { norm } from '../../linear-algebra/vector.ts';
import type { CutOff } from './inverse.ts';

/**
 * The linear system U x = v of one convolution (Zhu & Blaschko 2021): weight rows W x = z and gradient rows
 * K x = ∂L/∂W, K made of δ = ∂L/∂z. Padding entries are not unknowns. Both families are scaled to like mean row norms,
 * so that neither drowns in the other's rounding.
 */
export interface LayerSystem {
  readonly operator: LinearOperator;
  readonly right: Float64Array;
  dispose(): Promise<void>;
}

/** What is known of one convolution from the layers after it; batch 1. */
export interface KnownLayer {
  /** The convolution's node, for its shapes. */
  readonly node: Node;
  readonly geometry: ConvolutionGeometry;
  /** [M, C/g, kh, kw]. */
  readonly kernel: Float64Array;
  /** Its output, and the gradient of the loss there. */
  readonly z: Float64Array;
  /** Where a ReLU cuts `z` off: the equations there are left out. Absent: known everywhere. */
  readonly cutOff?: CutOff | undefined;
  readonly delta: Float64Array;
  /** Observed gradient of the kernel in the kernel's layout; absent where the kernel is not trained. */
  readonly kernelGradient: Float64Array | undefined;
}

/**
 * Weight of the gradient rows: a kernel's gradient is a sum over all positions in float32 and less exact than the
 * output. Measured on cnn2_c1: 143.9 dB with 1, 147.4 with 0.3. Behind a ReLU the gradient rows must stand in for the
 * outputs that are cut off, and conjugate gradients converge best with rows of one size: with 0.3 they stop short of the
 * solution on a 5×5 LeNet at 32².
 */
const gradientWeight = { allKnown: 0.3, cutOff: 1 };

/** @param engine computes in float64 */
export async function layerSystem(layer: KnownLayer, engine: Engine): Promise<LayerSystem> {
  const { node, geometry, kernel, z, delta, kernelGradient } = layer;
  const known = layer.cutOff?.known;
  const [xShape, wShape] = [node.inputs[0]!.shape, node.inputs[1]!.shape];
  const weightScale = inverseRowNorm(kernel, wShape[0]!);
  const gradientScale = kernelGradient
    ? gradientWeight[known ? 'cutOff' : 'allKnown'] * inverseRowNorm(delta, node.shape[1]!)
    : 0;
  const graph = createGraph();
  const x = graph.input('x', xShape);
  const outputs = graph.input('outputs', node.shape);
  const gradients = graph.input('gradients', wShape);
  const w = graph.constant('scaled kernel', wShape, scaled(kernel, weightScale));
  const d = graph.constant('scaled delta', node.shape, scaled(delta, gradientScale));
  const mask = known && graph.constant('known outputs', node.shape, known);
  const masked = (rows: Node) => (mask ? mul(rows, mask) : rows);
  const forward = await engine.compile(
    { outputs: masked(conv(x, w, geometry)), gradients: convWeightGrad(x, d, wShape, geometry) },
    { precision: 'float64' },
  );
  const backward = await engine.compile(
    { x: add(convInputGrad(masked(outputs), w, xShape, geometry), convInputGrad(d, gradients, xShape, geometry)) },
    { precision: 'float64' },
  );
  const join = (first: ArrayLike<number>, second: ArrayLike<number>) => {
    const all = new Float64Array(first.length + second.length);
    all.set(first);
    all.set(second, first.length);
    return all;
  };
  const count = sizeOf(node.shape);
  return {
    right: join(
      scaled(known ? z.map((value, i) => value * known[i]!) : z, weightScale),
      scaled(kernelGradient ?? new Float64Array(kernel.length), gradientScale),
    ),
    operator: {
      columns: sizeOf(xShape),
      async apply(values) {
        const run = await forward.run({ x: values });
        return join(run.outputs!, run.gradients!);
      },
      async applyTransposed(values) {
        const run = await backward.run({ outputs: values.subarray(0, count), gradients: values.subarray(count) });
        return run.x as Float64Array;
      },
    },
    async dispose() {
      await forward.dispose();
      await backward.dispose();
    },
  };
}

function scaled(values: Float64Array, factor: number): Float64Array {
  return values.map(value => value * factor);
}

/** 1 / root mean square norm of the rows of a matrix given row by row. */
function inverseRowNorm(entries: Float64Array, rows: number): number {
  const size = norm(entries) / Math.sqrt(rows);
  return size > 0 ? 1 / size : 0;
}
