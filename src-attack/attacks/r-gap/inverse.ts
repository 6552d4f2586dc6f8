import { type Node, sizeOf } from '../../ir/graph.ts';
import { NotApplicable } from '../attack.ts';
import { describe, type Link } from './chain.ts';

/** Values of nodes that do not depend on the model's input. */
export type Constants = ReadonlyMap<Node, Float64Array>;

/** What is known of values of which a ReLU cut some off. */
export interface CutOff {
  /** 1 where the value is known, 0 where it was cut off. */
  readonly known: Float64Array;
  /** A value that was cut off is on that side of this limit on which the made-up one is. */
  readonly limit: Float64Array;
}

/** The value of a node on the path, as far as the layers after it tell. */
export interface KnownValue {
  /** Made up where they were cut off: what counts there is that they are cut off again. */
  readonly values: Float64Array;
  /** Absent: known everywhere. */
  readonly cutOff?: CutOff | undefined;
}

/**
 * The input of an operation from its output, in float64: activations, bias additions, scalings and rearrangements.
 * Convolutions and dense layers are solved elsewhere.
 * @throws {NotApplicable} on an operation that loses information, other than ReLU.
 */
export function invert(link: Link, output: KnownValue, constants: Constants): KnownValue {
  const { operation, shape } = link.node;
  if (operation.kind === 'leakyRelu' && operation.alpha === 0) return beforeRelu(output.values);
  const values = invertEverywhere(link, output.values, constants);
  if (!output.cutOff) return { values };
  const { known, limit } = output.cutOff;
  const arranged =
    operation.kind === 'transpose'
      ? transposeBack(known, shape, operation.permutation, link.node.inputs[link.data]!.shape)
      : known;
  return { values, cutOff: { known: arranged, limit: invertEverywhere(link, limit, constants) } };
}

/** Share of the largest output below which a ReLU's output counts as zero whatever the errors: float32's rounding. */
export const smallestActive = 1e-6;
/** Share of the largest output above which it counts as active whatever the errors. */
const surelyActive = 0.05;

/**
 * What goes into a ReLU: its output where that is positive, an arbitrary negative value elsewhere. Outputs are never
 * negative, so the most negative one says how large the errors of this solution are.
 */
function beforeRelu(output: Float64Array): KnownValue {
  const [lowest, highest] = output.reduce(([a, b], value) => [Math.min(a, value), Math.max(b, value)], [0, 0]);
  const threshold = Math.max(smallestActive * highest, Math.min(-2 * lowest, surelyActive * highest));
  const known = output.map(value => (value > threshold ? 1 : 0));
  return {
    values: output.map((value, i) => (known[i] ? value : -1)),
    cutOff: { known, limit: new Float64Array(output.length) },
  };
}

function invertEverywhere({ node, data }: Link, output: Float64Array, constants: Constants): Float64Array {
  const { operation, shape } = node;
  const input = node.inputs[data]!;
  const other = () => {
    const constant = node.inputs[1 - data]!;
    const values = constants.get(constant);
    if (!values || sizeOf(input.shape) !== sizeOf(shape)) throw lost(node);
    return broadcastTo(values, constant.shape, shape);
  };
  switch (operation.kind) {
    case 'reshape':
      return output;
    case 'transpose':
      return transposeBack(output, shape, operation.permutation, input.shape);
    case 'neg':
      return output.map(value => -value);
    case 'add': {
      const constant = other();
      return output.map((value, i) => value - constant[i]!);
    }
    case 'sub': {
      const constant = other();
      return output.map((value, i) => (data === 0 ? value + constant[i]! : constant[i]! - value));
    }
    case 'mul': {
      const constant = other();
      return output.map((value, i) => value / constant[i]!);
    }
    case 'div': {
      const constant = other();
      return output.map((value, i) => (data === 0 ? value * constant[i]! : constant[i]! / value));
    }
    case 'tanh':
      return output.map(value => Math.atanh(inside(value, -1, 1)));
    case 'sigmoid':
      return output.map(value => {
        const p = inside(value, 0, 1);
        return Math.log(p / (1 - p));
      });
    case 'softplus':
      // log(eʸ − 1) without overflow for large y.
      return output.map(value => value + Math.log(-Math.expm1(-Math.max(value, Number.EPSILON))));
    case 'exp':
      return output.map(value => Math.log(Math.max(value, Number.MIN_VALUE)));
    case 'leakyRelu': {
      const { alpha } = operation;
      return output.map(value => (value > 0 === alpha > 0 || value > 0 ? value : value / alpha));
    }
    default:
      throw lost(node);
  }
}

function lost(node: Node): NotApplicable {
  return new NotApplicable(`Solving layer by layer stops at ${describe(node)}: it has no inverse. Use gauss-newton.`);
}

/**
 * Pulls a value just inside an activation's range: an approximate solution may lie outside it. The margin is what
 * float32 gradients resolve.
 */
function inside(value: number, low: number, high: number): number {
  const margin = 1e-7 * (high - low);
  return Math.min(high - margin, Math.max(low + margin, value));
}

/** Entries of `values` repeated along the axes where `from` has length 1 or none. */
function broadcastTo(values: Float64Array, from: readonly number[], to: readonly number[]): Float64Array {
  const result = new Float64Array(sizeOf(to));
  const aligned = [...new Array<number>(to.length - from.length).fill(1), ...from];
  for (let i = 0; i < result.length; i++) {
    let rest = i;
    let at = 0;
    let stride = 1;
    for (let axis = to.length - 1; axis >= 0; axis--) {
      const position = rest % to[axis]!;
      rest = Math.floor(rest / to[axis]!);
      if (aligned[axis] !== 1) at += position * stride;
      stride *= aligned[axis]!;
    }
    result[i] = values[at]!;
  }
  return result;
}

/** Undoes a transpose: axis i of the output is axis permutation[i] of the input. */
function transposeBack(
  output: Float64Array,
  shape: readonly number[],
  permutation: readonly number[],
  inputShape: readonly number[],
): Float64Array {
  const strides = new Array<number>(inputShape.length).fill(1);
  for (let axis = inputShape.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1]! * inputShape[axis + 1]!;
  const result = new Float64Array(output.length);
  for (let i = 0; i < output.length; i++) {
    let rest = i;
    let at = 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += (rest % shape[axis]!) * strides[permutation[axis]!]!;
      rest = Math.floor(rest / shape[axis]!);
    }
    result[at] = output[i]!;
  }
  return result;
}
