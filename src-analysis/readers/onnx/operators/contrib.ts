import type { Activation } from '../../../model/graph.ts';
import {
  batchOf,
  intAttribute,
  layerWeight,
  type NodeContext,
  notCovered,
  numberAttribute,
  type Operator,
  type Outcome,
  optionalInput,
  requiredInput,
  sameAsInput,
  stringAttribute,
} from '../context.ts';
import { plainDim, type Shape } from '../dimension.ts';
import type { Batch, Value } from '../value.ts';
import { activationOperators } from './activation.ts';
import { contribAttentionOperators } from './contrib-attention.ts';
import { conv } from './convolution.ts';
import { gemm, matMul } from './dense.ts';
import { detectionOperators } from './detection.ts';
import { broadcast, known, sameShape, withDims, withInputs } from './known.ts';
import { normalizationOperators } from './normalization.ts';
import { dequantized, quantizedContribOperators } from './quantized.ts';
import { recurrentOperators } from './recurrent.ts';
import { slicingOperators } from './slicing.ts';

/** The activation that ONNX Runtime merged into another operator. */
function fusedActivation(context: NodeContext): Activation | string | null {
  const name = stringAttribute(context, 'activation', '');
  const parameters = context.node.attributes.get('activation_params');
  const [alpha, beta] = parameters?.type === 'floats' ? parameters.value : [];
  const first = alpha ?? numberAttribute(context, 'activation_alpha', Number.NaN);
  switch (name) {
    case '':
      return null;
    case 'Relu':
    case 'Tanh':
    case 'Sigmoid':
      return { name: name.toLowerCase() };
    case 'HardSigmoid':
      return { name: 'hardSigmoid', alpha: Number.isNaN(first) ? 0.2 : first, beta: beta ?? 0.5 };
    case 'LeakyRelu':
      return { name: 'leakyRelu', alpha: Number.isNaN(first) ? 0.01 : first };
    case 'Clip':
      return first === 0 && beta === 6
        ? { name: 'relu6' }
        : { name: 'clip', alpha: first, beta: beta ?? Number.POSITIVE_INFINITY };
    default:
      return name;
  }
}

/** An operator with an activation behind it. */
function withActivation(operator: Operator): Operator {
  return {
    attributes: [
      ...(operator.attributes ?? []),
      'activation',
      'activation_params',
      'activation_alpha',
      'activation_beta',
      'activation_gamma',
    ],
    infer: context => {
      const outcome = operator.infer(context);
      const activation = fusedActivation(context);
      if (activation === null || outcome.op.kind === 'unknown') return outcome;
      if (typeof activation === 'object') return { ...outcome, activation };
      return notCovered(`The activation ${activation} behind it is not covered.`, outcome.outputs, outcome.weights);
    },
  };
}

const fusedConv: Operator = {
  ...withActivation(conv),
  infer: context => {
    const outcome = withActivation(conv).infer(withInputs(context, context.inputs.slice(0, 3)));
    if (!optionalInput(context, 3)) return outcome;
    return notCovered('It adds another value to a convolution.', outcome.outputs, outcome.weights);
  },
};

/** FusedMatMul: alpha·A'·B', the last two axes of each swapped on demand. */
const fusedMatMul: Operator = {
  attributes: ['alpha', 'transA', 'transB', 'transBatchA', 'transBatchB'],
  infer: context => {
    const flag = (name: string) => intAttribute(context, name, 0) !== 0;
    const a = requiredInput(context, 0);
    const b = requiredInput(context, 1);
    if (flag('transBatchA') || flag('transBatchB')) {
      return notCovered('It moves axes of its inputs in a way that is not covered.', [{ shape: null, batch: 'lost' }]);
    }
    const inputs = [flag('transA') ? lastAxesSwapped(a) : a, flag('transB') ? lastAxesSwapped(b) : b];
    const outcome = matMul.infer(withInputs(context, inputs));
    const alpha = numberAttribute(context, 'alpha', 1);
    if (outcome.op.kind === 'dense') {
      if (flag('transA')) return notCovered('It swaps the axes of its input.', outcome.outputs, outcome.weights);
      return alpha === 1 ? outcome : { ...outcome, op: { ...outcome.op, alpha } };
    }
    const isPlain = alpha === 1 && inputs[0] === a && inputs[1] === b;
    return isPlain || outcome.op.kind === 'unknown'
      ? outcome
      : { ...outcome, op: { kind: 'elementwise', name: 'scaledMatmul' } };
  },
};

function lastAxesSwapped(value: Value): Value {
  const shape: Shape = value.shape && swapped(value.shape);
  if (value.kind === 'activation') return { ...value, shape, batch: swappedBatch(value) };
  const origin = value.origin && { ...value.origin, transposed: !value.origin.transposed };
  return { ...value, shape, origin: shape?.length === 2 ? origin : null, elements: () => null };
}

function swapped<T>(axes: readonly T[]): readonly T[] {
  if (axes.length < 2) return axes;
  return [...axes.slice(0, -2), axes.at(-1)!, axes.at(-2)!];
}

function swappedBatch(value: Value): Batch {
  const batch = batchOf(value);
  const rank = value.shape?.length ?? 0;
  if (typeof batch !== 'number' || batch < rank - 2) return batch === 'merged' && rank < 3 ? 'lost' : batch;
  return batch === rank - 1 ? rank - 2 : rank - 1;
}

