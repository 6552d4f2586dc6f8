import { describe, expect, it } from 'vitest';
import type { Identifiable } from '../../model/analysis.ts';
import { analysisOf, chain, conv, identifiable } from '../testing.ts';
import { identifiableInput } from './rule.ts';

const graph = chain([{ op: { kind: 'input' } }, { op: conv, name: 'conv1', range: { start: 50, end: 56 } }], {
  range: { start: 3, end: 13 },
});

function check(figure: Identifiable, threshold = 0.1) {
  const analysis = analysisOf([], { identifiable: figure });
  return identifiableInput.check({ graph, analysis, options: { threshold } });
}

describe('identifiable-input', () => {
  it('names the bottleneck and points to it', () => {
    const [report] = check(identifiable(1029, 3072, { bottleneck: 1, assumptions: ['generic weights'] }));
    expect(report?.range).toEqual({ start: 3, end: 13 });
    expect(report?.message).toContain('1029 independent equations for the 3072 input entries (r/n = 33.5 %');
    expect(report?.message).toContain("'conv1' decides");
    expect(report?.message).toContain('Assumes: generic weights.');
    expect(report?.related).toEqual([{ message: expect.stringContaining("'conv1'"), range: { start: 50, end: 56 } }]);
    expect(report?.layer).toBeUndefined();
  });

  it('says that the whole input is determined only where it is', () => {
    expect(check(identifiable(3072, 3072))[0]?.message).toContain('determines all 3072 input entries');
    const [almost] = check(identifiable(3071, 3072));
    expect(almost?.message).toContain('r/n = 99.9 %');
    expect(almost?.message).not.toContain('determines');
  });

  it.each([
    [307, 0.1, true],
    [308, 0.1, false],
    [1, 0, false],
    [3072, 1, false],
    [3071, 1, true],
  ])('r = %i of 3072 at threshold %f is a note: %s', (rank, threshold, note) => {
    expect(check(identifiable(rank, 3072), threshold)[0]?.note).toBe(note);
  });

  it('is silent where r is unknown', () => {
    expect(check(identifiable(null, 3072))).toEqual([]);
  });
});
