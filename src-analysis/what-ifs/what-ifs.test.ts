import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkSource } from '../check.ts';
import { defaultConfig } from '../findings/config.ts';
import { Cancelled, neverCancelled } from '../readers/reader.ts';
import { applyEdits } from './change.ts';
import { type Subject, subjectsOf, type Variant } from './evaluate.ts';
import { createHardening, drift } from './hardening.ts';
import { distinctChanges, gain, ranked, whatIfs } from './what-ifs.ts';
import { whatIfTitle } from './wording.ts';

const importTf = "import * as tf from '@tensorflow/tfjs';\n";
const fixture = (name: string) =>
  readFileSync(path.resolve(import.meta.dirname, `../../test/fixtures/tfjs-code/paper/${name}.ts`), 'utf8');

/** The first model of a text, or the last where its code ends with the model that counts. */
function subjectOf(text: string): Subject {
  return subjectsOf({ path: 'model.ts', text }, new Map(), neverCancelled).at(-1)!;
}

function offered(subject: Subject, type = /./): Variant[] {
  const layers = subject.model.graph.layers.filter(layer => type.test(layer.type)).map(layer => layer.id);
  return ranked(subject, [...whatIfs(subject, layers, neverCancelled)]);
}

const leNet = subjectOf(fixture('LeNet'));

describe('what-ifs', () => {
  const found = offered(leNet);

  test('say what becomes of r, c(M) and the parameters', () => {
    const titles = found.map(variant => whatIfTitle(leNet.figures, variant));
    expect(titles).toContain('filters: 6 → r falls from 100 % to 63 % (c(M) 0 → −1122), parameters −14 %');
    expect(titles).toContain('strides: 4 → r falls from 100 % to 50 % (c(M) 0 → −1548), parameters −36 %');
  });

  test('are what the check of the edited file says', () => {
    expect(found.length).toBeGreaterThan(3);
    for (const { edits, figures } of found) {
      const text = applyEdits(leNet.file.text ?? '', edits);
      const report = checkSource(
        { path: 'model.ts', text },
        { config: defaultConfig, exact: new Map(), cancel: neverCancelled },
      );
      expect(report.errors).toEqual([]);
      const { identifiable, metric } = report.models[0]!.analysis;
      expect(identifiable.rank).toBe(figures.rank);
      expect(metric.coverage === 'complete' ? metric.cRounded : null).toBe(figures.c);
    }
  });

  test('lower what the gradient holds, those that cost the fewest parameters for it first', () => {
    const gains = found.map(({ figures }) => gain(leNet.figures, figures));
    expect(Math.min(...gains)).toBeGreaterThanOrEqual(0.01);
    const worth = found.map(
      ({ figures }, index) => gains[index]! / Math.max(0.02, 1 - figures.parameters! / leNet.figures.parameters!),
    );
    expect(worth).toEqual([...worth].sort((a, b) => b - a));
  });

  test('stop where the token says so', () => {
    const stop = { isCancellationRequested: true };
    expect(() => [...whatIfs(leNet, [2], stop)]).toThrow(Cancelled);
  });
});

describe('an activation', () => {
  const net = (last: string) =>
    subjectOf(`${importTf}const model = tf.sequential({ layers: [
    tf.layers.conv2d({ inputShape: [8, 8, 3], filters: 4, kernelSize: 3, activation: 'tanh' }),
    tf.layers.flatten(), tf.layers.dense({ units: 1, activation: '${last}' })] });
`);

  test('becomes ReLU where the analysis says that this hides something', () => {
    const subject = net('sigmoid');
    const titles = offered(subject, /conv2d/).map(variant => whatIfTitle(subject.figures, variant));
    expect(titles).toContainEqual(expect.stringMatching(/^activation: 'relu' → r falls from 100 % to about \d+ %/));
  });

  test('of the output stays', () => {
    const subject = net('sigmoid');
    const kinds = distinctChanges(
      subject,
      subject.model.graph.layers.map(({ id }) => id),
    ).filter(({ parameter }) => parameter === 'activation');
    expect(kinds).toMatchObject([{ from: 'tanh', to: 'relu' }]);
  });
});

