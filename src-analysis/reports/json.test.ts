import { describe, expect, it } from 'vitest';
import { checkJson, jsonReport } from './json.ts';
import { sampleRun } from './testing.ts';

describe('json report', () => {
  const report = checkJson(sampleRun());

  it('has the fields of the contract, version 1', () => {
    expect(report.version).toBe(1);
    expect(report.files.map(file => file.path)).toEqual(['src/my model,1.ts', '../m/cnn.onnx', 'broken.json']);
    const model = report.files[0]!.models[0]!;
    expect(model).toMatchObject({
      name: 'model',
      format: 'tfjs-code',
      range: { start: { line: 3, character: 17 }, end: { line: 3, character: 27 } },
      metric: { c: -2266.5, cRounded: -2266, coverage: 'partial' },
      identifiable: { rank: 1029, unknowns: 3072, fraction: 1029 / 3072, basis: 'law', bottleneck: 'conv2d_1' },
    });
    expect(model.layers[0]).toEqual({
      name: 'conv2d_1',
      op: 'conv2d',
      range: { start: { line: 4, character: 12 }, end: { line: 4, character: 18 } },
      inputShape: [32, 32, 3],
      outputShape: [30, 30, 6],
      unknowns: 3072,
      touched: 3072,
      rows: { weights: 5400, gradients: 162 },
      rank: { weights: 3072, gradients: 162, system: 3072 },
      deficiency: 0,
      metricWeight: 1,
      verdict: 'soluble',
      basis: 'law',
      assumptions: [],
    });
    expect(model.layers[1]).toMatchObject({
      verdict: 'unknown',
      rank: null,
      reason: expect.stringContaining('recurrent'),
    });
  });

  it('lists findings with model, layer and link, and what was suppressed with its reason', () => {
    const [code, binary, broken] = report.files;
    expect(code!.findings.map(finding => [finding.ruleId, finding.severity, finding.layer])).toEqual([
      ['unused-suppression', 'warning', null],
      ['identifiable-input', 'warning', null],
      ['soluble-layer', 'warning', 'conv2d_1'],
      ['not-covered', 'info', 'lstm_1'],
    ]);
    expect(code!.findings[1]).toMatchObject({ model: 'model', helpUri: expect.stringContaining('identifiable-input') });
    expect(code!.findings[1]!.related).toEqual([
      { message: expect.any(String), range: { start: { line: 4, character: 12 }, end: { line: 4, character: 18 } } },
    ]);
    expect(code!.suppressed).toMatchObject([
      { ruleId: 'dense-input-exposed', reason: 'the features are public', by: 'comment' },
    ]);
    expect(binary!.findings.every(finding => finding.range === null)).toBe(true);
    expect(binary!.suppressed).toMatchObject([{ layer: '/conv1/Conv', reason: 'frozen', by: 'config' }]);
    expect(broken!).toMatchObject({
      errors: [{ range: null }],
      findings: [{ ruleId: 'read-error', severity: 'error' }],
    });
  });

  it('counts', () => {
    expect(report.summary).toEqual({
      files: 3,
      models: 2,
      layers: 4,
      findings: 6,
      unresolved: 1,
      errors: 1,
      warnings: 4,
      infos: 1,
      suppressed: 2,
    });
  });

  it('is one JSON document and a line break', () => {
    const text = jsonReport(sampleRun());
    expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(report)));
    expect(text.endsWith('}\n')).toBe(true);
  });
});
