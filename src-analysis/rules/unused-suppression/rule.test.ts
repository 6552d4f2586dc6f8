import { describe, expect, it } from 'vitest';
import { unusedReports } from './rule.ts';

const range = { start: 0, end: 5 };
const unused = [
  { id: 'soluble-layer', range },
  { id: 'not-covered', range },
];
const problem = { message: 'There is no rule', range };

describe('unused-suppression', () => {
  it('reports problems and idle rule ids, but not those of rules that are off', () => {
    const reports = unusedReports(unused, [problem], id => id === 'not-covered', false);
    expect(reports).toEqual([problem, { message: expect.stringContaining("'soluble-layer' reports nothing"), range }]);
  });

  it('judges no well-formed suppression while the file has errors', () => {
    expect(unusedReports(unused, [problem], () => false, true)).toEqual([problem]);
  });
});
