import type { WeightRef } from '../../../model/graph.ts';
import {
  batchOf,
  intAttribute,
  intsAttribute,
  layerWeight,
  type NodeContext,
  notCovered,
  type Operator,
  type OutputValue,
  optionalInput,
  requiredInput,
} from '../context.ts';
import { checkedDim, type Dim, exactQuotient, informed, plainDim, plus, times } from '../dimension.ts';
import type { Value } from '../value.ts';
import { dimsOf, known, sameShape, unknownOutput } from './known.ts';
import { dequantized } from './quantized.ts';

const attentionAttributes = [
  'do_rotary',
  'mask_filter_value',
  'num_heads',
  'past_present_share_buffer',
  'qkv_hidden_sizes',
  'rotary_embedding_dim',
  'scale',
  'unidirectional',
];

/** Attention with the products of Q, K and V in it: their kernels stand side by side in one matrix. */
function packedAttention(pick: (context: NodeContext, index: number) => Value | null, pastIndex: number): Operator {
  return {
    attributes: attentionAttributes,
    infer: context => {
      const input = requiredInput(context, 0);
      const [kernel, bias] = [1, 2].map(index => pick(context, index));
      const heads = intAttribute(context, 'num_heads', 0);
      const [first = null, steps = null] = dimsOf(context, 0, 3);
      const sizes = intsAttribute(context, 'qkv_hidden_sizes');
      const columns = informed(kernel?.shape?.[1] ?? null, bias?.shape?.[0] ?? null);
      const units: Dim = sizes?.[2] ?? exactQuotient(columns, 3);
      const batch = batchOf(input);
      const past = optionalInput(context, pastIndex) ? (dimsOf(context, pastIndex, 5)[3] ?? null) : 0;
      const present = [2, first, heads || null, plus(past, steps), exactQuotient(units, heads || null)];
      const outputs: OutputValue[] = [
        { shape: [first, steps, checkedDim(units)], batch },
        { shape: present, batch: typeof batch === 'number' ? batch + 1 : batch },
      ];
      if (kernel?.kind !== 'constant')
        return notCovered('Its kernel is computed from the input of the model.', outputs);
      const weights: WeightRef[] = [layerWeight(context, kernel, 'kernel')];
      if (bias?.kind === 'constant') weights.push(layerWeight(context, bias, 'bias'));
      return { op: { kind: 'attention', heads: checkedDim(heads || null), units: plainDim(units) }, outputs, weights };
    },
  };
}

/** MultiHeadAttention: Q, K and V are products already; keys and values may come with their heads apart. */
function multiHeadAttention(context: NodeContext): readonly OutputValue[] {
  const query = requiredInput(context, 0);
  const heads = intAttribute(context, 'num_heads', 0) || null;
  const [key, value] = [1, 2].map(index => optionalInput(context, index));
  const batch = batchOf(query);
  const [first = null, steps = null] = query.shape ?? [];
  const packed = query.shape?.length === 5 || key?.shape?.length === 5 || (key && !value);
  if (query.shape === null || packed || !value?.shape) return [unknownOutput, unknownOutput, unknownOutput];
  const units =
    value.shape.length === 4 ? times(value.shape[1] ?? null, value.shape[3] ?? null) : (value.shape[2] ?? null);
  const past = optionalInput(context, 6) ? null : 0;
  const total = plus(past, (value.shape.length === 4 ? value.shape[2] : value.shape[1]) ?? null);
  const state = (width: Dim) => ({ shape: [first, heads, total, exactQuotient(width, heads)], batch });
  return [{ shape: [first, steps, units], batch }, state(query.shape[2] ?? null), state(units)];
}

/** GroupQueryAttention: the query's shape, unless Q, K and V come as one; the past grows in place. */
function groupQueryAttention(context: NodeContext): readonly OutputValue[] {
  const query = requiredInput(context, 0);
  const batch = batchOf(query);
  const packed = optionalInput(context, 1) === null;
  const heads = intAttribute(context, 'num_heads', 0);
  const groups = intAttribute(context, 'kv_num_heads', 0);
  const width = query.shape?.[2] ?? null;
  const size = exactQuotient(width, packed ? heads + 2 * groups : heads);
  const [first = null, steps = null] = query.shape ?? [];
  const state = { shape: [first, groups || null, null, size], batch };
  return [{ shape: [first, steps, packed ? times(size, heads) : width], batch }, state, state];
}

/** EmbedLayerNormalization: the sum of word, position and segment embeddings, normalised. */
const embedLayerNormalization: Operator = {
  attributes: ['epsilon', 'mask_index_type'],
  infer: context => {
    const ids = requiredInput(context, 0);
    const words = requiredInput(context, 2);
    const [first = null, steps = null] = ids.shape ?? [];
    const batch = batchOf(ids);
    const output = { shape: [first, steps, words.shape?.[1] ?? null], batch };
    const roles = ['embeddings', 'positionEmbeddings', 'segmentEmbeddings', 'gamma', 'beta'];
    const weights = roles.flatMap((role, index) => {
      const value = optionalInput(context, index + 2);
      return value?.kind === 'constant' ? [layerWeight(context, value, role)] : [];
    });
    const outputs = [output, { shape: [first], batch }, output];
    return notCovered('It adds embeddings and normalises the sum at once.', outputs, weights);
  },
};

export const contribAttentionOperators: Readonly<Record<string, Operator>> = {
  Attention: packedAttention(optionalInput, 4),
  QAttention: packedAttention((context, index) => {
    const value = optionalInput(context, index);
    return index === 1 ? dequantized(value) : value;
  }, 8),
  MultiHeadAttention: known('attention', multiHeadAttention, [
    'mask_filter_value',
    'num_heads',
    'scale',
    'unidirectional',
  ]),
  GroupQueryAttention: known('attention', groupQueryAttention, [
    'do_rotary',
    'k_quant_type',
    'kv_cache_bit_width',
    'kv_num_heads',
    'local_window_size',
    'num_heads',
    'qk_output',
    'rotary_interleaved',
    'scale',
    'smooth_softmax',
    'softcap',
    'v_quant_type',
  ]),
  RotaryEmbedding: known('rotaryEmbedding', sameShape, [
    'interleaved',
    'is_packed_batching',
    'num_heads',
    'rotary_embedding_dim',
    'scale',
  ]),
  EmbedLayerNormalization: embedLayerNormalization,
};
