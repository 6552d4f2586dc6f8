import { attentionSpan } from './attention-span/rule.ts';
import { batchStatistics } from './batch-statistics/rule.ts';
import { denseInputExposed } from './dense-input-exposed/rule.ts';
import { embeddingTokens } from './embedding-tokens/rule.ts';
import { identifiableInput } from './identifiable-input/rule.ts';
import { imprintModule } from './imprint-module/rule.ts';
import { inputNoise } from './input-noise/rule.ts';
import { labelLeak } from './label-leak/rule.ts';
import { notCovered } from './not-covered/rule.ts';
import { positionEmbedding } from './position-embedding/rule.ts';
import { readErrorMeta } from './read-error/rule.ts';
import type { Rule, RuleMeta } from './rule.ts';
import { solubleLayer } from './soluble-layer/rule.ts';
import { uncoveredPixels } from './uncovered-pixels/rule.ts';
import { unusedSuppressionMeta } from './unused-suppression/rule.ts';

/** Rules over models, in the order in which they report on one place. */
export const modelRules: readonly Rule[] = [
  identifiableInput,
  solubleLayer,
  denseInputExposed,
  embeddingTokens,
  positionEmbedding,
  attentionSpan,
  imprintModule,
  batchStatistics,
  inputNoise,
  labelLeak,
  uncoveredPixels,
  notCovered,
];

/** Every id a finding can carry. */
export const ruleMetas: readonly RuleMeta[] = [
  ...modelRules.map(rule => rule.meta),
  unusedSuppressionMeta,
  readErrorMeta,
];
