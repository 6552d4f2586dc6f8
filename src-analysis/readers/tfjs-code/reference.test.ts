import { readdirSync, readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { neverCancelled } from '../reader.ts';
import { readTfjsCode } from './read.ts';
import { modelCases } from './test-models.ts';

/** Output shapes of every application of a layer, inputs apart, in no particular order. */
type Shapes = readonly string[];

/** What the reader makes of the same code. */
function readShapes(text: string, path = 'model.ts'): Shapes[] {
  return readTfjsCode({ path, text }, neverCancelled).models.map(model =>
    model.layers
      .filter(layer => layer.op.kind !== 'input')
      .map(layer => JSON.stringify(layer.outputShapes))
      .sort(),
  );
}

/**
 * Runs code of these tests' own as a module; functions and classes that it exports are called without arguments, and `build` of the latter.
 */
async function builtByTensorflow(text: string): Promise<Shapes[]> {
  const models: tf.LayersModel[] = [];
  const recorded = recordingNamespace(models);
  const { outputText } = ts.transpileModule(text, {
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022, esModuleInterop: true },
  });
  const exports: Record<string, unknown> = {};
  const module = { exports };
  const require = (): unknown => recorded;
  new Function('tf', 'require', 'module', 'exports', `{ ${outputText} }`)(recorded, require, module, exports);
  for (const member of Object.values(module.exports)) await callExport(member);
  return models.map(shapesOf);
}

async function callExport(member: unknown): Promise<void> {
  if (typeof member !== 'function') return;
  if (/^class\b/.test(String(member))) Reflect.construct(member, []).build();
  // Training without data fails after the model is built.
  else await Promise.resolve(member()).catch(() => undefined);
}

/** TensorFlow.js with its ways to make models noting them down. */
function recordingNamespace(models: tf.LayersModel[]): object {
  const note = <T extends tf.LayersModel>(model: T): T => {
    models.push(model);
    return model;
  };
  const recording = <C extends new (...args: never[]) => tf.LayersModel>(made: C): C =>
    new Proxy(made, { construct: (target, args) => note(Reflect.construct(target, args)) });
  const namespace = {
    ...tf,
    sequential: (config?: tf.SequentialArgs) => note(tf.sequential(config)),
    model: (config: Parameters<typeof tf.model>[0]) => note(tf.model(config)),
    Sequential: recording(tf.Sequential),
    LayersModel: recording(tf.LayersModel),
  };
  return { ...namespace, default: namespace, __esModule: true };
}

interface Node {
  readonly outboundLayer: unknown;
  readonly outputShapes: tf.Shape | tf.Shape[];
}

function shapesOf(model: tf.LayersModel): Shapes {
  return nodesOf(model)
    .map(node => {
      const shapes = Array.isArray(node.outputShapes[0])
        ? (node.outputShapes as tf.Shape[])
        : [node.outputShapes as tf.Shape];
      return JSON.stringify(shapes.map(shape => shape.slice(1)));
    })
    .sort();
}

/** Every application in a model; those of models inside it in its place. */
function nodesOf(model: tf.LayersModel): Node[] {
  if (model instanceof tf.Sequential) {
    model.build();
    return nodesOf((model as unknown as { model: tf.LayersModel }).model);
  }
  const byDepth: Record<string, Node[]> = Reflect.get(model, 'nodesByDepth');
  return Object.values(byDepth)
    .flat()
    .flatMap(node => {
      if (node.outboundLayer instanceof tf.LayersModel) return nodesOf(node.outboundLayer);
      const className = (node.outboundLayer as tf.layers.Layer).getClassName();
      return className === 'InputLayer' ? [] : [node];
    });
}

describe('TensorFlow.js itself agrees', () => {
  const valid = modelCases.filter(({ expected }) => !expected.includes('error:'));
  it.each(valid)('$what', async ({ code }) => {
    const built = await builtByTensorflow(code);
    // Models used as layers of others are not reported on their own.
    const read = readShapes(code);
    expect(read).not.toEqual([]);
    for (const shapes of read) expect(built).toContainEqual(shapes);
  });

  const folder = 'test/fixtures/tfjs-code/paper';
  it.each(readdirSync(folder))('%s', async name => {
    const text = readFileSync(`${folder}/${name}`, 'utf8');
    expect(await builtByTensorflow(text)).toEqual(readShapes(text, name));
  });
});
