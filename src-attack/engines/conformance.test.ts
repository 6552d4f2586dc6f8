import { describe, expect, it } from 'vitest';
import { findDisagreements } from './conformance.ts';
import type { Engine, Precision } from './engine.ts';
import { loadOnnxCpu, loadOnnxWasm } from './onnxruntime/load.ts';
import { loadTfjs } from './tfjs/load.ts';

const engines: readonly {
  readonly name: string;
  readonly precision: Precision;
  readonly load: () => Promise<Engine>;
  /** Cases for which the library has no kernel: the engine says so. */
  readonly missing?: readonly string[];
}[] = [
  { name: 'onnxruntime-cpu', precision: 'float32', load: () => loadOnnxCpu() },
  { name: 'onnxruntime-cpu', precision: 'float64', load: () => loadOnnxCpu(), missing: ['erf', 'gelu'] },
  { name: 'onnxruntime-wasm', precision: 'float32', load: loadOnnxWasm },
  { name: 'tfjs-cpu', precision: 'float32', load: () => loadTfjs('tfjs-cpu', process.cwd()) },
];

describe('every operator agrees with the float64 reference', () => {
  it.each(engines)('on $name in $precision', async ({ name, precision, load, missing = [] }) => {
    const engine = await load();
    expect(engine.info.name).toBe(name);
    const found = await findDisagreements(engine, precision);
    expect(found.filter(({ testCase }) => !missing.includes(testCase))).toEqual([]);
    expect(found.map(({ testCase }) => testCase)).toEqual(missing);
    await engine.dispose();
  });
});
