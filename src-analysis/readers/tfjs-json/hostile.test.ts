import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { damaged, jsonPieces } from '../../../test/damage.ts';
import { fixture } from '../../../test/tfjs-shapes/fixture.ts';
import { Cancelled } from '../reader.ts';
import { readTfjsJson } from './read.ts';
import { dense, type Json, read, sequential } from './test-files.ts';

describe('hostile files', () => {
  const start = '{"modelTopology":';

  it.each([
    ['deep nesting', start + '['.repeat(100_000), 'nested more than 200 deep'],
    ['deep objects', start + '{"a":'.repeat(100_000), 'nested more than 200 deep'],
    ['brackets that close nothing', start + '[},'.repeat(100_000), 'nested more than 200 deep'],
    ['a long array', `${start}[${'0,'.repeat(2_000_000)}0]}`, 'made of more than 3000000 JSON tokens'],
  ])('refuses %s', (_, text, message) => {
    const { models, errors } = read(text);
    expect(models).toEqual([]);
    expect(errors).toEqual([{ message: expect.stringContaining(message), range: expect.anything() }]);
  });

  it('gives up on shared models that multiply', () => {
    let model: Json = {
      class_name: 'Sequential',
      config: { name: 's', layers: [dense('d', 2, { batch_input_shape: [null, 2] })] },
    };
    for (let level = 0; level < 8; level++) {
      const name = `m${level}`;
      const calls = Array.from({ length: 10 }, (_, i) => [i === 0 ? ['in', 0, 0, {}] : [name, i, 0, {}]]);
      const layers = [
        { name: 'in', class_name: 'InputLayer', config: { batch_input_shape: [null, 2] }, inbound_nodes: [] },
        { name, ...model, inbound_nodes: calls },
      ];
      model = {
        class_name: 'Model',
        config: { name, layers, input_layers: [['in', 0, 0]], output_layers: [[name, 10, 0]] },
      };
    }
    const [graph] = read(JSON.stringify({ modelTopology: model })).models;
    expect(graph!.layers.length).toBeLessThan(30_010);
    expect(graph!.gaps[0]!.reason).toBe('This model applies more than 30000 layers; the rest is not read.');
  });

  it('reads ten thousand layers', () => {
    const layers = Array.from({ length: 10_000 }, (_, i) =>
      dense(`d${i}`, 3, i === 0 ? { batch_input_shape: [null, 3] } : {}),
    );
    const { models, errors } = read(sequential(layers));
    expect(errors).toEqual([]);
    expect(models[0]!.layers).toHaveLength(10_001);
  });

  it('takes names of object members as any others', () => {
    const text = sequential([dense('__proto__', 2, { batch_input_shape: [null, 4], constructor: 1 })]).replace(
      '"units"',
      '"__proto__":{"units":7,"polluted":true},"toString":3,"units"',
    );
    const { models, errors } = read(text);
    expect(errors).toEqual([]);
    expect(models[0]!.layers[1]).toMatchObject({ name: '__proto__', outputShapes: [[2]] });
    expect({}).not.toHaveProperty('polluted');
  });

  it('survives sizes beyond all bounds', () => {
    const { models } = read(
      sequential([
        dense('d', 2 ** 40, { batch_input_shape: [null, 2 ** 40, 2 ** 40] }),
        { class_name: 'Flatten', config: {} },
      ]),
    );
    expect(models[0]!.layers.map(layer => layer.outputShapes)).toEqual([
      [[2 ** 40, 2 ** 40]],
      [[2 ** 40, 2 ** 40]],
      [[null]],
    ]);
  });

  it('stops when it is cancelled', () => {
    const read = () =>
      readTfjsJson({ path: 'model.json', text: fixture('sequential.json') }, { isCancellationRequested: true });
    expect(read).toThrow(Cancelled);
  });

  it('never throws on damaged files, and points into them', () => {
    const texts = ['sequential.json', 'shared-and-nested.json', 'keras2-converted.json', 'keras3-converted.json'].map(
      fixture,
    );
    fc.assert(
      fc.property(damaged(texts, jsonPieces), text => {
        const { models, errors } = read(text);
        const layers = models.flatMap(model => model.layers);
        // What is left of a file may be no model any more.
        if (text.startsWith('{') && text.includes('"modelTopology"'))
          expect(models.length + errors.length).toBeGreaterThan(0);
        for (const range of [...errors, ...models, ...layers, ...models.flatMap(model => model.gaps)].map(
          x => x.range,
        )) {
          expect(range && range.start >= 0 && range.start <= range.end && range.end <= text.length).toBe(true);
        }
        for (const layer of layers) for (const edge of layer.inputs) expect(edge.layer).toBeLessThan(layer.id);
      }),
      { numRuns: 300 },
    );
  });
});
