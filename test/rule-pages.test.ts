import { existsSync, readdirSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import schema from '../schemas/leaklint.schema.json' with { type: 'json' };
import { parseConfig } from '../src-analysis/findings/config.ts';
import { ruleMetas } from '../src-analysis/rules/registry.ts';
import { ruleHelpUri } from '../src-analysis/rules/rule.ts';

const root = path.resolve(import.meta.dirname, '..');
const ids = ruleMetas.map(meta => meta.id);
const headings = ['What it does', 'Threat model', 'When it does not apply', 'What to do', 'References'];

describe('rules', () => {
  it('are one folder and one page each, and nothing else', () => {
    const rules = path.join(root, 'src-analysis/rules');
    const folders = readdirSync(rules, { withFileTypes: true }).filter(entry => entry.isDirectory());
    expect(folders.map(entry => entry.name).sort()).toEqual([...ids].sort());
    expect(readdirSync(path.join(root, 'docs/rules')).sort()).toEqual(ids.map(id => `${id}.md`).sort());
  });

  it.each(ids)('%s has a page with its sections in order, its severity, its options and a reference', id => {
    const page = readFileSync(path.join(root, 'docs/rules', `${id}.md`), 'utf8');
    const meta = ruleMetas.find(rule => rule.id === id)!;
    expect(page.split('\n')[0]).toBe(`# ${id}`);
    expect([...page.matchAll(/^## (.*)$/gm)].map(match => match[1])).toEqual(headings);
    for (const section of page.split(/^## .*$/m).slice(1)) expect(section.trim().length).toBeGreaterThan(40);
    expect(page).toMatch(new RegExp(`(Default severity: |Always an )${meta.defaultSeverity}`));
    for (const [name, option] of Object.entries(meta.options))
      expect(page).toContain(`| \`${name}\` | ${option.default} |`);
    const own = "Leaklint's own rule";
    const references = page.slice(page.indexOf('## References'));
    expect(references.includes(own) || /arxiv\.org\/abs\/\d{4}\.\d{5}/.test(references)).toBe(true);
  });

  it('have an address that ends in their page', () => {
    for (const id of ids) expect(ruleHelpUri(id)).toMatch(new RegExp(`^https://.*/docs/rules/${id}\\.md$`));
  });

  it('have pages whose local links lead somewhere', () => {
    for (const id of ids) {
      const page = readFileSync(path.join(root, 'docs/rules', `${id}.md`), 'utf8');
      for (const [, link = ''] of page.matchAll(/\]\((?!https:)([^)#]+)/g)) {
        expect(existsSync(path.join(root, 'docs/rules', link)), `${id}: ${link}`).toBe(true);
      }
    }
  });
});

describe('the schema of leaklint.json', () => {
  const validate = new Ajv({ allErrors: true, strict: false }).compile(schema);

  it('knows exactly the rules that can be configured, with their options', () => {
    const properties: Record<string, { anyOf: { items?: { properties?: object }[] }[] }> =
      schema.properties.rules.properties;
    const configurable = ruleMetas.filter(meta => !meta.fixedSeverity);
    expect(Object.keys(properties).sort()).toEqual(configurable.map(meta => meta.id).sort());
    for (const meta of configurable) {
      const options = Object.entries(meta.options).map(([name, option]) => [name, { type: 'number', ...option }]);
      expect(properties[meta.id]?.anyOf[1]?.items?.[1]?.properties).toEqual(Object.fromEntries(options));
    }
  });

  it.each([
    '{}',
    '{"$schema": "x", "rules": {"soluble-layer": "off", "identifiable-input": ["warn", {"threshold": 0.5}]}}',
    '{"include": ["src/**"], "exclude": ["a"], "ignores": [{"path": "a", "rule": "not-covered", "reason": "r", "model": "m"}]}',
    '{"rule": {}}',
    '{"rules": {"read-error": "off"}}',
    '{"rules": {"soluble-layer": "loud"}}',
    '{"rules": {"soluble-layer": []}}',
    '{"rules": {"soluble-layer": ["off", {}, 1]}}',
    '{"rules": {"identifiable-input": ["warn", {"threshold": 2}]}}',
    '{"rules": {"identifiable-input": ["warn", {"limit": 2}]}}',
    '{"exclude": "a"}',
    '{"exclude": ["a\\\\b"]}',
    '{"ignores": [{"path": "a", "rule": "soluble-layer"}]}',
    '{"ignores": [{"path": "a", "rule": "unused-suppression", "reason": "r"}]}',
    '{"ignores": [{"path": "a", "rule": "soluble-layer", "reason": " "}]}',
    '[]',
  ])('and the reader agree on %s', text => {
    expect(validate(JSON.parse(text))).toBe(parseConfig(text, 'leaklint.json').problems.length === 0);
  });
});
