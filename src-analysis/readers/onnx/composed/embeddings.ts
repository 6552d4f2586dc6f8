import { numberAttribute } from '../context.ts';
import { type Composition, hasOnly, inputName } from './fused.ts';
import { type Parts, partsOf } from './parts.ts';

/**
 * EmbedLayerNormalization: the sum of word, position and segment embeddings, normalised; the sum is its third output. The
 * second, how many tokens the mask leaves, is only told where there is a mask.
 */
export const embedLayerNormalization: Composition = context => {
  if (!hasOnly(context, 'epsilon', 'mask_index_type')) return null;
  const [ids, segments, words, positions, kinds, gamma, beta, mask, places] = Array.from({ length: 9 }, (_, index) =>
    inputName(context, index),
  ) as [string, string, string, string, string, string, string, string, string];
  const steps = context.inputs[0]?.shape?.[1] ?? null;
  const [out = '', count = '', sum = ''] = context.node.outputs;
  if ((places === '' && typeof steps !== 'number') || (count !== '' && mask === '')) return null;
  const parts = partsOf(context.node);
  const found = parts.add('Gather', [words, ids]);
  const placed =
    places === '' ? firstRows(parts, positions, steps as number) : parts.add('Gather', [positions, places]);
  const hasKinds = kinds !== '' && segments !== '';
  const whole = sum === '' ? undefined : [sum];
  const both = parts.add('Add', [found, placed], {}, hasKinds ? undefined : whole);
  const all = hasKinds ? parts.add('Add', [both, parts.add('Gather', [kinds, segments])], {}, whole) : both;
  const epsilon = { float: numberAttribute(context, 'epsilon', 1e-12) };
  parts.add('LayerNormalization', [all, gamma, beta], { axis: -1, epsilon }, [out]);
  if (count !== '') parts.add('ReduceSum', [mask, parts.integers([1])], { keepdims: 0 }, [count]);
  return parts.nodes;
};

/** The position embeddings of a sequence that begins at 0. */
function firstRows(parts: Parts, table: string, count: number): string {
  return parts.add('Slice', [table, parts.integers([0]), parts.integers([count]), parts.integers([0])]);
}