/** MatMulNBits: a dense layer with a kernel of few bits a number, packed in blocks; K and N are its features and units. */
const matMulNBits: Operator = {
  attributes: ['K', 'N', 'accuracy_level', 'bits', 'block_size', 'weight_prepacked'],
  infer: context => {
    const input = requiredInput(context, 0);
    const [features, units] = [intAttribute(context, 'K', 0), intAttribute(context, 'N', 0)];
    const kernel = { ...(dequantized(requiredInput(context, 1)) as Value), shape: [features, units] };
    const outcome = matMul.infer(withInputs(context, [input, kernel]));
    const bias = optionalInput(context, 5);
    if (bias?.kind !== 'constant' || outcome.op.kind !== 'dense') return outcome;
    const weights = [...(outcome.weights ?? []), layerWeight(context, bias, 'bias')];
    return { ...outcome, op: { ...outcome.op, bias: true }, weights };
  },
};

/** DynamicQuantizeLSTM: an LSTM with its kernels quantised and transposed; scales and zero points come last. */
const dynamicQuantizeLstm: Operator = {
  ...recurrentOperators.LSTM!,
  infer: context => {
    const [input = null, kernel, recurrent, ...states] = context.inputs.slice(0, 8);
    const kernels = [kernel, recurrent].map(value => (value ? lastAxesSwapped(dequantized(value) as Value) : null));
    return recurrentOperators.LSTM!.infer(withInputs(context, [input, ...kernels, ...states]));
  },
};

/** An activation, with a learned offset before it where there is one. */
function biasedActivation(name: string): Operator {
  return {
    infer: (context): Outcome => {
      const bias = optionalInput(context, 1);
      const outputs = [sameAsInput(context)];
      if (bias === null) return { op: { kind: 'activation', activation: { name } }, outputs };
      const weights = bias.kind === 'constant' ? [layerWeight(context, bias, 'offset')] : [];
      return notCovered(`It adds a bias and applies ${name} at once.`, outputs, weights);
    },
  };
}

/** QuickGelu: x·sigmoid(alpha·x). */
const quickGelu: Operator = {
  attributes: ['alpha'],
  infer: context => {
    const alpha = numberAttribute(context, 'alpha', 1.702);
    return { op: { kind: 'activation', activation: { name: 'swish', alpha } }, outputs: sameShape(context) };
  },
};

/** Skip connection, bias and normalisation as one operator; the sum is its fourth output. */
function skipNormalization(name: string): Operator {
  return {
    attributes: ['epsilon'],
    infer: context => {
      const input = requiredInput(context, 0);
      const output = { shape: input.shape, batch: batchOf(input) };
      const statistics = withDims(input, shape => [...shape.slice(0, -1), 1]);
      const roles = name.includes('Simplified') ? ['gamma', 'bias'] : ['gamma', 'beta', 'bias'];
      const weights = roles.flatMap((role, index) => {
        const value = optionalInput(context, index + 2);
        return value?.kind === 'constant' ? [layerWeight(context, value, role)] : [];
      });
      const outputs = [output, statistics, statistics, output];
      return notCovered('It adds a skip connection and normalises the sum at once.', outputs, weights);
    },
  };
}

/** Max pooling of a map with the channels last. */
function nhwcPool(context: NodeContext) {
  const { shape } = requiredInput(context, 0);
  const pooled = shape?.map((dim, axis) => (axis === 0 || axis === shape.length - 1 ? dim : null)) ?? null;
  return [{ shape: pooled?.map(plainDim) ?? null, batch: batchOf(requiredInput(context, 0)) }];
}

/** Operators of the domain com.microsoft that exporters, optimisers and quantisers write. */
export const contribOperators: Readonly<Record<string, Operator>> = {
  ...quantizedContribOperators,
  ...contribAttentionOperators,
  FusedConv: fusedConv,
  FusedGemm: withActivation(gemm),
  FusedMatMul: fusedMatMul,
  TransposeMatMul: fusedMatMul,
  MatMulNBits: matMulNBits,
  DynamicQuantizeLSTM: dynamicQuantizeLstm,
  Gelu: activationOperators.Gelu!,
  BiasGelu: biasedActivation('gelu'),
  FastGelu: biasedActivation('geluTanh'),
  QuickGelu: quickGelu,
  BiasAdd: known('biasAdd', sameShape),
  BiasSoftmax: known('biasSoftmax', sameShape, ['axis', 'is_inner_broadcast']),
  BiasDropout: known('dropout', sameShape, ['seed']),
  BitmaskDropout: known('dropout', sameShape, ['seed']),
  SkipLayerNormalization: skipNormalization('skipLayerNormalization'),
  SkipSimplifiedLayerNormalization: skipNormalization('skipSimplifiedLayerNormalization'),
  LayerNormalization: normalizationOperators.LayerNormalization!,
  SimplifiedLayerNormalization: normalizationOperators.RMSNormalization!,
  GridSample: detectionOperators.GridSample!,
  Pad: slicingOperators.Pad!,
  Inverse: known('inverse', sameShape),
  Trilu: known('trilu', sameShape, ['upper']),
  SwiGLU: known('swiGLU', broadcast, ['alpha']),
  NhwcMaxPool: known('maxPool', nhwcPool, ['auto_pad', 'ceil_mode', 'dilations', 'kernel_shape', 'pads', 'strides']),
};
