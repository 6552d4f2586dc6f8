import * as path from 'node:path';
import { expect, it } from 'vitest';
import type { CheckJson } from '../src-analysis/reports/json.ts';
import { runCommand } from './main.ts';

/** [file, r of n, c(M), warnings]: what the example's README says. */
const expected: [string, string, number | null, string[]][] = [
  ['models/digits-cnn.onnx', '729 of 784', -1712, ['identifiable-input', 'soluble-layer']],
  ['models/digits-mlp/model.json', '784 of 784', null, ['identifiable-input', 'dense-input-exposed']],
  ['src/hardened-model.ts', '70 of 784', -664, []],
  ['src/leaky-model.ts', '784 of 784', 0, ['identifiable-input', 'soluble-layer', 'soluble-layer']],
];

it('the federated-learning example shows what its README says', async () => {
  const root = path.resolve(import.meta.dirname, '..');
  let stdout = '';
  await runCommand(['check', '.', '--format', 'json'], {
    root,
    cwd: path.join(root, 'examples/federated-mnist'),
    colours: false,
    write: async text => {
      stdout += text;
    },
    log: () => {},
    progress: () => {},
  });
  const report = JSON.parse(stdout) as CheckJson;
  const shown = report.files.flatMap(file =>
    file.models.map(({ identifiable, metric }) => [
      file.path,
      `${identifiable.rank} of ${identifiable.unknowns}`,
      metric.cRounded,
      file.findings.filter(finding => finding.severity !== 'info').map(finding => finding.ruleId),
    ]),
  );
  expect(shown).toEqual(expected);
  expect(report.summary).toMatchObject({ errors: 0, unresolved: 0, suppressed: 1 });
});
