import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultConfig, parseConfig, ruleLevelProblem, withRuleLevels } from './config.ts';

/** [what, text, problems as `line:character message part`] */
const faulty: [string, string, string[]][] = [
  ['an unknown key', '{\n  "rule": {}\n}', ["1:2 no key 'rule' (did you mean 'rules'?)"]],
  [
    'an unknown rule',
    '{"rules": {"soluble-layr": "off"}}',
    ["0:11 no rule 'soluble-layr' (did you mean 'soluble-layer'?)"],
  ],
  ['an unknown level', '{"rules": {"soluble-layer": "loud"}}', ["0:11 'loud' is not a level"]],
  ['a level named like an object method', '{"rules": {"soluble-layer": "toString"}}', ['0:11 is not a level']],
  ['a level that is no string', '{"rules": {"soluble-layer": 2}}', ["0:28 The setting of 'soluble-layer' must be"]],
  ['an empty setting', '{"rules": {"soluble-layer": []}}', ["0:28 The setting of 'soluble-layer' must be"]],
  ['three parts', '{"rules": {"soluble-layer": ["off", {}, 3]}}', ['0:40 at most two parts']],
  ['an unknown option', '{"rules": {"soluble-layer": ["warn", {"x": 1}]}}', ["0:38 no key 'x'"]],
  ['an option out of range', '{"rules": {"identifiable-input": ["warn", {"threshold": 2}]}}', ['0:56 from 0 to 1']],
  [
    'an option of another type',
    '{"rules": {"identifiable-input": ["warn", {"threshold": "1"}]}}',
    ['0:56 from 0 to 1'],
  ],
  ['a reserved rule', '{"rules": {"read-error": "off"}}', ["0:11 'read-error' is always an error"]],
  ['a prototype key', '{"rules": {"__proto__": "off"}}', ["0:11 no rule '__proto__'"]],
  ['a repeated key', '{"include": [], "include": []}', ["0:16 has 'include' twice"]],
  ['globs that are no list', '{"exclude": "dist"}', ["0:12 'exclude' must be a list"]],
  ['a glob with backslashes', '{"exclude": ["src\\\\x"]}', ['0:13 forward slashes']],
  ['a glob that is no string', '{"include": [1]}', ['0:13 must be a glob']],
  ['an ignore without reason', '{"ignores": [{"path": "a", "rule": "soluble-layer"}]}', ["0:13 lacks 'reason'"]],
  [
    'an ignore with a blank reason',
    '{"ignores": [{"path": "a", "rule": "soluble-layer", "reason": " "}]}',
    ["0:62 'reason' must be a non-empty"],
  ],
  [
    'an ignore of read-error',
    '{"ignores": [{"path": "a", "rule": "read-error", "reason": "r"}]}',
    ["0:35 'read-error' cannot be ignored"],
  ],
  ['an ignore of an unknown rule', '{"ignores": [{"path": "a", "rule": "x", "reason": "r"}]}', ["0:35 no rule 'x'"]],
  ['an ignore that is no object', '{"ignores": ["a.onnx"]}', ['0:13 must be an object']],
  ['ignores that are no list', '{"ignores": {}}', ["0:12 'ignores' must be a list"]],
  ['rules that are no object', '{"rules": []}', ["0:10 'rules' must be an object"]],
  ['another type', '[]', ['0:0 must be an object']],
  ['a syntax error', '{"rules": {}', ['0:12 Not valid JSON: close brace expected']],
  ['nothing', '', ['0:0 Not valid JSON']],
];

describe('leaklint.json', () => {
  it('is read with comments, trailing commas, options and ignores', () => {
    const { config, problems } = parseConfig(
      `{
        // why
        "$schema": "x",
        "rules": { "soluble-layer": "off", "not-covered": "error", "identifiable-input": ["warn", { "threshold": 0.4 }], },
        "include": ["src"], "exclude": ["**/x.ts"],
        "ignores": [{ "path": "m/*.onnx", "layer": "conv1", "rule": "soluble-layer", "reason": " frozen " }],
      }`,
      '/w/leaklint.json',
    );
    expect(problems).toEqual([]);
    expect(config).toEqual({
      source: '/w/leaklint.json',
      rules: {
        ...defaultConfig.rules,
        'soluble-layer': { severity: 'off', options: {} },
        'not-covered': { severity: 'error', options: {} },
        'identifiable-input': { severity: 'warning', options: { threshold: 0.4 } },
      },
      include: ['src'],
      exclude: ['**/x.ts'],
      ignores: [{ path: 'm/*.onnx', layer: 'conv1', rule: 'soluble-layer', reason: 'frozen' }],
    });
  });

  it.each(faulty)('with %s is reported at its place, and the rest keeps its defaults', (_, text, expected) => {
    const { config, problems } = parseConfig(text, 'leaklint.json');
    expect(problems).toHaveLength(expected.length);
    problems.forEach(({ message, position }, index) => {
      const [place = '', words = ''] = expected[index]!.split(/ (.*)/);
      expect(`${position.line}:${position.character}`).toBe(place);
      expect(message).toContain(words);
    });
    expect(config.rules).toEqual(defaultConfig.rules);
    expect(config.ignores).toEqual([]);
  });

  it('never throws, whatever the text, and nesting bombs end', () => {
    const pieces = ['{', '}', '[', ']', '"rules"', '"ignores"', ':', ',', '"off"', '1', '//', '\n', '"soluble-layer"'];
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...pieces), maxLength: 30 }), text => {
        expect(parseConfig(text, 'x').config.source).toBe('x');
      }),
    );
    for (const bomb of ['['.repeat(200_000), '{"a":'.repeat(100_000)]) {
      expect(parseConfig(bomb, 'x').problems.length).toBeGreaterThan(0);
    }
  });
});

describe('levels from elsewhere', () => {
  it('replace the severity and keep the options', () => {
    const { config } = parseConfig('{"rules": {"identifiable-input": ["warn", {"threshold": 0.4}]}}', 'x');
    const changed = withRuleLevels(config, { 'identifiable-input': 'error', unheard: 'off' });
    expect(changed.rules['identifiable-input']).toEqual({ severity: 'error', options: { threshold: 0.4 } });
    expect(Object.keys(changed.rules)).toEqual(Object.keys(defaultConfig.rules));
  });

  it('are judged as in the file', () => {
    expect(ruleLevelProblem('soluble-layer', 'warn')).toBeNull();
    expect(ruleLevelProblem('soluble-layer', 'warning')).toContain('not a level');
    expect(ruleLevelProblem('nonsense', 'warn')).toContain('no rule');
  });
});
