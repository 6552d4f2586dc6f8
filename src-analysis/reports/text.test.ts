import { describe, expect, it } from 'vitest';
import { sampleRun } from './testing.ts';
import { type Paint, textReport } from './text.ts';

const expected = `src/my model,1.ts
  model (tfjs-code, line 4)
    layer     op      input    output   unknowns  W rows  K rows  rank W  rank K  rank U  deficiency  verdict
    conv2d_1  conv2d  32×32×3  30×30×6      3072    5400     162    3072     162    3072           0  soluble
    lstm_1    lstm    ?        ?               –       –       –       –       –       –           –  unknown
    r = 1029 of 3072 input entries identifiable (33.5 %, law, decided by conv2d_1)
    c(M) = −2266.5, −2266 as the paper rounds (partial: some layers are unknown)
`;

describe('text report', () => {
  it('has a table of layers with aligned figures, then r of n and c(M)', () => {
    expect(textReport(sampleRun()).startsWith(expected)).toBe(true);
  });

  it('has a line for every finding, with its place and rule', () => {
    const lines = textReport(sampleRun()).split('\n');
    expect(lines.find(line => line.endsWith('  soluble-layer'))).toMatch(/^ {2}5:13 {2}warning {2}Soluble: /);
    expect(lines.find(line => line.endsWith('  read-error'))).toBe(
      '  -  error    The file is not UTF-8 text.  read-error',
    );
    expect(lines.filter(line => line.includes('1 finding suppressed'))).toHaveLength(2);
    expect(lines.slice(-3)).toEqual([
      '2 models in 3 files: 1 error, 4 warnings, 1 note, 2 suppressed',
      '1 of what was read has no verdict: unknown is not the same as no leakage.',
      '',
    ]);
  });

  it('says how a figure was obtained where that matters, and what is unknown', () => {
    const text = textReport(sampleRun());
    expect(text).toContain('deficient (exact)');
    expect(text).toContain('6×?×30');
  });

  it('lets no control character of a model through', () => {
    expect(textReport(sampleRun())).not.toContain('\u001b');
    expect(textReport(sampleRun())).toContain('main_graph [31m (onnx)');
  });

  it('paints no verdict green and calls nothing safe', () => {
    const mark = (name: string) => (text: string) => `<${name}>${text}</${name}>`;
    const paint: Paint = {
      bold: mark('b'),
      dim: mark('dim'),
      red: mark('red'),
      yellow: mark('yellow'),
      cyan: mark('cyan'),
      underline: mark('u'),
    };
    const text = textReport(sampleRun(), paint);
    expect(text).toMatch(/<red>conv2d_1 .*soluble<\/red>/);
    expect(text).toMatch(/<yellow>\/conv2\/Conv .*deficient \(exact\)<\/yellow>/);
    expect(text).not.toMatch(/\bsafe\b/i);
  });

  it('does not pass for a proof where nothing is found', () => {
    const run = sampleRun();
    const clean = { ...run.files[1]!, report: { ...run.files[1]!.report, findings: [], suppressed: [] } };
    expect(textReport({ ...run, files: [clean] })).toMatch(/No warning is not a proof of privacy/);
    expect(textReport({ ...run, files: [] })).toBe('0 models in 0 files: 0 errors, 0 warnings, 0 notes\n');
  });
});
