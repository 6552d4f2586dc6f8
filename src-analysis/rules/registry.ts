import { denseInputExposed } from './dense-input-exposed/rule.ts';
import { identifiableInput } from './identifiable-input/rule.ts';
import { notCovered } from './not-covered/rule.ts';
import { readErrorMeta } from './read-error/rule.ts';
import type { Rule, RuleMeta } from './rule.ts';
import { solubleLayer } from './soluble-layer/rule.ts';
import { unusedSuppressionMeta } from './unused-suppression/rule.ts';

/** Rules over models, in the order in which they report on one place. */
export const modelRules: readonly Rule[] = [identifiableInput, solubleLayer, denseInputExposed, notCovered];

/** Every id a finding can carry. */
export const ruleMetas: readonly RuleMeta[] = [
  ...modelRules.map(rule => rule.meta),
  unusedSuppressionMeta,
  readErrorMeta,
];
