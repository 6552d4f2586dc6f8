import type { WeightRef } from '../../../model/graph.ts';
import {
  batchOf,
  type NodeContext,
  type Operator,
  type Outcome,
  type OutputValue,
  requiredInput,
  sameAsInput,
  weightRef,
} from '../context.ts';
import { DataType } from '../model.ts';
import type { Value } from '../value.ts';
import { broadcastValues } from './broadcast.ts';
import { conv } from './convolution.ts';
import { gemm, matMul } from './dense.ts';
import { fixed, known, sameShape, withInputs } from './known.ts';
import { poolingOperators } from './pooling.ts';
import { concat } from './selection.ts';

/**
 * A constant of small integers in the place of the numbers that they stand for. Its values are not those of the tensor
 * in the file, so that it does not go by the tensor's name.
 */
export function dequantized(value: Value | null | undefined): Value | null {
  if (value?.kind !== 'constant') return value ?? null;
  return {
    ...value,
    name: `${value.name} (dequantised)`,
    dataType: DataType.float,
    origin: null,
    elements: () => null,
    derivation: 'quantised',
  };
}

/** A quantised operator as the one that computes with real numbers: `pick` chooses that one's inputs. */
export function asReal(
  operator: Operator,
  pick: (inputs: NodeContext['inputs']) => readonly (Value | null | undefined)[],
  more: readonly string[] = [],
): Operator {
  return {
    attributes: [...(operator.attributes ?? []), ...more],
    infer: context => operator.infer(withInputs(context, pick(context.inputs).map(dequantized))),
  };
}

/** The first of the operands of which each comes with its scale and zero point. */
export function realOperands(inputs: NodeContext['inputs'], first: number, count: number): readonly Value[] {
  return Array.from({ length: count }, (_, i) => inputs[first + 3 * i]).filter(value => value != null);
}

function dynamicQuantize(context: NodeContext): readonly OutputValue[] {
  return [sameAsInput(context), fixed([]), fixed([])];
}

/** Elementwise arithmetic on quantised operands. */
function quantizedBinary(name: string): Operator {
  return known(name, ({ inputs }) => [broadcastValues(realOperands(inputs, 0, 2))]);
}

const quantisation = ['axis', 'block_size', 'output_dtype', 'precision', 'saturate'];

/** Quantised operators of ONNX itself. */
export const quantizedOperators: Readonly<Record<string, Operator>> = {
  QuantizeLinear: known('quantize', context => [sameAsInput(context)], quantisation),
  DequantizeLinear: known('dequantize', context => [sameAsInput(context)], quantisation),
  DynamicQuantizeLinear: known('quantize', dynamicQuantize),
  ConvInteger: asReal(conv, ([x, w]) => [x, w]),
  QLinearConv: asReal(conv, inputs => [inputs[0], inputs[3], inputs[8]]),
  MatMulInteger: asReal(matMul, ([a, b]) => [a, b]),
  QLinearMatMul: asReal(matMul, inputs => [inputs[0], inputs[3]]),
};

/** Quantised operators of ONNX Runtime (domain com.microsoft), which its quantisation tool writes. */
export const quantizedContribOperators: Readonly<Record<string, Operator>> = {
  QuantizeLinear: known('quantize', context => [sameAsInput(context)], quantisation),
  DequantizeLinear: known('dequantize', context => [sameAsInput(context)], quantisation),
  QLinearAdd: quantizedBinary('quantizedAdd'),
  QLinearMul: quantizedBinary('quantizedMultiply'),
  QLinearSigmoid: known('quantizedSigmoid', sameShape),
  QLinearLeakyRelu: known('quantizedLeakyRelu', sameShape, ['alpha']),
  QLinearSoftmax: known('quantizedSoftmax', sameShape, ['axis', 'opset']),
  QLinearAveragePool: channelsFirst(asReal(poolingOperators.AveragePool!, ([x]) => [x], ['channels_last'])),
  QLinearGlobalAveragePool: channelsFirst(asReal(poolingOperators.GlobalAveragePool!, ([x]) => [x], ['channels_last'])),
  QLinearConcat: asReal(concat, inputs => realOperands(inputs, 2, Math.floor(inputs.length / 3))),
  QGemm: asReal(gemm, inputs => [inputs[0], inputs[3], inputs[6]]),
  MatMulIntegerToFloat: biased(asReal(matMul, ([a, b]) => [a, b])),
  DynamicQuantizeMatMul: biased(
    asReal(matMul, ([a, b]) => [a, b]),
    4,
  ),
};

/** Maps with the channels last have their own operators elsewhere; these are only known by their inputs here. */
function channelsFirst(operator: Operator): Operator {
  return {
    ...operator,
    infer: context => {
      const last = context.node.attributes.get('channels_last');
      if (last?.type !== 'int' || last.value === 0) return operator.infer(context);
      const { shape } = requiredInput(context, 0);
      const pooled = shape?.map((dim, axis) => (axis === 0 || axis === shape.length - 1 ? dim : null)) ?? null;
      return {
        op: { kind: 'elementwise', name: 'averagePool' },
        outputs: [{ shape: pooled, batch: batchOf(requiredInput(context, 0)) }],
      };
    },
  };
}

/** A product with a bias as a further input. */
function biased(operator: Operator, index = 6): Operator {
  return {
    ...operator,
    infer: (context): Outcome => {
      const outcome = operator.infer(context);
      const bias = context.inputs[index];
      if (bias?.kind !== 'constant' || outcome.op.kind !== 'dense') return outcome;
      const weights: readonly WeightRef[] = outcome.weights ?? [];
      return { ...outcome, op: { ...outcome.op, bias: true }, weights: [...weights, weightRef(bias, 'bias', true)] };
    },
  };
}
