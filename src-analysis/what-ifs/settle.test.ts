import { expect, test } from 'vitest';
import { checkSource } from '../check.ts';
import { eliminate } from '../eliminate.ts';
import { defaultConfig } from '../findings/config.ts';
import type { ExactResult, ExactTask } from '../model/analysis.ts';
import { neverCancelled } from '../readers/reader.ts';
import { applyEdits } from './change.ts';
import { type Subject, subjectsOf, type Variant } from './evaluate.ts';
import { createHardening } from './hardening.ts';
import { settledSubject, settledVariant } from './settle.ts';
import { gain, isWorthwhile, ranked, settleFirst, whatIfs } from './what-ifs.ts';

/** Layer normalisation of few channels: the law is an estimate, and off where there are two. */
const text = `import * as tf from '@tensorflow/tfjs';
const model = tf.sequential({ layers: [
  tf.layers.conv2d({ inputShape: [18, 18, 1], filters: 3, kernelSize: 3, strides: 2, activation: 'tanh' }),
  tf.layers.layerNormalization({}),
  tf.layers.conv2d({ filters: 4, kernelSize: 3, activation: 'tanh' }),
  tf.layers.flatten(),
  tf.layers.dense({ units: 10 }),
] });
`;
const open = subjectsOf({ path: 'model.ts', text }, new Map(), neverCancelled)[0]!;
const exactly = (task: ExactTask) => eliminate(task, neverCancelled);
const known = settledSubject({ ...open, exact: new Map() }, exactly, neverCancelled);
const firstConv = open.model.graph.layers.filter(({ type }) => type === 'conv2d')[0]!.id;

/** With what is known of the model alone. */
function settledModel(): Subject {
  return { ...known, exact: new Map(known.exact) };
}

function variantsOf(subject: Subject): Variant[] {
  return [...whatIfs(subject, [firstConv], neverCancelled)];
}

/** Settled in place, five of them wanted. */
function settleFive(subject: Subject, variants: Variant[], how: (task: ExactTask) => ExactResult | null): number {
  return [...settleFirst(subject, variants, 5, how, neverCancelled)].length;
}

/** What a host says of a file: checked, what is in doubt eliminated, and checked again. */
function checked(edited: string) {
  const exact = new Map<string, ExactResult | null>();
  const check = () =>
    checkSource({ path: 'model.ts', text: edited }, { config: defaultConfig, exact, cancel: neverCancelled });
  for (const task of check().pending) exact.set(task.key, exactly(task));
  return check().models[0]!.analysis.identifiable;
}

test('a model is settled as its check is', () => {
  expect(open.figures).toMatchObject({ pending: true, estimate: true });
  expect(known.figures).toMatchObject({ pending: false, estimate: false, rank: checked(text).rank });
  expect(known.law).toEqual(open.figures);
});

test('changes that are offered are settled as the check of the edited file is', () => {
  const settled = settledModel();
  const variants = variantsOf(settled);
  const before = new Map(variants.map(({ edits, figures }) => [edits, figures]));
  expect(settleFive(settled, variants, exactly)).toBeGreaterThan(0);
  const offered = ranked(settled, variants).slice(0, 5);
  for (const { edits, figures } of offered) {
    const { rank, certainty } = checked(applyEdits(text, edits));
    expect(figures).toMatchObject({ pending: false, rank, estimate: certainty === 'estimate' });
  }
  // The law alone would have told something else.
  expect(offered.some(({ edits, figures }) => before.get(edits)?.rank !== figures.rank)).toBe(true);
});

test('nothing is settled where the model is not: the law is compared with the law', () => {
  const variants = variantsOf(open);
  expect(settleFive(open, variants, exactly)).toBe(0);
  expect(variants.some(({ figures }) => figures.pending)).toBe(true);
  expect([...createHardening(open).settle(exactly, neverCancelled)]).toEqual([]);
});

test('where elimination gives up, the law stands, as an estimate', () => {
  const settled = settledModel();
  const [variant] = variantsOf(settled).filter(({ figures }) => figures.pending);
  const tried = settledVariant(settled, variant!, () => null, neverCancelled);
  expect(tried.figures).toEqual({ ...variant!.figures, pending: false });
  expect(tried.figures.estimate).toBe(true);
});

test('a change that turns out to gain nothing is not offered', () => {
  const subject = settledModel();
  const variants = variantsOf(subject);
  const wanted = variants.filter(({ figures }) => figures.pending).length;
  expect(wanted).toBeGreaterThan(0);
  settleFive(subject, variants, () => ({ rank: subject.figures.rank!, unknowns: 324 }));
  expect(variants.filter(({ figures }) => figures.rank === subject.figures.rank)).not.toEqual([]);
  for (const { figures } of ranked(subject, variants)) expect(gain(subject.figures, figures)).toBeGreaterThan(0);
});

test('a change that is not settled must gain by the law and by what is shown', () => {
  const law = { ...known.figures, rank: 300, estimate: true };
  const subject = { ...known, law, figures: { ...law, rank: 200, estimate: false } };
  const change = (rank: number, pending: boolean) =>
    isWorthwhile(subject, { changes: [], edits: [], figures: { ...law, rank, pending } });
  expect(change(250, true)).toBe(false);
  expect(change(150, true)).toBe(true);
  expect(change(150, false)).toBe(true);
  expect(change(250, false)).toBe(false);
});

test('the rows of hardening are settled, and none of them gains nothing', () => {
  const subject = settledModel();
  const hardening = createHardening(subject, { tolerance: 0.5, maximumChanges: 1, beam: { first: 1, last: 1 } });
  expect([...hardening.search(neverCancelled)].length).toBeGreaterThan(0);
  expect(hardening.best().some(({ figures }) => figures.pending)).toBe(true);
  expect([...hardening.settle(exactly, neverCancelled)].length).toBeGreaterThan(0);
  const rows = hardening.best();
  expect(rows.length).toBeGreaterThan(0);
  for (const { edits, figures } of rows) {
    const { rank } = checked(applyEdits(text, edits));
    expect(figures).toMatchObject({ pending: false, rank });
    expect(rank).toBeLessThan(subject.figures.rank!);
  }
});
