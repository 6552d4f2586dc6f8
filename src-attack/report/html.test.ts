import { expect, test } from 'vitest';
import type { AttackSpec } from '../process/protocol.ts';
import { newRun } from '../process/run-state.ts';
import { htmlReport, type SavedRun } from './html.ts';

const spec: AttackSpec = {
  model: { path: 'model.onnx', name: '</script><script>alert(1)</script>' },
  source: { kind: 'image', paths: ['image.png'] },
  labels: [0],
  methods: ['r-gap'],
  seed: 1,
  engine: 'auto',
  preprocess: 'x/255 - 0.5',
};
const saved: SavedRun = { model: { name: spec.model.name!, summary: 'r = 1 of 2' }, run: newRun(1, spec) };

test('the page carries its state and nothing of it becomes markup', () => {
  const html = htmlReport(saved, { script: 'draw()', style: 'body{}' }, 'abc');
  const [, json] = /<script type="application\/json" id="report-state">(.*?)<\/script>/s.exec(html) ?? [];
  expect(JSON.parse(json ?? '')).toEqual(saved);
  expect(html.match(/<script/g)).toHaveLength(2);
});

test('nothing is loaded from elsewhere', () => {
  const html = htmlReport(saved, { script: 'draw()', style: 'body{}' }, 'abc');
  expect(html).toContain("default-src 'none'");
  expect(html).not.toMatch(/(src|href)="/);
});

test('a bundle that would end its own element is refused', () => {
  expect(() => htmlReport(saved, { script: 'x="</script>"', style: '' }, 'abc')).toThrow(/closes its own element/);
});
