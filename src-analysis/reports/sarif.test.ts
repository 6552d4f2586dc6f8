import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import sarifSchema from '../../test/fixtures/sarif/sarif-schema-2.1.0.json' with { type: 'json' };
import { sarifLog, sarifReport } from './sarif.ts';
import { sampleRun } from './testing.ts';

/** One pattern of the official schema (a language code) is no valid Unicode regular expression. */
function validator() {
  const ajv = new Ajv({ strict: false, allErrors: true, unicodeRegExp: false });
  addFormats.default(ajv);
  return ajv.compile(sarifSchema);
}

describe('sarif report', () => {
  const run = sampleRun();
  const log = sarifLog(run);
  const results = log.runs[0]!.results!;

  it('is valid against the official schema, as are an empty run and a run without failures', () => {
    const validate = validator();
    for (const files of [run.files, [], run.files.slice(0, 2)]) {
      validate(JSON.parse(sarifReport({ ...run, files })));
      expect(validate.errors ?? []).toEqual([]);
    }
    validate({ ...JSON.parse(sarifReport(run)), runs: [{}] });
    expect(validate.errors).not.toBeNull();
  });

  it('gives places in one-based lines and UTF-16 columns, and percent-encoded addresses', () => {
    expect(log.runs[0]!.columnKind).toBe('utf16CodeUnits');
    expect(results[2]).toMatchObject({
      ruleId: 'soluble-layer',
      level: 'warning',
      locations: [
        {
          physicalLocation: {
            artifactLocation: { uri: 'src/my%20model%2C1.ts', uriBaseId: 'SRCROOT' },
            region: { startLine: 5, startColumn: 13, endLine: 5, endColumn: 19 },
          },
          logicalLocations: [{ name: 'conv2d_1', fullyQualifiedName: 'model/conv2d_1', kind: 'member' }],
        },
      ],
    });
    expect(results[1]!.relatedLocations).toMatchObject([{ id: 0, physicalLocation: { region: { startLine: 5 } } }]);
    const binary = results.find(result =>
      result.locations?.[0]?.physicalLocation?.artifactLocation?.uri?.endsWith('.onnx'),
    );
    expect(binary!.locations![0]!.physicalLocation).toEqual({ artifactLocation: { uri: 'file:///m/cnn.onnx' } });
  });

  it('links every result to its rule and every rule to its page', () => {
    const rules = log.runs[0]!.tool.driver.rules!;
    for (const result of results) expect(rules[result.ruleIndex!]?.id).toBe(result.ruleId);
    for (const rule of rules) expect(rule.helpUri).toContain(`/docs/rules/${rule.id}.md`);
  });

  it('carries suppressions with their justification', () => {
    expect(results.flatMap(result => result.suppressions ?? [])).toEqual([
      { kind: 'inSource', status: 'accepted', justification: 'the features are public' },
      { kind: 'external', status: 'accepted', justification: 'frozen' },
    ]);
  });

  it('tells an unreadable file and a failure of its own', () => {
    expect(results[results.length - 1]).toMatchObject({ ruleId: 'read-error', level: 'error' });
    const [invocation] = log.runs[0]!.invocations!;
    expect(invocation!.executionSuccessful).toBe(false);
    expect(invocation!.toolExecutionNotifications).toMatchObject([
      { message: { text: expect.stringContaining('at x') } },
    ]);
  });

  it('has fingerprints that are distinct and do not move with the text', () => {
    const fingerprints = results.map(result => result.partialFingerprints!['leaklint/v1']);
    expect(new Set(fingerprints).size).toBe(fingerprints.length);
    const [file, ...others] = run.files;
    const moved = { ...file!, text: `\n\n${file!.text}` };
    const again = sarifLog({ ...run, files: [moved, ...others] }).runs[0]!.results!;
    expect(again.map(result => result.partialFingerprints!['leaklint/v1'])).toEqual(fingerprints);
  });
});