describe('a change is not offered where', () => {
  const cases: readonly (readonly [string, string, RegExp, string])[] = [
    [
      'it would change the shape of the output',
      'tf.sequential({ layers: [tf.layers.conv2d({ inputShape: [16, 16, 3], filters: 3, kernelSize: 3, activation: "tanh" })] })',
      /conv2d/,
      '^(trainable|$)',
    ],
    [
      'a window would not fit any more',
      'tf.sequential({ layers: [tf.layers.conv2d({ inputShape: [4, 4, 3], filters: 3, kernelSize: 3, activation: "tanh" }), tf.layers.flatten(), tf.layers.dense({ units: 2 })] })',
      /conv2d/,
      '^(?!kernelSize: 5)',
    ],
    [
      'a feature map would shrink to a single position',
      'tf.sequential({ layers: [tf.layers.conv2d({ inputShape: [5, 5, 3], filters: 3, kernelSize: 3, activation: "tanh" }), tf.layers.globalAveragePooling2d({}), tf.layers.dense({ units: 2 })] })',
      /conv2d/,
      '^(?!strides: 3)',
    ],
    [
      'a shape that is written out would not hold any more',
      'tf.sequential({ layers: [tf.layers.conv2d({ inputShape: [8, 8, 3], filters: 4, kernelSize: 3, activation: "tanh" }), tf.layers.reshape({ targetShape: [144] }), tf.layers.dense({ units: 2 })] })',
      /conv2d/,
      '^(trainable|activation|$)',
    ],
  ];
  test.each(cases)('%s', (_, code, type, allowed) => {
    const subject = subjectOf(`${importTf}const model = ${code};\n`);
    expect(subject.model.graph.layers.some(layer => type.test(layer.type))).toBe(true);
    for (const variant of offered(subject, type)) {
      expect(whatIfTitle(subject.figures, variant)).toMatch(new RegExp(allowed));
    }
  });

  test('it would make unknown what is known', () => {
    const known = { rank: 90, unknowns: 100, estimate: false, pending: false, c: -5, parameters: 10 };
    expect(gain(known, { ...known, rank: null, c: -50 })).toBe(0);
    expect(gain({ ...known, rank: null }, { ...known, rank: null, c: -50 })).toBeCloseTo(0.45);
  });
});

test('a call in a loop is changed for all of its layers at once, and offered once', () => {
  const text = `${importTf}const model = tf.sequential({ name: 'm' });
model.add(tf.layers.inputLayer({ inputShape: [24, 24, 3] }));
for (let i = 0; i < 2; i++) model.add(tf.layers.conv2d({ filters: 12, kernelSize: 3, activation: 'tanh' }));
model.add(tf.layers.flatten());
model.add(tf.layers.dense({ units: 10 }));
`;
  const subject = subjectOf(text);
  const edits = offered(subject, /conv2d/).map(variant => JSON.stringify(variant.edits));
  expect(edits.length).toBeGreaterThan(0);
  expect(new Set(edits).size).toBe(edits.length);
});

test('a model whose figures are unknown has no what-ifs', () => {
  const text = `${importTf}const model = tf.sequential({ layers: [tf.layers.dense({ inputShape: [globalThis.size], units: 4 })] });`;
  expect(offered(subjectOf(text))).toEqual([]);
});

test('formats other than code have no what-ifs', () => {
  const json = JSON.stringify({ modelTopology: { class_name: 'Sequential', config: [] } });
  expect(subjectsOf({ path: 'model.json', text: json }, new Map(), neverCancelled)).toEqual([]);
  expect(subjectsOf({ path: 'model.ts', text: '('.repeat(50_000) }, new Map(), neverCancelled)).toEqual([]);
});

describe('hardening', () => {
  const subject = subjectOf(fixture('LeNet'));
  const hardening = createHardening(subject, { tolerance: 0.2, maximumChanges: 2, beam: { first: 3, last: 3 } });
  const counts = [...hardening.search(neverCancelled)];
  const rows = hardening.best();

  test('finds combinations better than any single change, within the constraint', () => {
    const single = Math.min(
      ...offered(subject)
        .filter(({ figures }) => drift(subject.figures, figures) <= 0.2)
        .map(({ figures }) => figures.rank ?? Number.POSITIVE_INFINITY),
    );
    expect(rows[0]?.figures.rank).toBeLessThan(single);
    for (const { figures } of rows) expect(drift(subject.figures, figures)).toBeLessThanOrEqual(0.2);
  });

  test('gives a small table in which no row beats another', () => {
    expect(rows.length).toBeGreaterThan(1);
    expect(rows.length).toBeLessThanOrEqual(6);
    const ranks = rows.map(({ figures }) => figures.rank!);
    const drifts = rows.map(({ figures }) => drift(subject.figures, figures));
    expect(ranks).toEqual([...ranks].sort((a, b) => a - b));
    expect(drifts).toEqual([...drifts].sort((a, b) => b - a));
  });

  test('rows are what the check of the edited file says, outputs keep their shape', () => {
    for (const { edits, figures } of rows) {
      const again = subjectOf(applyEdits(subject.file.text ?? '', edits));
      expect(again.figures).toEqual(figures);
      expect(again.model.graph.layers.at(-1)?.outputShapes).toEqual(subject.model.graph.layers.at(-1)?.outputShapes);
    }
  });

  test('counts what it analysed, each combination once', () => {
    expect(counts).toEqual([...counts].sort((a, b) => a - b));
    expect(counts.at(-1)).toBeGreaterThan(50);
  });
});
