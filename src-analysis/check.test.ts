import { describe, expect, it } from 'vitest';
import { type AnalysedFile, checkSource, reportOn } from './check.ts';
import { defaultConfig, withRuleLevels } from './findings/config.ts';
import type { ConvGeometry } from './model/analysis.ts';
import { Cancelled, neverCancelled } from './readers/reader.ts';
import { analysisOf, chain, conv, dense, figures, rangeOf } from './rules/testing.ts';

const text = `// leaklint-disable-next-line soluble-layer -- reason
conv2d(); sequential(); dense()`;
const options = { config: defaultConfig, exact: new Map(), cancel: neverCancelled };
const comments = [{ range: { start: 0, end: 53 }, text: text.slice(2, 53) }];

const geometry: ConvGeometry = {
  inChannels: 1,
  filters: 1,
  input: [4, 4],
  kernel: [2, 2],
  strides: [1, 1],
  before: [0, 0],
  after: [0, 0],
  dilations: [1, 1],
  groups: 1,
};

function analysed(): AnalysedFile {
  const graph = chain(
    [
      { op: { kind: 'input' } },
      { op: conv, name: 'c', range: rangeOf(text, 'conv2d') },
      { op: dense(), name: 'd', range: rangeOf(text, 'dense') },
    ],
    { range: rangeOf(text, 'sequential') },
  );
  return {
    models: [{ graph, analysis: analysisOf([figures(1)], { pending: [geometry, { ...geometry }] }) }],
    errors: [],
    comments,
  };
}

const ids = (report: { findings: readonly { ruleId: string; severity: string }[] }) =>
  report.findings.map(finding => `${finding.severity} ${finding.ruleId}`);

describe('reportOn', () => {
  it('gives findings in source order, applies suppressions, and lists pending geometries once', () => {
    const report = reportOn({ path: 'a.ts', text }, analysed(), options);
    expect(ids(report)).toEqual(['warning identifiable-input', 'info dense-input-exposed']);
    expect(report.suppressed).toMatchObject([
      { kind: 'inSource', reason: 'reason', finding: { layer: 'c', model: 'model' } },
    ]);
    expect(report.pending).toMatchObject([{ kind: 'geometry', geometry }]);
  });

  it('obeys the configuration: levels, and notes that stay notes', () => {
    const config = withRuleLevels(defaultConfig, {
      'identifiable-input': 'off',
      'dense-input-exposed': 'error',
      'soluble-layer': 'off',
    });
    expect(ids(reportOn({ path: 'a.ts', text }, analysed(), { ...options, config }))).toEqual([
      'info dense-input-exposed',
    ]);
  });

  it('matches ignores against the path relative to the configuration', () => {
    const config = {
      ...defaultConfig,
      ignores: [{ path: 'm/*.ts', model: 'model', rule: 'identifiable-input', reason: 'r' }],
    };
    const file = { path: '../deep/m/a.ts', text };
    const ignored = reportOn(file, analysed(), { ...options, config, configPath: 'm/a.ts' }).suppressed;
    expect(ignored.filter(entry => entry.kind === 'external')).toMatchObject([{ reason: 'r', ignoreIndex: 0 }]);
    expect(reportOn(file, analysed(), { ...options, config, configPath: 'n/a.ts' }).suppressed).toHaveLength(1);
  });

  it('turns read errors into findings that nothing suppresses', () => {
    const range = rangeOf(text, 'conv2d');
    const report = reportOn(
      { path: 'a.ts', text },
      { models: [], errors: [{ message: 'half typed', range }], comments },
      options,
    );
    expect(report.errors).toEqual([{ message: 'half typed', range }]);
    // The idle suppression is not reported while the file has errors.
    expect(report.findings).toMatchObject([{ ruleId: 'read-error', severity: 'error', message: 'half typed', range }]);
  });

  it('survives a rule that fails, says so, and applies the others', () => {
    const [model] = analysed().models;
    const broken = { ...analysed(), models: [{ ...model!, analysis: { ...model!.analysis, layers: null as never } }] };
    const report = reportOn({ path: 'a.ts', text }, broken, options);
    expect(report.errors[0]?.message).toMatch(
      /^Leaklint failed while applying the rule 'soluble-layer' to 'model' \(.*unknown/,
    );
    expect(report.internalErrors).toHaveLength(3);
    expect(ids(report)).toEqual([
      'error read-error',
      'error read-error',
      'error read-error',
      'warning identifiable-input',
      'info dense-input-exposed',
    ]);
  });

  it('is plain data', () => {
    const report = reportOn({ path: 'a.ts', text }, analysed(), options);
    expect(structuredClone(report)).toEqual(report);
    expect(structuredClone(defaultConfig)).toEqual(defaultConfig);
  });
});

describe('checkSource', () => {
  it('says which files it can read', () => {
    const report = checkSource({ path: 'model.h5', text: '' }, options);
    expect(report.errors[0]?.message).toContain('.onnx');
    expect(ids(report)).toEqual(['error read-error']);
  });

  it('lets nothing but a cancellation out', () => {
    const cancel = { isCancellationRequested: true };
    expect(() => checkSource({ path: 'a.ts', text: model }, { ...options, cancel })).toThrow(Cancelled);
  });

  it('finds, names and places what leaks in model code', () => {
    const report = checkSource({ path: 'a.ts', text: model }, options);
    expect(report.errors).toEqual([]);
    const word = (finding: (typeof report.findings)[number]) => model.slice(finding.range?.start, finding.range?.end);
    expect(report.findings.map(finding => [finding.ruleId, word(finding)])).toEqual([
      ['identifiable-input', 'sequential'],
      ['soluble-layer', 'conv2d'],
      ['dense-input-exposed', 'dense'],
    ]);
  });
});

const model = `import * as tf from '@tensorflow/tfjs';
const model = tf.sequential();
model.add(tf.layers.conv2d({ inputShape: [16, 16, 1], filters: 4, kernelSize: 3, activation: 'tanh' }));
model.add(tf.layers.flatten());
model.add(tf.layers.dense({ units: 10, activation: 'softmax' }));
`;
