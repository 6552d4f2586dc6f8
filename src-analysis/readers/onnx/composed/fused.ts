/** Fused operators of ONNX Runtime's optimiser, as the standard operators that they were made of. */
import { floatsAttribute, intAttribute, type NodeContext, numberAttribute, stringAttribute } from '../context.ts';
import type { Attribute, OnnxNode } from '../model.ts';
import { type PartAttributes, type Parts, partsOf } from './parts.ts';

/** The nodes that stand for one; null where they are not known. */
export type Composition = (context: NodeContext) => readonly OnnxNode[] | null;

/** The name of an input; '' where it is left out. */
export function inputName({ node }: NodeContext, index: number): string {
  return node.inputs[index] ?? '';
}

/** False where an attribute is given that a composition does not know. */
export function hasOnly({ node }: NodeContext, ...names: readonly string[]): boolean {
  return [...node.attributes.keys()].every(name => names.includes(name));
}

/** An activation of a value and a learned offset. */
function biased(op: string, attributes: PartAttributes): Composition {
  return context => {
    if (inputName(context, 1) === '' || !hasOnly(context)) return null;
    const parts = partsOf(context.node);
    const sum = parts.add('Add', context.node.inputs);
    parts.add(op, [sum], attributes, context.node.outputs);
    return parts.nodes;
  };
}

const biasAdd: Composition = context => {
  if (!hasOnly(context)) return null;
  const parts = partsOf(context.node);
  const sum = parts.add('Add', [inputName(context, 0), inputName(context, 1)]);
  parts.add('Add', [sum, inputName(context, 2)], {}, context.node.outputs);
  return parts.nodes;
};

/** Skip connection, bias, then normalisation along the last axis; the sum is the fourth output. */
function skipNormalization(op: 'LayerNormalization' | 'SimplifiedLayerNormalization'): Composition {
  return context => {
    if (!hasOnly(context, 'epsilon')) return null;
    const isSimplified = op === 'SimplifiedLayerNormalization';
    const [x, skip, gamma = '', ...rest] = context.node.inputs;
    const [beta, bias = ''] = isSimplified ? ['', ...rest] : [rest[0] ?? '', rest[1]];
    const [out = '', mean = '', deviation = '', sum = ''] = context.node.outputs;
    // The simplified form has no mean.
    if (!x || !skip || gamma === '' || (isSimplified && mean !== '')) return null;
    const parts = partsOf(context.node);
    const whole = sum === '' ? undefined : [sum];
    const both = parts.add('Add', [x, skip], {}, bias === '' ? whole : undefined);
    const normed = bias === '' ? both : parts.add('Add', [both, bias], {}, whole);
    const epsilon = { float: numberAttribute(context, 'epsilon', 1e-12) };
    const inputs = beta ? [normed, gamma, beta] : [normed, gamma];
    parts.add(op, inputs, { axis: -1, epsilon }, isSimplified ? [out, deviation] : [out, mean, deviation]);
    return parts.nodes;
  };
}

const activationAttributes = ['activation', 'activation_params'];

/** Convolution, sum with another value, activation. Without the sum it is one layer. */
const fusedConv: Composition = context => {
  const [x = '', kernel = '', bias = '', summand = ''] = context.node.inputs;
  if (summand === '') return null;
  const parts = partsOf(context.node);
  const convolved = parts.add('Conv', [x, kernel, bias]);
  const conv = parts.nodes.at(-1)!;
  const own = [...context.node.attributes].filter(([name]) => !activationAttributes.includes(name));
  const nodes = parts.nodes.with(-1, { ...conv, attributes: new Map<string, Attribute>(own) });
  const more = partsOf({ ...context.node, outputs: [`${context.node.outputs[0]}/sum`] });
  const activation = stringAttribute(context, 'activation', '');
  const sum = more.add('Add', [convolved, summand], {}, activation === '' ? context.node.outputs : undefined);
  if (activation !== '') {
    const attributes = activationParameters(activation, floatsAttribute(context, 'activation_params') ?? []);
    if (!attributes) return null;
    more.add(activation, [sum], attributes, context.node.outputs);
  }
  return [...nodes, ...more.nodes];
};

function activationParameters(name: string, given: readonly number[]): PartAttributes | null {
  const [first = 0, second = 0] = given;
  if (['Relu', 'Tanh', 'Sigmoid'].includes(name)) return {};
  if (name === 'LeakyRelu' && given.length === 1) return { alpha: { float: first } };
  if (given.length !== 2) return null;
  if (name === 'HardSigmoid') return { alpha: { float: first }, beta: { float: second } };
  return name === 'Clip' ? { min: { float: first }, max: { float: second } } : null;
}

/** alpha·A'·B', the last two axes of each swapped on demand; a dense layer with these factors is one layer. */
const fusedMatMul: Composition = context => {
  const [a = null, b = null] = context.inputs;
  const flag = (name: string) => intAttribute(context, name, 0) !== 0;
  const known = hasOnly(context, 'alpha', 'transA', 'transB', 'transBatchA', 'transBatchB');
  if (!known || flag('transBatchA') || flag('transBatchB') || !a?.shape || !b?.shape) return null;
  const isDense = b.kind === 'constant' && a.kind === 'activation' && !flag('transA');
  if (isDense || a.shape.length < 2 || b.shape.length < 2) return null;
  const parts = partsOf(context.node);
  const first = swapped(parts, inputName(context, 0), a.shape.length, flag('transA'));
  const second = swapped(parts, inputName(context, 1), b.shape.length, flag('transB'));
  const alpha = numberAttribute(context, 'alpha', 1);
  const product = parts.add('MatMul', [first, second], {}, alpha === 1 ? context.node.outputs : undefined);
  if (alpha !== 1) parts.add('Mul', [product, parts.number(alpha)], {}, context.node.outputs);
  return parts.nodes;
};

function swapped(parts: Parts, name: string, rank: number, isSwapped: boolean): string {
  if (!isSwapped) return name;
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  return parts.add('Transpose', [name], { perm: [...axes.slice(0, -2), rank - 1, rank - 2] });
}

export const compositions: Readonly<Record<string, Composition>> = {
  BiasAdd: biasAdd,
  BiasGelu: biased('Gelu', {}),
  FastGelu: biased('Gelu', { approximate: 'tanh' }),
  FusedConv: fusedConv,
  FusedMatMul: fusedMatMul,
  TransposeMatMul: fusedMatMul,
  SkipLayerNormalization: skipNormalization('LayerNormalization'),
  SkipSimplifiedLayerNormalization: skipNormalization('SimplifiedLayerNormalization'),
};
