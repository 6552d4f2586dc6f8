import { describe, expect, it } from 'vitest';
import { githubReport } from './github.ts';
import { sampleRun } from './testing.ts';

describe('github report', () => {
  const lines = githubReport(sampleRun()).trimEnd().split('\n');

  it('has one workflow command a finding, at one-based places', () => {
    expect(lines).toHaveLength(6);
    expect(lines[2]).toMatch(
      /^::warning file=src\/my model%2C1\.ts,line=5,endLine=5,col=13,endColumn=19,title=Leaklint%3A soluble-layer::Soluble: /,
    );
    expect(lines[3]).toMatch(/^::notice /);
    expect(lines[4]).toMatch(/^::warning file=\.\.\/m\/cnn\.onnx,title=/);
    expect(lines[5]).toMatch(/^::error file=broken\.json,title=Leaklint%3A read-error::The file is not UTF-8 text\.$/);
  });

  it('cannot be broken out of by names from a model', () => {
    const run = sampleRun();
    const file = run.files[0]!;
    const finding = { ...file.report.findings[1]!, message: 'a\r\n::error::100 %0A' };
    const text = githubReport({ ...run, files: [{ ...file, report: { ...file.report, findings: [finding] } }] });
    expect(text.trimEnd().split('\n')).toHaveLength(1);
    expect(text).toContain('::a%0D%0A::error::100 %250A\n');
  });
});
