import { describe, expect, it } from 'vitest';
import { tanh } from '../ir/elementwise.ts';
import { createGraph } from '../ir/graph.ts';
import { chooseEngine } from './choose.ts';

const options = { folder: process.cwd() };

describe('choice of an engine', () => {
  it('takes the processor where there is no CUDA device, and says why', async () => {
    const { engine, passedOver } = await chooseEngine('auto', options);
    expect(['onnxruntime-cuda', 'onnxruntime-cpu']).toContain(engine.info.name);
    if (engine.info.name === 'onnxruntime-cpu')
      expect(passedOver).toMatchObject([{ name: 'onnxruntime-cuda', info: null }]);
    for (const { reason } of passedOver) expect(reason).toMatch(/\.$/);
    await engine.dispose();
  });

  it('falls back to the TensorFlow.js that is installed', async () => {
    const { engine, passedOver } = await chooseEngine('tfjs', options);
    expect(engine.info).toMatchObject({ name: 'tfjs-cpu', version: '4.22.0' });
    expect(passedOver.map(({ name }) => name)).toEqual(['tfjs-node-gpu', 'tfjs-node', 'tfjs-wasm']);
  });

  it('names what there is when asked for something else', async () => {
    await expect(chooseEngine('abacus', options)).rejects.toThrow(/no engine "abacus".*onnxruntime-wasm/);
  });

  it('says where TensorFlow.js was looked for', async () => {
    await expect(chooseEngine('tfjs-cpu', { folder: '/' })).rejects.toThrow(/@tensorflow\/tfjs is not installed in \//);
  });
});

describe('a program', () => {
  it.each(['cpu', 'wasm', 'tfjs'])('on %s keeps bound inputs and refuses wrong ones', async choice => {
    const { engine } = await chooseEngine(choice, options);
    const graph = createGraph();
    const x = graph.input('x', [2]);
    const program = await engine.compile({ y: tanh(x), x });
    await expect(program.run({})).rejects.toThrow('Input "x" is missing');
    await expect(program.run({ x: new Float32Array(3) })).rejects.toThrow('has 3 entries');
    const values = Float32Array.of(0, 1);
    await program.bind({ x: values });
    values.fill(9);
    const { y, x: same } = await program.run({});
    expect(Array.from(y!)).toEqual([0, expect.closeTo(Math.tanh(1), 6)]);
    expect(Array.from(same!)).toEqual([0, 1]);
    expect(Object.keys(await program.run({ x: Float64Array.of(2, 3) }, ['y']))).toEqual(['y']);
    await expect(program.run({}, ['z'])).rejects.toThrow('no output "z"');
    await engine.dispose();
  });
});
