import {
  batchOf,
  fail,
  intAttribute,
  type NodeContext,
  type Operator,
  type OutputValue,
  optionalInput,
  requiredInput,
  shapeText,
} from '../context.ts';
import { type Dim, exactQuotient, plus, times } from '../dimension.ts';
import type { Value } from '../value.ts';
import { broadcast, dimsOf, known, sameShape } from './known.ts';

/** One of Q, K and V: [batch, heads, steps, size], or [batch, steps, heads·size] with the number of heads as attribute. */
interface Heads {
  readonly heads: Dim;
  readonly steps: Dim;
  readonly size: Dim;
}

function headsOf({ shape }: Value, heads: number | null): Heads {
  if (shape?.length === 4) return { heads: shape[1] ?? null, steps: shape[2] ?? null, size: shape[3] ?? null };
  if (shape?.length === 3) return { heads, steps: shape[1] ?? null, size: exactQuotient(shape[2] ?? null, heads) };
  if (shape) fail(`one of its inputs has shape ${shapeText(shape)}; 3 or 4 axes are needed`);
  return { heads: null, steps: null, size: null };
}

function headCount(context: NodeContext, name: string): number | null {
  const count = intAttribute(context, name, 0);
  return count > 0 ? count : null;
}

/** Attention (operator set 23): the attended values, the keys and values with those of the past, and the scores. */
function attention(context: NodeContext): readonly OutputValue[] {
  const [q, k, v] = [0, 1, 2].map(index => requiredInput(context, index));
  const batch = batchOf(q!);
  const first = q!.shape?.[0] ?? null;
  const query = headsOf(q!, headCount(context, 'q_num_heads'));
  const key = headsOf(k!, headCount(context, 'kv_num_heads'));
  const value = headsOf(v!, headCount(context, 'kv_num_heads'));
  const past = optionalInput(context, 4) ? (dimsOf(context, 4, 4)[2] ?? null) : 0;
  const total = plus(past, key.steps);
  const folded = q!.shape?.length === 3;
  const shape =
    q!.shape === null
      ? null
      : folded
        ? [first, query.steps, times(query.heads, value.size)]
        : [first, query.heads, query.steps, value.size];
  return [
    { shape, batch },
    { shape: [first, key.heads, total, key.size], batch },
    { shape: [first, value.heads, total, value.size], batch },
    { shape: [first, query.heads, query.steps, total], batch },
  ];
}

/** LinearAttention (operator set 27): [batch, steps, heads·size] and the state [batch, heads, key size, value size]. */
function linearAttention(context: NodeContext): readonly OutputValue[] {
  const query = requiredInput(context, 0);
  const [first = null, steps = null] = dimsOf(context, 0, 3);
  const heads = headCount(context, 'kv_num_heads');
  const keySize = exactQuotient(dimsOf(context, 1, 3)[2] ?? null, heads);
  const valueSize = exactQuotient(dimsOf(context, 2, 3)[2] ?? null, heads);
  const batch = batchOf(query);
  return [
    { shape: [first, steps, times(headCount(context, 'q_num_heads'), valueSize)], batch },
    { shape: [first, heads, keySize, valueSize], batch },
  ];
}

/** FlexAttention (preview): four axes only. */
function flexAttention(context: NodeContext): readonly OutputValue[] {
  const query = requiredInput(context, 0);
  const [first = null, heads = null, steps = null] = dimsOf(context, 0, 4);
  return [{ shape: [first, heads, steps, dimsOf(context, 2, 4)[3] ?? null], batch: batchOf(query) }];
}

/** CausalConvWithState (operator set 27): the input's shape, and the last entries for the next call. */
function causalConvWithState(context: NodeContext): readonly OutputValue[] {
  const input = requiredInput(context, 0);
  const [first = null, channels = null] = dimsOf(context, 0, 3);
  const carried = plus(dimsOf(context, 1, 3)[2] ?? null, -1);
  const batch = batchOf(input);
  return [
    { shape: input.shape, batch },
    { shape: [first, channels, carried], batch },
  ];
}

/** Operators of attention that have no weights of their own: these are in the products around them. */
export const attentionOperators: Readonly<Record<string, Operator>> = {
  Attention: known('attention', attention, [
    'is_causal',
    'kv_num_heads',
    'left_window_size',
    'q_num_heads',
    'qk_matmul_output_mode',
    'right_window_size',
    'scale',
    'softcap',
    'softmax_precision',
  ]),
  LinearAttention: known('linearAttention', linearAttention, [
    'chunk_size',
    'kv_num_heads',
    'q_num_heads',
    'scale',
    'update_rule',
  ]),
  CausalConvWithState: known('causalConvWithState', causalConvWithState, ['activation']),
  RotaryEmbedding: known('rotaryEmbedding', sameShape, ['interleaved', 'num_heads', 'rotary_embedding_dim', 'scale']),
  SwiGLU: known('swiGLU', broadcast, ['alpha']),
};

export const flexAttentionOperator: Operator = known('attention', flexAttention, [
  'prob_mod',
  'scale',
  'score_mod',
  'softmax_precision',
]);
