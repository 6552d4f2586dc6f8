import { expect, it } from 'vitest';
import { parseConfig, ruleLevelProblem } from '../../findings/config.ts';
import { parseDirectives } from '../../findings/suppressions.ts';
import { readErrorMeta } from './rule.ts';

it('read-error cannot be switched off, ignored or suppressed', () => {
  const { id } = readErrorMeta;
  const ignore = { path: '**', rule: id, reason: 'r' };
  const text = `// leaklint-disable-file ${id}`;
  const comments = [{ range: { start: 0, end: text.length }, text: text.slice(2) }];
  expect(ruleLevelProblem(id, 'off')).toContain('always an error');
  expect(parseConfig(JSON.stringify({ rules: { [id]: 'off' }, ignores: [ignore] }), 'x').problems).toHaveLength(2);
  expect(parseDirectives(text, comments)).toMatchObject({ directives: [{ ruleIds: [] }], problems: [{}] });
});
