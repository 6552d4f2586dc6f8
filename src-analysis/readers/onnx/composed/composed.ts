import type { NodeContext } from '../context.ts';
import type { OnnxNode } from '../model.ts';
import { attentionParts } from './attention.ts';
import { embedLayerNormalization } from './embeddings.ts';
import { type Composition, compositions } from './fused.ts';

const byOperator: ReadonlyMap<string, Composition> = new Map(
  Object.entries({
    ...Object.fromEntries(Object.entries(compositions).map(([name, compose]) => [`com.microsoft:${name}`, compose])),
    'com.microsoft:EmbedLayerNormalization': embedLayerNormalization,
    'com.microsoft:MultiHeadAttention': attentionParts,
    ':Attention': attentionParts,
  }),
);

/**
 * The nodes of standard operators that a fused operator is defined by: they become layers in its place, to which the laws
 * for their kinds apply. Null where there is no such definition, or it leaves something open here.
 */
export function composedNodes(context: NodeContext): readonly OnnxNode[] | null {
  const { domain, opType } = context.node;
  return byOperator.get(`${domain}:${opType}`)?.(context) ?? null;
}
