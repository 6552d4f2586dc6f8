/** The sentences of what-ifs, made from figures. Formats; computes nothing. */
import type { ModelGraph } from '../model/graph.ts';
import { formatNumber } from '../reports/headline.ts';
import { type Change, valueText } from './change.ts';
import type { Variant } from './evaluate.ts';
import type { Figures } from './figures.ts';

/** `strides: 2 → r falls from 100 % to about 52 % (c(M) 0 → −1470), parameters −8 %`; `about` stands before estimates. */
export function whatIfTitle(before: Figures, { changes, figures }: Variant): string {
  const what = changes.map(({ parameter, to }) => `${parameter}: ${valueText(to)}`).join(', ');
  return [`${what} → ${effect(before, figures)}`, parameterChange(before, figures)].filter(Boolean).join(', ');
}

function effect(before: Figures, after: Figures): string {
  const metric = metricChange(before, after);
  if (before.rank === null || after.rank === null) return `${metric}; r is unknown`;
  return `r falls from ${wordedShare(before)} to ${wordedShare(after)}${metric && ` (${metric})`}`;
}

function metricChange(before: Figures, after: Figures): string {
  return before.c !== null && after.c !== null ? `c(M) ${formatNumber(before.c)} → ${formatNumber(after.c)}` : '';
}

/** `batchSize: 64 → a step’s gradient fixes about 21 % of its batch instead of 40 %`. */
export function batchTitle(before: Figures, after: Figures, size: number): string {
  return `batchSize: ${size} → a step’s gradient fixes ${wordedShare(after)} of its batch instead of ${wordedShare(before)}`;
}

function wordedShare(figures: Figures): string {
  return `${figures.estimate ? 'about ' : ''}${share(figures)}`;
}

/** `52 %`, or `≈ 52 %` where it is an estimate, for tables. */
export function markedShare(figures: Figures): string {
  return `${figures.estimate ? '≈ ' : ''}${share(figures)}`;
}

/** `52 %` of n, with one decimal where whole numbers would say more or less than there is. */
export function share({ rank, unknowns }: Figures): string {
  if (rank === null || !unknowns) return 'unknown';
  const percent = (100 * rank) / unknowns;
  if (rank > 0 && percent < 0.05) return '< 0.1 %';
  const rounded = Math.round(percent);
  const misleading = (rounded === 100 && rank !== unknowns) || (rounded === 0 && rank !== 0);
  return `${misleading || percent < 10 ? percent.toFixed(1) : rounded} %`;
}

/** `parameters −8 %`; '' where they stay. */
function parameterChange(before: Figures, after: Figures): string {
  const change = relativeParameters(before, after);
  return change === '' || change === '0 %' ? '' : `parameters ${change}`;
}

/** `−8 %`, `+12 %`, `0 %`; '' where unknown. */
export function relativeParameters(before: Figures, after: Figures): string {
  if (before.parameters === null || after.parameters === null || before.parameters === 0) return '';
  const percent = 100 * (after.parameters / before.parameters - 1);
  const text = Math.abs(percent) >= 9.95 ? percent.toFixed(0) : percent.toFixed(1).replace(/\.0$/, '');
  if (Number(text) === 0) return '0 %';
  return `${percent > 0 ? '+' : '−'}${text.replace('-', '')} %`;
}

/** `conv2d_1: strides 1→2, padding valid, frozen`, one entry a layer. */
export function changeTexts(graph: ModelGraph, changes: readonly Change[]): string[] {
  const byLayer = new Map<number, string[]>();
  for (const change of changes) byLayer.set(change.layer, [...(byLayer.get(change.layer) ?? []), shortText(change)]);
  return [...byLayer].map(([layer, texts]) => `${graph.layers[layer]?.name ?? 'layer'}: ${texts.join(', ')}`);
}

function shortText({ parameter, from, to }: Change): string {
  if (to === false) return 'frozen';
  return typeof to === 'string' ? `${parameter} ${to}` : `${parameter} ${valueText(from)}→${valueText(to)}`;
}

/** A suggestion of combined changes, in words and in numbers. */
export interface HardeningRow {
  /** `r 100 % → ≈ 20 %`, or c(M) where r is unknown. */
  readonly leak: string;
  /** `c(M) 0 → −2463`; '' where unknown or said already. */
  readonly metric: string;
  /** `−3.9 %`, the trainable parameters. */
  readonly parameters: string;
  /** `conv2d_1: filters 12→6, strides 2→4`, one entry a layer. */
  readonly changes: readonly string[];
}

export function hardeningRow(graph: ModelGraph, before: Figures, { changes, figures }: Variant): HardeningRow {
  const metric = metricChange(before, figures);
  const known = before.rank !== null && figures.rank !== null;
  return {
    leak: known ? `r ${markedShare(before)} → ${markedShare(figures)}` : metric,
    metric: known ? metric : '',
    parameters: relativeParameters(before, figures),
    changes: changeTexts(graph, changes),
  };
}
