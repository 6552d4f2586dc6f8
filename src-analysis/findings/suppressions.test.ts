import { describe, expect, it } from 'vitest';
import type { Comment } from '../readers/reader.ts';
import type { Finding } from './finding.ts';
import { applyDirectives, parseDirectives } from './suppressions.ts';

/** The comments of a text, as a reader gives them. */
function commentsOf(text: string): Comment[] {
  return [...text.matchAll(/\/\/(.*)|\/\*([\s\S]*?)\*\//g)].map(match => ({
    range: { start: match.index, end: match.index + match[0].length },
    text: match[1] ?? match[2] ?? '',
  }));
}

/** A finding of a rule at each place marked by its first letter in capitals: S soluble-layer, D dense…, N not-covered. */
function findingsOf(text: string): Finding[] {
  const rules: Record<string, string> = { S: 'soluble-layer', D: 'dense-input-exposed', N: 'not-covered' };
  return [...text.matchAll(/[SDN]\b/g)].map(match => ({
    ruleId: rules[match[0]]!,
    severity: 'warning',
    message: '',
    helpUri: '',
    range: { start: match.index, end: match.index + 1 },
  }));
}

function apply(text: string) {
  const { directives, problems } = parseDirectives(text, commentsOf(text));
  const { kept, suppressed, unused } = applyDirectives(findingsOf(text), directives);
  return {
    kept: kept.map(finding => finding.ruleId),
    suppressed: suppressed.map(({ finding, reason }) => [finding.ruleId, reason]),
    unused: unused.map(({ id, range }) => [id, text.slice(range.start, range.end)]),
    problems: problems.map(({ message, range }) => [message, range && text.slice(range.start, range.end)]),
  };
}

const nothing = { kept: [], suppressed: [], unused: [], problems: [] };
const next = 'leaklint-disable-next-line';

/** [what, text, what becomes of it] */
const cases: [string, string, Partial<ReturnType<typeof apply>>][] = [
  [
    'the line above, with a reason',
    `// ${next} soluble-layer -- public data\nS`,
    { suppressed: [['soluble-layer', 'public data']] },
  ],
  ['no reason', `// ${next} soluble-layer\nS`, { suppressed: [['soluble-layer', undefined]] }],
  [
    'several rules',
    `// ${next} soluble-layer, not-covered -- x\nS N D`,
    {
      kept: ['dense-input-exposed'],
      suppressed: [
        ['soluble-layer', 'x'],
        ['not-covered', 'x'],
      ],
    },
  ],
  ['a block comment', `/* ${next} soluble-layer -- x */\r\nS`, { suppressed: [['soluble-layer', 'x']] }],
  ['a documentation comment', `/**\n * ${next} soluble-layer -- x\n */\nS`, { suppressed: [['soluble-layer', 'x']] }],
  ['a reason with dashes', `// ${next} soluble-layer -- a -- b\nS`, { suppressed: [['soluble-layer', 'a -- b']] }],
  [
    'stacked directives',
    `// ${next} soluble-layer -- x\n  // ${next} not-covered\n  // because\n  S N`,
    {
      suppressed: [
        ['soluble-layer', 'x'],
        ['not-covered', undefined],
      ],
    },
  ],
  [
    'two findings on the line',
    `// ${next} soluble-layer\nS S`,
    {
      suppressed: [
        ['soluble-layer', undefined],
        ['soluble-layer', undefined],
      ],
    },
  ],
  [
    'the whole file',
    `S\n// leaklint-disable-file soluble-layer -- x\nS`,
    {
      suppressed: [
        ['soluble-layer', 'x'],
        ['soluble-layer', 'x'],
      ],
    },
  ],
  [
    'the same line',
    `S // ${next} soluble-layer\n`,
    { kept: ['soluble-layer'], unused: [['soluble-layer', 'soluble-layer']] },
  ],
  [
    'two lines above',
    `// ${next} soluble-layer\n\nS`,
    { kept: ['soluble-layer'], unused: [['soluble-layer', 'soluble-layer']] },
  ],
  [
    'one of two rules idle',
    `// ${next} soluble-layer, not-covered\nN`,
    { suppressed: [['not-covered', undefined]], unused: [['soluble-layer', 'soluble-layer']] },
  ],
  [
    'a comment after code is passed over only if alone',
    `// ${next} soluble-layer\nS // ${next} not-covered\nN`,
    {
      suppressed: [
        ['soluble-layer', undefined],
        ['not-covered', undefined],
      ],
    },
  ],
  ['at the end of the text', `// ${next} soluble-layer`, { unused: [['soluble-layer', 'soluble-layer']] }],
  ['other comments', '// leaklint is good\n// leaklint:disable\nS', { kept: ['soluble-layer'] }],
];

/** [what, text, problem, place] */
const faulty: [string, string, string, string][] = [
  ['no rule', `// ${next} -- why\n`, 'Name the rules', `// ${next} -- why`],
  ['nothing at all', `// ${next}\n`, 'Name the rules', `// ${next}`],
  ['an unknown rule', `// ${next} soluble-layr\n`, "(did you mean 'soluble-layer'?)", 'soluble-layr'],
  ['a reason without dashes', `// ${next} soluble-layer it is public\n`, "after ' -- '", 'soluble-layer it is public'],
  ['an unsuppressible rule', `// ${next} read-error\n`, 'cannot be suppressed', 'read-error'],
  [
    'an unknown directive',
    '// leaklint-disable-line soluble-layer\n',
    'not a directive',
    '// leaklint-disable-line soluble-layer',
  ],
];

describe('suppression comments', () => {
  it.each(cases)('%s', (_, text, expected) => {
    expect(apply(text)).toEqual({ ...nothing, ...expected });
  });

  it.each(faulty)('with %s are reported at the word', (_, text, message, place) => {
    expect(apply(text)).toEqual({ ...nothing, problems: [[expect.stringContaining(message), place]] });
  });

  it('stack in any number', () => {
    const text = `${`// ${next} soluble-layer\n`.repeat(20_000)}S`;
    expect(apply(text).suppressed).toHaveLength(1);
  });

  it('do not cover findings without a place, unless for the whole file', () => {
    const finding: Finding = { ruleId: 'soluble-layer', severity: 'warning', message: '', helpUri: '' };
    const keptWith = (text: string) =>
      applyDirectives([finding], parseDirectives(text, commentsOf(text)).directives).kept.length;
    expect(keptWith(`// ${next} soluble-layer\n`)).toBe(1);
    expect(keptWith('// leaklint-disable-file soluble-layer\n')).toBe(0);
  });
});
