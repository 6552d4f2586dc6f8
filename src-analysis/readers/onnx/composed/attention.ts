import { intAttribute, type NodeContext, numberAttribute } from '../context.ts';
import type { Dim } from '../dimension.ts';
import { isFloatType } from '../model.ts';
import type { Value } from '../value.ts';
import { type Composition, hasOnly, inputName } from './fused.ts';
import { type Parts, partsOf } from './parts.ts';

/** Sizes that the products need as numbers. */
interface Heads {
  readonly count: number;
  /** Entries of a query and a key, and of a value, in one head. */
  readonly size: number;
  readonly valueSize: number;
  /** Heads are an axis of the inputs already: [batch, heads, steps, size] instead of [batch, steps, heads·size]. */
  readonly apart: boolean;
}

/**
 * Attention of the standard operators (set 23) and MultiHeadAttention of ONNX Runtime: softmax(scale·Q·Kᵀ + mask)·V, head by
 * head. Without a past, a causal mask, groups of heads, a cap or a mask of truth values: these are left to the operator's rule.
 */
export const attentionParts: Composition = context => {
  const isStandard = context.node.domain === '';
  const heads = headsOf(context, isStandard);
  if (!heads || !isPlain(context, isStandard)) return null;
  const parts = partsOf(context.node);
  const { apart, count, size } = heads;
  const bias = isStandard ? '' : inputName(context, 3);
  const widths = [count * size, count * size, count * heads.valueSize];
  const [query, key, value] = widths.map((width, index) => {
    const before = widths.slice(0, index).reduce((sum, each) => sum + each, 0);
    return withBias(parts, inputName(context, index), bias, before, before + width);
  }) as [string, string, string];
  const scores = parts.add('MatMul', [
    apart ? query : headsApart(parts, query, count, [0, 2, 1, 3]),
    apart ? parts.add('Transpose', [key], { perm: [0, 1, 3, 2] }) : headsApart(parts, key, count, [0, 2, 3, 1]),
  ]);
  const scale = numberAttribute(context, 'scale', 0) || 1 / Math.sqrt(size);
  const scaled = parts.add('Mul', [scores, parts.number(scale)]);
  const mask = inputName(context, isStandard ? 3 : 5);
  const masked = mask === '' ? scaled : parts.add('Add', [scaled, mask]);
  const shares = parts.add('Softmax', [masked], { axis: -1 });
  const values = apart ? value : headsApart(parts, value, count, [0, 2, 1, 3]);
  const attended = parts.add('MatMul', [shares, values], {}, apart ? context.node.outputs : undefined);
  if (!apart) {
    const steps = parts.add('Transpose', [attended], { perm: [0, 2, 1, 3] });
    parts.add('Reshape', [steps, parts.integers([0, 0, count * heads.valueSize])], {}, context.node.outputs);
  }
  return parts.nodes;
};

function withBias(parts: Parts, name: string, bias: string, start: number, end: number): string {
  if (bias === '') return name;
  const own = parts.add('Slice', [bias, parts.integers([start]), parts.integers([end]), parts.integers([0])]);
  return parts.add('Add', [name, own]);
}

function headsApart(parts: Parts, name: string, count: number, perm: readonly number[]): string {
  const reshaped = parts.add('Reshape', [name, parts.integers([0, 0, count, -1])]);
  return parts.add('Transpose', [reshaped], { perm });
}

function headsOf(context: NodeContext, isStandard: boolean): Heads | null {
  const inputs = context.inputs.slice(0, 3);
  // A constant with the heads apart would be a product of its own kind.
  if (inputs.some(value => value?.kind !== 'activation')) return null;
  const shapes = inputs.map(value => value?.shape ?? null);
  const [query, key, value] = shapes;
  const rank = query?.length;
  if (!query || !key || !value || shapes.some(shape => shape?.length !== rank)) return null;
  if (rank === 4 && isStandard) {
    const [count, size, valueSize] = [query[1], query[3], value[3]];
    if (!isCount(count) || !isCount(size) || !isCount(valueSize) || key[1] !== count) return null;
    return { count, size, valueSize, apart: true };
  }
  const count = intAttribute(context, isStandard ? 'q_num_heads' : 'num_heads', 0);
  const [width, valueWidth] = [query[2], value[2]];
  if (rank !== 3 || count < 1 || !isCount(width) || !isCount(valueWidth)) return null;
  if (width % count !== 0 || valueWidth % count !== 0) return null;
  if (isStandard && intAttribute(context, 'kv_num_heads', 0) !== count) return null;
  return { count, size: width / count, valueSize: valueWidth / count, apart: false };
}

function isCount(dim: Dim | undefined): dim is number {
  return typeof dim === 'number' && dim > 0;
}

function isPlain(context: NodeContext, isStandard: boolean): boolean {
  const given = context.inputs.map((value, index) => ({ value, index })).filter(({ value }) => value !== null);
  const allowed = isStandard ? [0, 1, 2, 3] : [0, 1, 2, 3, 5];
  if (given.some(({ index }) => !allowed.includes(index))) return false;
  if (context.node.outputs.slice(1).some(name => name !== '')) return false;
  const mask = context.inputs[isStandard ? 3 : 5] ?? null;
  if (isStandard ? mask !== null && !isFloatConstant(mask) : !isBias(context.inputs[3] ?? null)) return false;
  const names = isStandard
    ? ['kv_num_heads', 'q_num_heads', 'qk_matmul_output_mode', 'scale', 'softmax_precision', 'is_causal', 'softcap']
    : ['mask_filter_value', 'num_heads', 'scale', 'unidirectional'];
  const off = (name: string) => numberAttribute(context, name, 0) === 0;
  return hasOnly(context, ...names) && off('is_causal') && off('softcap') && off('unidirectional');
}

/** A mask of the standard operator may be of truth values, which only constants tell. */
function isFloatConstant(mask: Value): boolean {
  return mask.kind === 'constant' && isFloatType(mask.dataType);
}

function isBias(bias: Value | null): boolean {
  return bias === null || bias.shape?.length === 1;
}
