import { MAX_RANK, type NodeContext, NodeError, type Operator, type Outcome } from './context.ts';
import { allNumbers, checkedDim, type Shape } from './dimension.ts';
import { type FoldBudget, foldElements, MAX_FOLDED_ELEMENTS } from './fold.ts';
import { DataType, isFloatType, type OnnxNode, type OnnxTensor } from './model.ts';
import { elementCount } from './tensor-data.ts';
import type { ConstantValue, Elements, Origin } from './value.ts';

/** Notes that a constant's values are damaged. */
type Report = (sentence: string) => void;

/** A stored tensor as a value. Its elements are read when first asked for, and only if they are few. */
export function tensorValue(tensor: OnnxTensor, name: string, initializer: boolean, report: Report): ConstantValue {
  const elements = once(() => {
    const count = elementCount(tensor.dims);
    if (count === null || count > MAX_FOLDED_ELEMENTS || tensor.location !== null) return null;
    if (tensor.dataType === DataType.string) return null;
    try {
      return Array.from(tensor.read(), Number);
    } catch (error) {
      report(error instanceof Error ? error.message : String(error));
      return null;
    }
  });
  return {
    kind: 'constant',
    name,
    shape: tensor.dims.map(dim => checkedDim(dim)),
    dataType: tensor.dataType,
    elements,
    origin: { tensor, name, initializer, transposed: false },
  };
}

function once<T>(compute: () => T): () => T {
  let result: { readonly value: T } | null = null;
  return () => {
    result ??= { value: compute() };
    return result.value;
  };
}

/** The value of a Constant node, whichever of its attributes holds it. */
export function constantNodeValue(node: OnnxNode, name: string, report: Report): ConstantValue {
  for (const attribute of node.attributes.values()) {
    if (attribute.type === 'tensor') return tensorValue(attribute.value, name, false, report);
    if (attribute.type === 'int' || attribute.type === 'float') {
      return listed(name, [], attribute.type === 'int', [attribute.value]);
    }
    if (attribute.type === 'ints' || attribute.type === 'floats') {
      return listed(name, [attribute.value.length], attribute.type === 'ints', attribute.value);
    }
  }
  // Strings and sparse tensors: no operator that has a rule takes its shape or its values from them.
  return { kind: 'constant', name, shape: textShape(node), dataType: 0, elements: () => null, origin: null };
}

function textShape({ attributes }: OnnxNode): Shape {
  const texts = attributes.get('value_strings');
  if (texts?.type === 'strings') return [texts.value.length];
  return attributes.has('value_string') ? [] : null;
}

function listed(name: string, shape: readonly number[], integer: boolean, elements: Elements): ConstantValue {
  const dataType = integer ? DataType.int64 : DataType.float;
  return { kind: 'constant', name, shape, dataType, elements: () => elements, origin: null };
}

/**
 * The outputs of a node whose inputs are all constants, or of Shape and Size of anything: their shapes by the
 * operator's rule, their elements by folding, and the stored tensor if they are one in another form.
 */
export function foldedValues(
  context: NodeContext,
  operator: Operator | undefined,
  budget: FoldBudget,
  report: Report,
): readonly ConstantValue[] {
  let outcome: Outcome | null = null;
  try {
    outcome = operator?.infer(context) ?? null;
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
    report(error.message);
  }
  const dataType = outputDataType(context);
  const origin = originThrough(context);
  const derivation = origin === null ? derivationOf(context) : undefined;
  return context.node.outputs.map((name, output) => {
    const shape = outcome?.outputs[output]?.shape ?? null;
    // At once, not on demand: a long chain of nodes would be a deep recursion.
    const complete = shape && shape.length <= MAX_RANK ? allNumbers(shape) : null;
    const elements = complete && foldElements(context, complete, output, budget);
    return {
      kind: 'constant',
      name,
      shape,
      dataType,
      elements: () => elements,
      origin: output === 0 ? origin : null,
      ...(derivation ? { derivation } : {}),
    };
  });
}

const booleanResults: ReadonlySet<string> = new Set([
  'And',
  'Equal',
  'Greater',
  'GreaterOrEqual',
  'IsInf',
  'IsNaN',
  'Less',
  'LessOrEqual',
  'Not',
  'Or',
  'Xor',
]);

function outputDataType({ node, inputs }: NodeContext): number {
  const { opType, attributes } = node;
  if (opType === 'Shape' || opType === 'Size') return DataType.int64;
  if (booleanResults.has(opType)) return DataType.bool;
  if (opType === 'Cast') {
    const to = attributes.get('to');
    return to?.type === 'int' ? to.value : 0;
  }
  if (opType === 'ConstantOfShape') {
    const value = attributes.get('value');
    return value?.type === 'tensor' ? value.value.dataType : DataType.float;
  }
  // DequantizeLinear gives what its scale is, Where what it chooses from.
  const source = inputs[opType === 'DequantizeLinear' || opType === 'Where' ? 1 : 0];
  return source?.kind === 'constant' ? source.dataType : 0;
}

/** Operators that pass on some of the values of a tensor, each once at most. */
const selections: ReadonlySet<string> = new Set(['Slice', 'Split']);

function isSelection({ node, inputs }: NodeContext): boolean {
  if (node.opType !== 'Gather') return selections.has(node.opType);
  const [, indices] = inputs;
  const rows = indices?.kind === 'constant' ? allNumbers(indices.elements()) : null;
  return rows !== null && new Set(rows).size === rows.length;
}

/** What the values of a node are that has no stored tensor's own. */
function derivationOf(context: NodeContext): ConstantValue['derivation'] {
  const { node, inputs } = context;
  const [input] = inputs;
  if (input?.kind !== 'constant') return undefined;
  const isStoredAsFloat = input.origin !== null && isFloatType(input.origin.tensor.dataType);
  if (node.opType === 'DequantizeLinear') return input.origin !== null && !isStoredAsFloat ? 'quantised' : undefined;
  const keepsValues = views.has(node.opType) || isSelection(context) || node.opType === 'Transpose';
  if (!keepsValues) return node.opType === 'Cast' ? input.derivation : undefined;
  return isStoredAsFloat && input.origin?.initializer ? 'part' : input.derivation;
}

/** Operators that only rename or regroup the values of a stored tensor. */
const views: ReadonlySet<string> = new Set(['Identity', 'Reshape', 'Flatten', 'Squeeze', 'Unsqueeze']);

function originThrough(context: NodeContext): Origin | null {
  const { node, inputs } = context;
  const input = inputs[0];
  const origin = input?.kind === 'constant' ? input.origin : null;
  if (!origin || !input) return null;
  if (node.opType === 'Identity') return origin;
  // Rounded on the way, as training for quantisation does, but learned as what the file stores.
  if (node.opType === 'QuantizeLinear') return origin;
  if (node.opType === 'DequantizeLinear') return isFloatType(origin.tensor.dataType) ? origin : null;
  if (node.opType === 'Cast') return isFloatType(outputDataType(context)) ? origin : null;
  if (node.opType === 'Transpose' && input.shape?.length === 2) {
    return swapsBoth(node) ? { ...origin, transposed: !origin.transposed } : origin;
  }
  return views.has(node.opType) && !origin.transposed ? origin : null;
}

function swapsBoth(node: NodeContext['node']): boolean {
  const perm = node.attributes.get('perm');
  return perm?.type !== 'ints' || perm.value[0] === 1;
}
